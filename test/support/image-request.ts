import type { ImageRequest } from '../../src/core/still/image-request.ts';

/** A picture as the network alone enlarges it, quickly written; with what a test wants different. */
export function imageRequest(input: string, output: string, changes: Partial<ImageRequest> = {}): ImageRequest {
  return {
    ...{ input, output: { kind: 'file', path: output }, target: { kind: 'native' }, format: null, crop: null },
    ...{ pre: null, fill: 'fit', overwrite: false, quality: null, lossless: false, effort: 'fast', strip: false },
    ...{ flatten: null, alpha: 'network', gray: 'auto', maxInputMegapixels: 1, preset: null, keepTimes: false },
    onDecodeError: 'fail',
    ...changes,
  };
}

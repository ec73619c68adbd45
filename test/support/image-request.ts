import type { ImageRequest } from '../../src/core/still/image-request.ts';
import { pictureSettingsSchema } from '../../src/core/still/picture-settings.ts';

/** A picture as the network alone enlarges it, quickly written; with what a test wants different. */
export function imageRequest(input: string, output: string, changes: Partial<ImageRequest> = {}): ImageRequest {
  return {
    ...pictureSettingsSchema.parse({ effort: 'fast', maxInputMegapixels: 1 }),
    ...{ input, output: { kind: 'file', path: output }, target: { kind: 'native' } },
    ...changes,
  };
}

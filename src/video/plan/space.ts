import type { EncoderName } from '../settings.ts';
import type { VideoPlan } from './video-plan.ts';

/** Bytes that a job will write, by estimate: its segments, and the result with what is copied from the source. */
export interface SpaceEstimate {
  readonly segmentBytes: number;
  readonly resultBytes: number;
}

/**
 * Meant to be on the low side: who is refused would not have finished; who runs full goes on when there is room.
 * @param frames how many are still to be made.
 */
export function estimateSpace(plan: VideoPlan, quality: number, frames: number): SpaceEstimate {
  const { encoder, encodedSize, scan, source } = plan;
  const bytesPerFrame =
    (encodedSize.width * encodedSize.height * bitsPerPixel(encoder.name, encoder.pixelFormat, quality)) / 8;
  return {
    segmentBytes: frames * bytesPerFrame,
    resultBytes: plan.frames.count * bytesPerFrame + Math.max(0, source.fileBytes - scan.bytes),
  };
}

/** Of smooth upscaled film; noise needs several times as much. */
function bitsPerPixel(encoder: EncoderName, pixelFormat: string, quality: number): number {
  const samples = pixelFormat.includes('444') ? 3 : pixelFormat.includes('422') ? 2 : 1.5;
  switch (encoder) {
    case 'ffv1':
      return samples * (pixelFormat.includes('10') ? 3 : 2);
    case 'png':
    case 'tiff':
      return /48|64/.test(pixelFormat) ? 24 : 8;
    case 'prores_ks':
      return 0.7 + (quality / 100) * 2;
    default:
      return 0.01 * 4 ** (quality / 40);
  }
}

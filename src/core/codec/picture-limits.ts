import { UpreelError } from '../errors.ts';
import type { Size } from '../pixels/geometry.ts';

export interface PictureLimits {
  /** Megapixels (1,000,000 pixels) that one page may have. */
  readonly maxInputMegapixels: number;
  /** Damage is refused, or what can be decoded is taken. Default: fail. */
  readonly onDecodeError?: 'fail' | 'conceal';
}

export const DEFAULT_PICTURE_LIMITS: PictureLimits = { maxInputMegapixels: 1000 };

/** @throws UpreelError `input-too-large`, `input-damaged` for a page without pixels. */
export function checkSize(path: string, size: Size, limits: PictureLimits): void {
  const { width, height } = size;
  if (width < 1 || height < 1) {
    throw new UpreelError('input-damaged', `${path} says that it is ${width}x${height} pixels.`, {
      hint: 'Get the file again from where it came from.',
    });
  }
  if (width * height <= limits.maxInputMegapixels * 1e6) return;
  const megapixels = (width * height) / 1e6;
  throw new UpreelError(
    'input-too-large',
    `${path} is ${width}x${height} (${megapixels.toFixed(megapixels < 10 ? 1 : 0)} megapixels), more than the ${limits.maxInputMegapixels} allowed.`,
    { hint: 'If you trust the file, raise the limit with --max-input-megapixels.' },
  );
}

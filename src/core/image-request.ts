import type { Effort } from './codec/index.ts';
import type { OutputRule, Target } from './output-name.ts';

/** One still picture (or animation, or sheaf of pages) to upscale. */
export interface ImageRequest {
  readonly input: string;
  readonly output: OutputRule;
  readonly target: Target;
  readonly overwrite: boolean;
  /** 0..100; null: the format's default. */
  readonly quality: number | null;
  readonly effort: Effort;
  /** Leave out EXIF, XMP, IPTC and density. */
  readonly strip: boolean;
  /** Colour (#rrggbb) behind a transparent picture, for formats without alpha; null keeps the alpha. */
  readonly flatten: string | null;
  readonly maxInputMegapixels: number;
}

import type { Effort, FormatChoice } from '../codec/index.ts';
import type { OutputRule, Target } from '../files/output-name.ts';
import type { Fill } from '../pixels/fill.ts';
import type { Rect } from '../pixels/geometry.ts';
import type { GrayMode } from '../pixels/gray.ts';

export type AlphaMethod = 'network' | 'lanczos';

/** One still picture (or animation, or sheaf of pages) to upscale. */
export interface ImageRequest {
  readonly input: string;
  readonly output: OutputRule;
  /** Where the name of `output` follows from the input's; null: what holds all of it without loss. */
  readonly format: FormatChoice | null;
  /** In source pixels, upright; null: the whole. */
  readonly crop: Rect | null;
  /** ffmpeg's filters before the network, as `problemOfFilters` has found them right; null: none. */
  readonly pre: string | null;
  readonly target: Target;
  /** How the box of `target` is filled by another shape. */
  readonly fill: Fill;
  readonly overwrite: boolean;
  /** 0..100; null: the format's default. */
  readonly quality: number | null;
  /** Where a format has both. */
  readonly lossless: boolean;
  readonly effort: Effort;
  /** Leave out EXIF, XMP, IPTC and density, and how the result was made. */
  readonly strip: boolean;
  /** The result gets the source's time of change. */
  readonly keepTimes: boolean;
  /** The preset that these settings are from, for the result's metadata; null: none. */
  readonly preset: string | null;
  /** Colour (#rrggbb) behind a transparent picture, for formats without alpha; null keeps the alpha. */
  readonly flatten: string | null;
  /** What enlarges the alpha of a transparent picture. */
  readonly alpha: AlphaMethod;
  /** Whether a picture in RGB is taken for gray and comes out so. */
  readonly gray: GrayMode;
  readonly maxInputMegapixels: number;
  /** A damaged picture is refused, or what can be decoded of it is taken. */
  readonly onDecodeError: 'fail' | 'conceal';
}

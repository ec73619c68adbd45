import type { Rect, Size } from '../../core/pixels/geometry.ts';
import type { Rational } from '../rational.ts';
import type { FieldPlan } from '../source/field-plan.ts';
import type { StreamWarning } from '../source/streams.ts';
import type { TrimPlan } from '../source/trim.ts';

/** What happens to the source's pictures before the network, decided from settings and samples. Plain data. */
export interface PicturePlan {
  readonly fields: FieldPlan;
  /** null: all. */
  readonly trim: TrimPlan | null;
  /** Between decoder and RGB, in order, each with all its options. */
  readonly filters: readonly string[];
  /** ffmpeg shall not turn the picture by itself, because that must come after the fields. */
  readonly turnsByFilter: boolean;
  /** In source pixels after rotation; null: the whole. */
  readonly crop: Rect | null;
  /** Size of the frames that the network gets. */
  readonly size: Size;
  /** Levels beyond black and white go through the network too (colour.ts). */
  readonly headroom: boolean;
  /** Whether transparency goes along; then a frame is colour above and alpha, as gray, below. */
  readonly alpha: boolean;
  /** The network gets luma alone, and the result has no colour. */
  readonly gray: boolean;
  /** Where it is not the source's. */
  readonly frameRate: Rational | null;
  /** Unit of the frames' times. */
  readonly timeBase: Rational;
  /** Whether the frames are the source's own, one for one, but for those that `trim` leaves out. */
  readonly keepsFrames: boolean;
  /** Frames that filters need before a frame, to give the same as in one run from the beginning; null: all. */
  readonly framesBefore: number | null;
  readonly warnings: readonly StreamWarning[];
}

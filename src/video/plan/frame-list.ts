import type { Rational } from '../rational.ts';

/** The frames that the result must have: known before the first is upscaled, and verified at the end. */
export interface FrameList {
  /** Frames; packets that are never shown may be among them where `isExact` is false. */
  readonly count: number;
  /** Times in ticks of `timeBase` on the source's clock, ascending; shorter than `count` where packets have none. */
  readonly ptsTicks: Float64Array;
  readonly timeBase: Rational;
  /** Of the frame shown last; 0 if unknown. */
  readonly lastDurationTicks: number;
  /** Whether the decoder must give exactly these frames. */
  readonly isExact: boolean;
}

import type { SegmentRange } from '../../store/index.ts';

/** A part of the film that is decoded, upscaled, encoded and committed on its own. */
export type Segment = SegmentRange;

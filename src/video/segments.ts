import type { VideoPlan } from './plan.ts';

/** A part of the film that is decoded, upscaled, encoded and committed on its own. */
export interface Segment {
  readonly index: number;
  /** Half-open range of frames as shown. */
  readonly startFrame: number;
  readonly endFrame: number;
}

/** Cuts the film into segments. One for now. */
export function planSegments(plan: VideoPlan): readonly Segment[] {
  return [{ index: 0, startFrame: 0, endFrame: plan.frames.count }];
}

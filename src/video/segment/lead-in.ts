import type { VideoPlan } from '../plan/video-plan.ts';
import { lastAtOrBefore } from './seek.ts';
import type { Segment } from './segment.ts';

/**
 * Frames that a steadied segment makes before its own, so that it begins as the one before it ends: as many as the mean
 * of `stillness.ts` can hold. A segment depends on the source alone, whoever makes it and whatever was made before.
 */
export const LEAD_IN_FRAMES = 8;

/** A segment with the frames before it that have to be made as well, and are not of it. */
export interface LeadIn {
  readonly segment: Segment;
  /** @param index among the frames of that segment, from 0 */
  isBefore(ptsTicks: number, index: number): boolean;
}

export function planLeadIn(plan: Pick<VideoPlan, 'steady' | 'frames' | 'picture'>, segment: Segment): LeadIn {
  const { startFrame, startTicks } = segment;
  if (plan.steady === 0 || startFrame === 0) return { segment, isBefore: () => false };
  if (startTicks === null) {
    const frames = Math.min(LEAD_IN_FRAMES, startFrame);
    return { segment: { ...segment, startFrame: startFrame - frames }, isBefore: (_, index) => index < frames };
  }
  const times = plan.frames.ptsTicks;
  const own = lastAtOrBefore(times, startTicks - 1) + 1;
  // Frames that share a time cannot be told apart by it.
  const first = lastAtOrBefore(times, (times[Math.max(0, own - LEAD_IN_FRAMES)] ?? startTicks) - 1) + 1;
  const isStart = first === 0 && plan.picture.trim === null;
  const before = {
    ...segment,
    startFrame: startFrame - (own - first),
    startTicks: isStart ? null : (times[first] ?? startTicks),
  };
  return {
    segment: isStart ? { ...before, startFrame: 0 } : before,
    isBefore: (ptsTicks) => ptsTicks < startTicks,
  };
}

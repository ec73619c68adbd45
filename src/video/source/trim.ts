import type { Rational } from '../rational.ts';
import type { VideoSettings } from '../settings.ts';

/**
 * A part of the film, half-open. One rule says what it holds: the frames whose time, rounded to the microsecond as
 * ffprobe prints it, is not before the start and before the end. So a time that was copied from ffprobe means its
 * frame.
 */
export interface TrimPlan {
  /** On the source's own clock; the end may be infinite. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** The same limits in ticks of the video's time base: a frame belongs to it if startTicks <= pts < endTicks. */
  readonly startTicks: number;
  readonly endTicks: number;
}

/**
 * @param originSeconds what the user's clock counts from, on the source's clock: 0, or a stream's start.
 * @param timeBase of the source's video.
 */
export function planTrim(trim: VideoSettings['trim'], originSeconds: number, timeBase: Rational): TrimPlan | null {
  if (trim === null) return null;
  const originTicks = Math.round((originSeconds * timeBase.den) / timeBase.num);
  const limit = (seconds: number) => originTicks + firstTick(seconds, timeBase);
  const { endSeconds } = trim;
  return {
    startSeconds: trim.startSeconds + originSeconds,
    endSeconds: endSeconds === null ? Number.POSITIVE_INFINITY : endSeconds + originSeconds,
    startTicks: limit(trim.startSeconds),
    endTicks: endSeconds === null ? Number.POSITIVE_INFINITY : limit(endSeconds),
  };
}

export function isInside({ startTicks, endTicks }: TrimPlan, ticks: number): boolean {
  return ticks >= startTicks && ticks < endTicks;
}

/** ffmpeg's filter, told in ticks: it would round seconds to a tick of its own choice. */
export function trimFilter({ startTicks, endTicks }: TrimPlan): string {
  return `trim=start_pts=${startTicks}${endTicks === Number.POSITIVE_INFINITY ? '' : `:end_pts=${endTicks}`}`;
}

/**
 * The first tick whose time, rounded to microseconds, is not before `seconds`: the smallest t with
 * t * num / den + 0.5 us >= seconds. Whole numbers throughout, because a limit often lies on a tick.
 */
function firstTick(seconds: number, { num, den }: Rational): number {
  const halfMicros = 2n * BigInt(Math.round(seconds * 1e6)) - 1n;
  const [above, below] = [halfMicros * BigInt(den), 2_000_000n * BigInt(num)];
  const floor = above / below - (above % below < 0n ? 1n : 0n);
  return Number(floor * below === above ? floor : floor + 1n);
}

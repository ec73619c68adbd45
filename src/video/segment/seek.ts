import type { VideoPlan } from '../plan/video-plan.ts';
import { toSeconds } from '../rational.ts';
import { FORMATS_WITHOUT_ORIGIN } from '../source/containers.ts';
import type { Segment } from './segment.ts';

/**
 * Codecs whose keyframes are what they say: decoding from one gives the same pictures from its time on as decoding from
 * the film's start. (A GIF's pictures are drawn over those before them, and marked as keyframes all the same.)
 */
const SEEKABLE_CODECS: readonly string[] = [
  ...['h264', 'hevc', 'mpeg1video', 'mpeg2video', 'mpeg4', 'vp8', 'vp9', 'av1', 'flv1'],
  ...['prores', 'dnxhd', 'mjpeg', 'ffv1', 'huffyuv', 'ffvhuff', 'utvideo', 'rawvideo', 'dvvideo'],
  ...['png', 'tiff', 'dpx', 'exr'],
];

export function canSeek({ source, scan, picture }: VideoPlan): boolean {
  // Filters that remember all that they saw must see all.
  if (picture.framesBefore === null) return false;
  return scan.keyTicks.length > 1 && SEEKABLE_CODECS.includes(source.video.codec);
}

/**
 * Where to begin decoding for a segment: seconds of the source's clock to try in turn, null for the film's start. What
 * comes before the segment is dropped by its time, and an attempt that begins too late is seen by it, so that only the
 * last, which cannot fail so, must be right.
 */
export function planSeeks(plan: VideoPlan, { startTicks }: Segment): readonly (number | null)[] {
  const { keyTicks } = plan.scan;
  const { video } = plan.source;
  const before = ((plan.picture.framesBefore ?? 0) * video.frameRate.den) / video.frameRate.num;
  const from = toSeconds(startTicks ?? 0, plan.frames.timeBase) - before;
  const ticks = (from * video.timeBase.den) / video.timeBase.num;
  // Half a tick for the arithmetic.
  const at = startTicks === null || !canSeek(plan) ? -1 : lastAtOrBefore(keyTicks, ticks + 0.5);
  const key = keyTicks[at];
  if (at <= 0 || key === undefined) return [null];
  const { timeBase } = video;
  const seconds = toSeconds(key, timeBase);
  const next = toSeconds(keyTicks[at + 1] ?? Number.POSITIVE_INFINITY, timeBase);
  const earliest = toSeconds(keyTicks[0] ?? 0, timeBase);
  const hasIndex = !plan.source.formatName.split(',').some((name) => FORMATS_WITHOUT_ORIGIN.includes(name));
  // With an index, ffmpeg goes to the keyframe at or before the time, less 3/23 s if there are B-frames. Without one it
  // goes to some packet before the time, and the decoder waits for the next keyframe.
  const aim = hasIndex ? Math.min(seconds + 0.15, (seconds + next) / 2) : seconds - 1;
  const attempts = [aim, aim - 3].filter((attempt) => attempt > earliest);
  return [...attempts, null];
}

/** Index of the last value at or before `value` in an ascending list; -1 if there is none. */
export function lastAtOrBefore(values: ArrayLike<number>, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

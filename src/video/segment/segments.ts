import type { VideoPlan } from '../plan/video-plan.ts';
import { canSeek, lastAtOrBefore } from './seek.ts';
import type { Segment } from './segment.ts';

export interface SegmentLimits {
  readonly seconds: number;
  readonly frames: number;
}

/**
 * Cuts the film into segments of at most about `limits`. A cut is before a keyframe if there is one near, so that
 * nothing is decoded twice; else before any frame, and the decoder begins at the keyframe before it. Where the times of
 * frames are not known (elementary streams, AVI with B-frames), frames are counted from the film's start instead.
 * Pure: the same film and limits give the same segments on every machine.
 */
export function planSegments(plan: VideoPlan, limits: SegmentLimits): readonly Segment[] {
  const film = describeFilm(plan);
  for (let factor = 1; ; factor *= 2) {
    const cuts = film.hasTimes ? cutByTime(film, limits, factor) : cutByCount(film, limits, factor);
    const decodedTwice = cuts.reduce((sum, cut) => sum + cut - film.decodeStart(cut), 0);
    if (decodedTwice <= MAX_DECODED_TWICE * film.frames) return toSegments(film, cuts);
  }
}

/** Decoding is a hundred times quicker than upscaling: up to this many times the film may be decoded for nothing. */
const MAX_DECODED_TWICE = 8;

interface Film {
  readonly frames: number;
  readonly hasTimes: boolean;
  /** Times of the frames, ascending. */
  readonly times: Float64Array;
  /** Frames before which a cut costs nothing, ascending. */
  readonly keyFrames: readonly number[];
  readonly ticksPerSecond: number;
  readonly framesPerSecond: number;
  /** Whether it begins within the source: then decoding need not begin at the source's start. */
  readonly isPart: boolean;
  /** The frame at which decoding begins for a segment that starts with this one. */
  decodeStart(frame: number): number;
}

function describeFilm(plan: VideoPlan): Film {
  const { scan, source, frames } = plan;
  const { timeBase } = frames;
  const { frameRate } = source.video;
  const times = frames.ptsTicks;
  const unit = (source.video.timeBase.num * timeBase.den) / (source.video.timeBase.den * timeBase.num);
  const keys = canSeek(plan) ? [...scan.keyTicks] : [];
  const keyFrames = keys.map((ticks) => firstAtOrAfter(times, Math.round(ticks * unit)));
  return {
    frames: frames.count,
    // Some streams give the times of all frames but a few: those lie between two that are known.
    hasTimes: frames.isExact || (scan.keyTicks.length > 0 && times.length > 0.9 * frames.count),
    times,
    keyFrames,
    ticksPerSecond: timeBase.den / timeBase.num,
    framesPerSecond: frameRate.num / frameRate.den,
    isPart: plan.picture.trim !== null,
    decodeStart: (frame) => keyFrames[lastAtOrBefore(keyFrames, frame)] ?? 0,
  };
}

/** Indices of the first frame of each segment but the first. */
function cutByTime(film: Film, { seconds, frames }: SegmentLimits, factor: number): number[] {
  const { times, keyFrames, ticksPerSecond } = film;
  const cuts: number[] = [];
  const end = times.length;
  for (let start = 0; ; ) {
    const atTime = (length: number) =>
      firstAtOrAfter(times, (times[start] ?? 0) + length * seconds * factor * ticksPerSecond);
    const within = (length: number) => Math.min(atTime(length), start + Math.ceil(frames * factor * length));
    // A rest that is less than half a segment belongs to the last one.
    if (within(1.5) >= end) return cuts;
    const ideal = within(1);
    const before = lastAtOrBefore(keyFrames, ideal);
    const near = [keyFrames[before], keyFrames[before + 1]].filter(
      (frame) => frame !== undefined && frame > start && frame >= within(0.5) && frame <= within(1.5),
    );
    const best = near.sort((a = 0, b = 0) => Math.abs(a - ideal) - Math.abs(b - ideal))[0];
    start = nextDistinct(times, Math.max(start + 1, best ?? ideal));
    if (start >= end) return cuts;
    cuts.push(start);
  }
}

function cutByCount(film: Film, { seconds, frames }: SegmentLimits, factor: number): number[] {
  const length = Math.max(1, Math.min(Math.round(seconds * factor * film.framesPerSecond), Math.ceil(frames * factor)));
  const count = Math.max(1, Math.round(film.frames / length));
  return Array.from({ length: count - 1 }, (_, index) => (index + 1) * length);
}

function toSegments({ frames, hasTimes, times, isPart }: Film, cuts: readonly number[]): Segment[] {
  const tickOf = (cut: number | undefined) => (cut === undefined || !hasTimes ? null : (times[cut] ?? null));
  return [0, ...cuts].map((startFrame, index) => ({
    index,
    startFrame,
    endFrame: cuts[index] ?? frames,
    startTicks: index === 0 && !isPart ? null : tickOf(startFrame),
    endTicks: tickOf(cuts[index]),
  }));
}

/** Frames that share a time are not parted: their times could not tell them apart. */
function nextDistinct(times: Float64Array, frame: number): number {
  let next = frame;
  while (next < times.length && times[next] === times[next - 1]) next++;
  return next;
}

function firstAtOrAfter(times: Float64Array, ticks: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < ticks) low = middle + 1;
    else high = middle;
  }
  return low;
}

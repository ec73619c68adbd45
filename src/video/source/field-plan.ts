import type { VideoSettings } from '../settings.ts';
import type { FieldOrder, VideoStream } from './video-info.ts';

/** What was measured of a source's fields on samples of it; counts are of frames. */
export interface FieldMeasure {
  /** What idet says of each frame; frames without motion are in none. */
  readonly combed: number;
  readonly smooth: number;
  /** Comparison of the fields' motion under both orders; null where it was not needed. */
  readonly motion: FieldMotion | null;
  /** Share of runs of five frames in which matching the fields gives one frame twice; null if not tried. */
  readonly repeatedShare: number | null;
}

/**
 * Both fields of a progressive frame show one moment, so the step from the second field to the next frame's first is
 * as large in either order. In an interlaced frame the step is one field's time in the true order and three in the
 * other.
 */
export interface FieldMotion {
  /** Moving frames whose steps say top field first, bottom field first, and that both fields show one moment. */
  readonly tff: number;
  readonly bff: number;
  readonly neither: number;
  /** Step inside frames by step between frames, in the order that the votes say: about 1 for interlaced video. */
  readonly insideShare: number;
}

export type FieldPlan =
  | { readonly kind: 'frames' }
  | { readonly kind: 'deinterlace'; readonly order: FieldOrder | null; readonly output: 'frames' | 'fields' }
  | { readonly kind: 'film'; readonly order: FieldOrder | null };

export interface FieldDecision {
  readonly plan: FieldPlan;
  /** What was found, for the user; null where there is nothing to say. */
  readonly finding: string | null;
}

/**
 * Decides what is done about fields. The marks of a stream are often wrong and idet takes fine patterns for combing, so
 * neither alone decides: marked video counts as interlaced unless it moves as progressive video does, unmarked video
 * only if it combs and moves as interlaced video does.
 */
export function planFields(
  video: Pick<VideoStream, 'fieldOrder' | 'frameRate'>,
  settings: Pick<VideoSettings, 'deinterlace' | 'ivtc'>,
  measure: FieldMeasure | null,
): FieldDecision {
  const order = orderOf(video.fieldOrder, measure);
  if (settings.ivtc === 'on') return { plan: { kind: 'film', order }, finding: null };
  if (settings.deinterlace === 'on' || settings.deinterlace === 'bob') {
    return { plan: { kind: 'deinterlace', order, output: outputOf(settings.deinterlace) }, finding: null };
  }
  if (measure === null || !looksInterlaced(video.fieldOrder, measure)) {
    const isMarked = video.fieldOrder !== null && measure !== null;
    const finding = isMarked
      ? 'The video is marked as interlaced, but its fields move as one: taken for progressive.'
      : null;
    return { plan: { kind: 'frames' }, finding };
  }
  const found = video.fieldOrder === null ? ', although it is not marked as such' : '';
  // Who wants the fields left alone wants no frames dropped either.
  if (settings.ivtc === 'auto' && settings.deinterlace === 'auto' && isFilm(measure)) {
    const finding = 'The video is telecined film: its fields are put together again to 24 frames a second.';
    return { plan: { kind: 'film', order }, finding: `${finding} --ivtc off keeps all frames.` };
  }
  if (settings.deinterlace === 'off') {
    const finding = `The video is interlaced${found}: its fields are upscaled together, combing included.`;
    return { plan: { kind: 'frames' }, finding };
  }
  const finding = `The video is interlaced${found}: it is deinterlaced, a frame for each frame.`;
  return {
    plan: { kind: 'deinterlace', order, output: 'frames' },
    finding: `${finding} --deinterlace bob keeps its full motion, off leaves it as it is.`,
  };
}

/** Whether the costly comparison of motion would say something that is not known yet. */
export function needsMotion(marked: FieldOrder | null, { combed, smooth }: Pick<FieldMeasure, 'combed' | 'smooth'>) {
  return marked !== null || combed > COMBED_SHARE * (combed + smooth);
}

/** Rates at which film is telecined: 29.97 and 30 frames a second. */
export function mayBeFilm({ frameRate }: Pick<VideoStream, 'frameRate'>): boolean {
  return Math.abs(frameRate.num / frameRate.den - 29.98) < 0.05;
}

/** @returns whether fields are apart in time in a good part of the frames. */
export function movesInterlaced(motion: FieldMotion | null): motion is FieldMotion {
  if (motion === null) return false;
  const { tff, bff, neither, insideShare } = motion;
  const [more, fewer] = tff > bff ? [tff, bff] : [bff, tff];
  const moving = tff + bff + neither;
  return moving >= MIN_MOVING && more >= MOTION_SHARE * moving && more >= 4 * fewer && insideShare >= INSIDE_SHARE;
}

function looksInterlaced(marked: FieldOrder | null, measure: FieldMeasure): boolean {
  const { combed, smooth, motion } = measure;
  if (motion === null) return false;
  const { tff, bff, neither } = motion;
  if (marked !== null) return tff + bff + neither < MIN_MOVING || movesInterlaced(motion);
  // Fine patterns that jump look interlaced in some frames, which only film does of real video.
  const isThroughout = neither <= 0.25 * Math.max(tff, bff) || isFilm(measure);
  return movesInterlaced(motion) && combed > COMBED_SHARE * (combed + smooth) && isThroughout;
}

function isFilm({ repeatedShare }: FieldMeasure): boolean {
  return (repeatedShare ?? 0) >= FILM_SHARE;
}

/** Real progressive clips: up to 2 % combed but for test patterns; telecined film: 40 %. */
const COMBED_SHARE = 0.1;
/** Progressive clips give no votes at all, interlaced ones 64-100 %, telecined film 40 % (two frames of five). */
const MOTION_SHARE = 0.2;
/** Interlaced clips 0.87-1.3, test patterns that else look so up to 0.75. */
const INSIDE_SHARE = 0.8;
const MIN_MOVING = 8;
/** Telecined film has 80-100 %, other video at most 10 %. */
const FILM_SHARE = 0.6;

function orderOf(marked: FieldOrder | null, measure: FieldMeasure | null): FieldOrder | null {
  const { tff, bff } = measure?.motion ?? { tff: 0, bff: 0 };
  if (Math.max(tff, bff) < MIN_MOVING) return marked;
  return tff > bff ? 'tff' : 'bff';
}

function outputOf(mode: 'on' | 'bob'): 'frames' | 'fields' {
  return mode === 'bob' ? 'fields' : 'frames';
}

import type { JobSnapshot } from '../../job/index.ts';
import { shareDone } from '../state.ts';
import { isAtWork } from './job-state.ts';

/** What can be reckoned from a snapshot; null: not known. */
export interface Figures {
  /** 0 to 1, by output pixels. */
  readonly fraction: number | null;
  readonly framesDone: number;
  /** Of them, those in committed segments: whatever happens, they are not made again. */
  readonly framesKept: number;
  readonly framesTotal: number | null;
  /** Only while it works. */
  readonly framesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** Where it is too unsteady for one number. */
  readonly secondsLeftRange: readonly [number, number] | null;
  /** Of the result; before it is whole, committed segments and what is written of the next. */
  readonly bytes: number;
  /** Of the whole result, if the rest is like what is there. */
  readonly bytesForecast: number | null;
  readonly segmentsDone: number;
}

export function figuresOf(job: JobSnapshot): Figures {
  const { progress, started, segments, state } = job;
  const works = isAtWork(state);
  const done = segments.filter((segment) => segment.state === 'done');
  const framesTotal = progress?.framesTotal ?? started?.framesTotal ?? framesOf(segments);
  const framesKept = done.reduce((sum, { startFrame, endFrame }) => sum + endFrame - startFrame, 0);
  const framesDone = state === 'done' ? (framesTotal ?? framesKept) : (progress?.framesDone ?? framesKept);
  const bytesKept = done.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const bytesWritten = progress?.bytesWritten ?? 0;
  // Segments have heads of their own: together they are more than the result.
  const bytes = state === 'done' && bytesWritten > 0 ? bytesWritten : Math.max(bytesKept, bytesWritten);
  return {
    fraction: fractionOf(job, framesDone, framesTotal),
    framesDone,
    framesKept: Math.min(framesKept, framesDone),
    framesTotal,
    framesPerSecond: works ? (progress?.framesPerSecond ?? null) : null,
    secondsLeft: works ? (progress?.secondsLeft ?? null) : null,
    secondsLeftRange: works ? (progress?.secondsLeftRange ?? null) : null,
    bytes,
    bytesForecast: forecast({ bytesKept, framesKept, bytes, framesDone, framesTotal }),
    segmentsDone: done.length,
  };
}

function framesOf(segments: JobSnapshot['segments']): number | null {
  return segments.at(-1)?.endFrame ?? null;
}

function fractionOf(
  { progress, state, started }: JobSnapshot,
  framesDone: number,
  framesTotal: number | null,
): number | null {
  if (state === 'done') return 1;
  return shareDone(progress, framesDone, framesTotal) ?? (started === null ? 0 : null);
}

/** From whole segments, because encoders hold back frames; before the first one is whole, from what is in its file. */
function forecast(seen: {
  bytesKept: number;
  framesKept: number;
  bytes: number;
  framesDone: number;
  framesTotal: number | null;
}): number | null {
  if (seen.framesTotal === null) return null;
  if (seen.framesKept > 0 && seen.bytesKept > 0) return (seen.bytesKept / seen.framesKept) * seen.framesTotal;
  // A file of a few frames is mostly its head; one of a few bytes has nothing else.
  if (seen.framesDone < 50 || seen.bytes < 65_536) return null;
  return (seen.bytes / seen.framesDone) * seen.framesTotal;
}

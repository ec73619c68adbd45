import { stat } from 'node:fs/promises';
import { asUpreelError, diskFull, UpreelError } from '../../core/errors.ts';
import { ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import type { Pause } from '../../core/pause.ts';
import type { Upscaler } from '../../core/upscaler/upscaler.ts';
import { attemptToken, isFull, type JobDirectory } from '../../store/index.ts';
import { reusedShare } from '../frames/changed-results.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { PreviewTap } from '../preview.ts';
import type { VideoProgress } from '../progress.ts';
import { produceSegment } from './produce-segment.ts';
import type { Segment } from './segment.ts';

/** Where one segment stands. Each `running` is an attempt at it. */
export interface SegmentNews extends Pick<Segment, 'index' | 'startFrame' | 'endFrame'> {
  readonly state: 'planned' | 'running' | 'done';
  /** Share of the work that was taken over from frames before; null until done. */
  readonly reusedShare: number | null;
  /** Of its committed file; null until done. */
  readonly bytes: number | null;
}

export interface SegmentsContext {
  readonly upscaler: Upscaler;
  readonly job: JobDirectory;
  readonly progress: VideoProgress;
  readonly stallSeconds: number;
  /** Before each segment: whether there is room for it. @throws UpreelError `disk-full`. */
  readonly checkSpace: (segment: Segment) => Promise<void>;
  readonly onRetry: (segment: Segment, cause: Error) => void;
  readonly onSegment: (news: SegmentNews) => void;
  readonly pause: Pause;
  readonly preview: PreviewTap;
  /** Aborted: no further segment starts, those in flight are finished. */
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
}

/**
 * Makes and commits every segment that is not committed yet. While one segment's encoder finishes its file, the next
 * one's frames are already decoded and upscaled, so that neither network nor encoder waits at a cut.
 * @throws UpreelError the first cause, when everything in flight has ended; the drain's reason if it stopped short.
 */
export async function runSegments(
  plan: VideoPlan,
  segments: readonly Segment[],
  context: SegmentsContext,
): Promise<void> {
  const { job, drain, signal, checkSpace } = context;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let finishing: Promise<void> = Promise.resolve();
  try {
    for (const segment of segments) {
      if ((await job.segments.find(segment.index)) !== null) continue;
      drain.throwIfAborted();
      await checkSpace(segment).catch(async (error) => {
        throw (await isThere(job.path)) ? error : folderGone(job.path, error);
      });
      let onHandedOver: () => void = () => {};
      const handedOver = new Promise<void>((resolve) => {
        onHandedOver = resolve;
      });
      const work = makeSegment(plan, segment, onHandedOver, { ...context, signal: either });
      const before = finishing;
      finishing = Promise.all([before, work]).then(() => {});
      finishing.catch((error) => stop.abort(error));
      await Promise.race([handedOver, finishing]);
      await before;
    }
    await finishing;
    drain.throwIfAborted();
  } catch (error) {
    if (!drain.aborted || error !== drain.reason) stop.abort(error);
    await finishing.catch((cause) => stop.abort(cause));
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
}

/** A child that was killed may have had bad luck (the system short of memory); one that fails by itself will again. */
const MAX_ATTEMPTS = 3;

async function makeSegment(
  plan: VideoPlan,
  segment: Segment,
  onHandedOver: () => void,
  context: SegmentsContext,
): Promise<void> {
  const { job, progress, onSegment, signal } = context;
  const { index, startFrame, endFrame } = segment;
  for (let attempt = 1; ; attempt++) {
    await context.pause.over(signal);
    onSegment({ index, startFrame, endFrame, state: 'running', reusedShare: null, bytes: null });
    const watch = progress.watchSegment(onHandedOver);
    const token = attemptToken();
    try {
      const part = await job.segments.part(index, token, plan.encoder.segmentContainer.extension);
      const { onChecked } = watch;
      const made = await produceSegment(plan, segment, { ...context, file: part, watch, onChecked });
      const { record } = await watch.clocks.encode.during(() => job.segments.commit(part, token, made));
      const { bytes } = record;
      job.journal.add({ type: 'segment-committed', index, startFrame, endFrame, attempt });
      watch.onCommitted(bytes);
      onSegment({ index, startFrame, endFrame, state: 'done', reusedShare: reusedShare(made.reuse), bytes });
      return;
    } catch (error) {
      watch.takeBack();
      // ffmpeg may end well without room for the end of its file.
      const isFullNow = !signal.aborted && (await isFull(job.path));
      await job.segments.abandon(index, token).catch(() => {});
      if (isFullNow) throw diskFull(error, job.path);
      if (!signal.aborted && !(await isThere(job.path))) throw folderGone(job.path, error);
      const isTransient = error instanceof ProgramError && error.wasKilled;
      if (signal.aborted || !isTransient || attempt === MAX_ATTEMPTS) throw asUpreelError(error);
      context.onRetry(segment, error);
    }
  }
}

async function isThere(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => null)) !== null;
}

function folderGone(folder: string, cause: unknown): UpreelError {
  return new UpreelError('output-unwritable', `The job's folder ${folder} was taken away while it was at work.`, {
    hint: 'Run the same command again to begin anew.',
    cause,
  });
}

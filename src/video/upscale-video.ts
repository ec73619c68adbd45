import { resolve } from 'node:path';
import { asUpreelError, toErrorRecord } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { resultPlace } from '../core/files/sequence-name.ts';
import { Pause } from '../core/pause.ts';
import { type JobDirectory, type JobFile, openJobDirectory, requireSpace, type SegmentRecord } from '../store/index.ts';
import { announce } from './announce.ts';
import { checkOutput } from './check-output.ts';
import { concludeFilm } from './conclude-film.ts';
import { reusedShare } from './frames/changed-results.ts';
import { beginJob } from './job-context.ts';
import { planJob } from './job-plan.ts';
import { estimateSpace } from './plan/space.ts';
import { withExtent } from './plan/survey-damage.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import { PreviewTap } from './preview.ts';
import { runSegments, type SegmentNews } from './segment/run-segments.ts';
import type { Segment } from './segment/segment.ts';
import type { VideoSettings } from './settings.ts';
import { isStream, upscaleStream } from './upscale-stream.ts';
import type { VideoContext, VideoRequest, VideoResult } from './video-request.ts';

/**
 * Upscales a video: the same film, frame for frame, with the source's times, sound, subtitles, chapters, attachments
 * and colours. `-` means standard input or output, in Y4M (upscale-stream.ts). The output appears under its name only
 * when it is complete and verified. Until then it is made in segments in a job's folder: called again after an
 * interruption, a crash or a full disk, it goes on there.
 * @throws UpreelError `usage`, `output-exists`, `input-*`, `ffmpeg-missing`, `ffmpeg-failed`, `disk-full`,
 *   `verification-failed`, `output-unwritable`, `job-running`,
 *   `interrupted`, and what the upscaler throws.
 */
export async function upscaleFilm(request: VideoRequest, context: VideoContext): Promise<VideoResult> {
  try {
    return await (isStream(request) ? upscaleStream(request, context) : run(request, context));
  } catch (error) {
    throw asUpreelError(reasonOf(context) ?? error);
  }
}

async function run(request: VideoRequest, context: VideoContext): Promise<VideoResult> {
  const { upscaler, signal } = context;
  const output = resolve(request.output);
  await checkOutput(request, output);
  const directory = await openJobDirectory(resultPlace(output), request.settings);
  let ending: Parameters<JobDirectory['close']>[0] = 'keep-if-committed';
  try {
    const soon = AbortSignal.any([signal, context.drain]);
    const { plan, kept } = await planJob(directory, request, output, upscaler, soon);
    const job = await beginJob(directory, { plan, kept }, { ...request, device: upscaler.device }, soon);
    const result = await makeFilm(plan, job, directory, request, context);
    ending = 'finished';
    return result;
  } catch (error) {
    directory.journal.add({ type: 'ended', error: toErrorRecord(signal.aborted ? signal.reason : error) });
    // Whoever stopped it means to go on.
    if (signal.aborted || context.drain.aborted) ending = 'keep';
    throw directory.named(error);
  } finally {
    await directory.close(ending);
  }
}

async function makeFilm(
  plan: VideoPlan,
  job: JobFile,
  directory: JobDirectory,
  request: VideoRequest,
  context: VideoContext,
): Promise<VideoResult> {
  const { upscaler, onEvent, signal, drain, onSegments = () => {}, preview = new PreviewTap() } = context;
  const { pause = new Pause() } = context;
  const { settings } = request;
  const { committed } = directory.segments;
  const tell = (event: TaskEvent) => {
    if (event.type !== 'progress') directory.journal.add(event);
    onEvent(event);
  };
  const checkSpace = spaceCheck(plan, directory, settings);
  await checkSpace({ startFrame: 0, endFrame: plan.frames.count });
  const progress = announce(request, plan, [...committed.values()], { upscaler, pause, onEvent: tell });
  if (directory.remark !== null) tell({ type: 'warning', code: 'no-owners', message: directory.remark });
  onSegments(job.segments.map((segment) => newsOf(segment, committed.get(segment.index))));
  await upscaler.warmUp(plan.picture.gray ? { ...plan.format, channels: 1 } : plan.format);

  const { stallSeconds } = settings;
  const onRetry = (segment: Segment, cause: Error) => tell(retried(segment, job.segments.length, cause));
  try {
    const running = {
      upscaler,
      job: directory,
      progress,
      stallSeconds,
      checkSpace,
      onRetry,
      pause,
      preview,
      drain,
      signal,
    };
    const onSegment = (news: SegmentNews) => onSegments([news]);
    await progress.during('upscale', () => runSegments(plan, job.segments, { ...running, onSegment }));
  } catch (error) {
    throw await withExtent(plan, error, AbortSignal.any([signal, drain]));
  }
  const segments = job.segments.flatMap(({ index }) => committed.get(index) ?? []);
  const ending = { directory, device: upscaler.device, progress, pause, tell };
  return concludeFilm(plan, segments, request, { ...ending, signal: AbortSignal.any([signal, drain]) });
}

function reasonOf({ signal, drain }: VideoContext): unknown {
  if (signal.aborted) return signal.reason;
  return drain.aborted ? drain.reason : undefined;
}

/** For all frames that are left at the start, for one segment before it begins. */
function spaceCheck(plan: VideoPlan, directory: JobDirectory, { quality, spaceCheck }: VideoSettings) {
  return async ({ startFrame, endFrame }: Pick<Segment, 'startFrame' | 'endFrame'>): Promise<void> => {
    if (!spaceCheck) return;
    const isWhole = endFrame - startFrame === plan.frames.count;
    const done = [...directory.segments.committed.values()].reduce((sum, segment) => sum + segment.ptsTicks.length, 0);
    const frames = isWhole ? endFrame - done : endFrame - startFrame;
    const { segmentBytes, resultBytes } = estimateSpace(plan, quality, frames);
    const result = isWhole ? [{ folder: directory.outputFolder, bytes: resultBytes }] : [];
    await requireSpace([{ folder: directory.path, bytes: segmentBytes }, ...result]);
  };
}

function newsOf({ index, startFrame, endFrame }: Segment, done: SegmentRecord | undefined): SegmentNews {
  const range = { index, startFrame, endFrame };
  if (done === undefined) return { ...range, state: 'planned', reusedShare: null, bytes: null };
  return { ...range, state: 'done', reusedShare: reusedShare(done.reuse), bytes: done.bytes };
}

function retried({ index }: Segment, total: number, cause: Error): TaskEvent {
  const message = `Segment ${index + 1} of ${total} is made again: ${cause.message}`;
  return { type: 'warning', code: 'segment-retried', message };
}

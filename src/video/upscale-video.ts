import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { Pause } from '../core/pause.ts';
import { publishFile, refuseSameFile } from '../core/publish.ts';
import type { Upscaler } from '../core/upscaler.ts';
import {
  type JobDirectory,
  type JobFile,
  openJobDirectory,
  requireSpace,
  type SegmentRecord,
} from '../job/directory/index.ts';
import { type ReuseCount, reusedShare, sumReuse } from './changed-results.ts';
import { checkComplete } from './completeness.ts';
import { concealing, describeLoss } from './concealment.ts';
import { containerFor } from './containers.ts';
import { checkCarried, joinSegments, rehearseJoin } from './join.ts';
import { planVideo, type VideoPlan } from './plan.ts';
import { preparePicture } from './prepare-picture.ts';
import { PreviewTap } from './preview.ts';
import { probeVideo } from './probe.ts';
import { VideoProgress } from './progress.ts';
import { proveEncoder } from './prove-encoder.ts';
import { checkReport, makeReport, writeReport } from './report.ts';
import { runSegments, type SegmentNews } from './run-segments.ts';
import { scanPackets } from './scan.ts';
import type { Segment } from './segments.ts';
import type { VideoSettings } from './settings.ts';
import { estimateSpace } from './space.ts';
import type { StreamWarning } from './streams.ts';
import { verifyResult } from './verify.ts';
import { beginJob, type JobFacts } from './video-job.ts';

export interface VideoRequest {
  readonly input: string;
  readonly output: string;
  /** Name of the network, for the events. */
  readonly model: string;
  readonly settings: VideoSettings;
  readonly job: JobFacts;
}

export interface VideoContext {
  readonly upscaler: Upscaler;
  readonly onEvent: (event: TaskEvent) => void;
  /** All segments at the start, then each one as it begins and as it is committed. */
  readonly onSegments?: (news: readonly SegmentNews[]) => void;
  /** While it is on, no tile, segment or stage begins. The upscaler should have the same. */
  readonly pause?: Pause;
  /** Where frames can be looked at as they are made. */
  readonly preview?: PreviewTap;
  /** Aborted: the segments in flight are finished, no other is begun. What is done stays for the next run. */
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
}

export interface VideoResult {
  readonly output: string;
  readonly framesTotal: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Largest distance of a frame's time from its source frame's. */
  readonly maxDeviationSeconds: number;
  readonly reuse: ReuseCount;
  readonly warnings: readonly StreamWarning[];
}

/**
 * Upscales a video: the same film, frame for frame, with the source's times, sound, subtitles, chapters, attachments
 * and colours. The output appears under its name only when it is complete and verified. Until then it is made in
 * segments in a job's folder: called again after an interruption, a crash or a full disk, it goes on there.
 * @throws UpreelError `usage`, `output-exists`, `input-*`, `ffmpeg-missing`, `ffmpeg-failed`, `disk-full`,
 *   `verification-failed`, `output-unwritable`, `job-running`,
 *   `interrupted`, and what the upscaler throws.
 */
export async function upscaleVideo(request: VideoRequest, context: VideoContext): Promise<VideoResult> {
  try {
    return await run(request, context);
  } catch (error) {
    throw asUpreelError(reasonOf(context) ?? error);
  }
}

async function run(request: VideoRequest, context: VideoContext): Promise<VideoResult> {
  const { upscaler, signal } = context;
  const output = resolve(request.output);
  await checkOutput(request, output);
  const directory = await openJobDirectory(output, request.settings);
  let ending: Parameters<JobDirectory['close']>[0] = 'keep-if-committed';
  try {
    const soon = AbortSignal.any([signal, context.drain]);
    const plan = await preparePlan(request, output, upscaler, soon);
    const job = await beginJob(directory, plan, { ...request, device: upscaler.device }, soon);
    const result = await makeFilm(plan, job, directory, request, context);
    ending = 'finished';
    return result;
  } catch (error) {
    directory.journal.add({ type: 'ended', error: toErrorRecord(signal.aborted ? signal.reason : error) });
    // Whoever stopped it means to go on.
    if (signal.aborted || context.drain.aborted) ending = 'keep';
    throw error;
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
  const tell = (event: TaskEvent) => {
    if (event.type !== 'progress') directory.journal.add(event);
    onEvent(event);
  };
  const checkSpace = spaceCheck(plan, directory, settings);
  await checkSpace({ startFrame: 0, endFrame: plan.frames.count });
  const progress = announce(request, plan, directory, upscaler, tell, pause);
  onSegments(job.segments.map((segment) => newsOf(segment, directory.committed.get(segment.index))));
  await upscaler.warmUp(plan.format);

  progress.enter('upscale');
  const { stallSeconds } = settings;
  const onRetry = (segment: Segment, cause: Error) => tell(retried(segment, job.segments.length, cause));
  await runSegments(plan, job.segments, {
    ...{ upscaler, job: directory, progress, stallSeconds, checkSpace, onRetry, pause, preview, drain, signal },
    onSegment: (news) => onSegments([news]),
  });
  const segments = job.segments.flatMap(({ index }) => directory.committed.get(index) ?? []);
  const ptsTicks = segments.flatMap((segment) => segment.ptsTicks);
  const lost = plan.concealsErrors ? describeLoss(plan, segments) : [];
  for (const warning of lost) tell({ type: 'warning', ...warning });
  if (!plan.concealsErrors) warnOfHidden(plan, ptsTicks.length, tell);

  const either = AbortSignal.any([signal, drain]);
  await pause.over(either);
  progress.enter('join');
  await joinSegments(plan, segments, directory.path, directory.resultFile, either);

  await pause.over(either);
  progress.enter('verify');
  const verification = await verifyResult(plan, ptsTicks, directory.resultFile, either);
  const { maxDeviationSeconds, warnings } = verification;
  for (const warning of warnings) tell({ type: 'warning', ...warning });
  const { size } = await stat(directory.resultFile);

  progress.enter('publish');
  await publishFile(directory.resultFile, plan.output, { overwrite: settings.overwrite });

  const seconds = progress.elapsedSeconds;
  const framesTotal = ptsTicks.length;
  const allWarnings = [...plan.warnings, ...lost, ...warnings];
  if (settings.report !== null) {
    const made = { model: request.model, device: upscaler.device, frames: framesTotal, bytes: size, verification };
    const report = makeReport(plan, { ...made, stageSeconds: progress.stageSeconds, warnings: allWarnings });
    await writeReport(report, settings.report, settings.overwrite);
  }
  const reuse = reuseOf(segments);
  const share = reusedShare(reuse);
  const reused = share > 0 ? { reusedShare: share } : {};
  tell({ type: 'done', input: request.input, output: plan.output, framesTotal, seconds, bytes: size, ...reused });
  return {
    output: plan.output,
    framesTotal,
    seconds,
    bytes: size,
    maxDeviationSeconds,
    reuse,
    warnings: allWarnings,
  };
}

function reasonOf({ signal, drain }: VideoContext): unknown {
  if (signal.aborted) return signal.reason;
  return drain.aborted ? drain.reason : undefined;
}

/** What can be known of the output before the input is opened. */
async function checkOutput({ input, settings }: VideoRequest, output: string): Promise<void> {
  containerFor(output);
  await refuseSameFile(resolve(input), output);
  if (settings.report !== null) await checkReport(settings.report, [resolve(input), output], settings.overwrite);
  const found = await stat(output).catch(() => undefined);
  if (found === undefined) return;
  if (settings.overwrite && found.isFile()) return;
  throw new UpreelError('output-exists', `${output} exists already.`, {
    hint: 'Choose another name with -o, or add --overwrite.',
  });
}

async function preparePlan(
  { input, settings }: VideoRequest,
  output: string,
  upscaler: Upscaler,
  signal: AbortSignal,
): Promise<VideoPlan> {
  const source = await probeVideo(input, signal);
  const scan = await scanPackets(source.path, source.video.index, signal);
  const conceal = settings.onDecodeError === 'conceal';
  const damage = await concealing(conceal, () => checkComplete(source, scan));
  const picture = await preparePicture(source, scan, { output, settings }, signal);
  const planWith = (encoder: VideoSettings['encoder']) =>
    planVideo(source, scan, { output, settings: { ...settings, encoder } }, upscaler.scale, picture);
  const plan = await proveEncoder(planWith(settings.encoder), planWith, signal);
  const accepted = await rehearseJoin(plan, signal);
  const carriedDamage = await concealing(conceal, () => checkCarried(accepted, signal));
  return { ...accepted, warnings: [...accepted.warnings, ...damage, ...carriedDamage] };
}

/** For all frames that are left at the start, for one segment before it begins. */
function spaceCheck(plan: VideoPlan, directory: JobDirectory, { quality, spaceCheck }: VideoSettings) {
  return async ({ startFrame, endFrame }: Pick<Segment, 'startFrame' | 'endFrame'>): Promise<void> => {
    if (!spaceCheck) return;
    const isWhole = endFrame - startFrame === plan.frames.count;
    const done = [...directory.committed.values()].reduce((sum, segment) => sum + segment.ptsTicks.length, 0);
    const frames = isWhole ? endFrame - done : endFrame - startFrame;
    const { segmentBytes, resultBytes } = estimateSpace(plan, quality, frames);
    const result = isWhole ? [{ folder: dirname(directory.resultFile), bytes: resultBytes }] : [];
    await requireSpace([{ folder: directory.path, bytes: segmentBytes }, ...result]);
  };
}

function newsOf({ index, startFrame, endFrame }: Segment, done: SegmentRecord | undefined): SegmentNews {
  const range = { index, startFrame, endFrame };
  if (done === undefined) return { ...range, state: 'planned', reusedShare: null, bytes: null };
  return { ...range, state: 'done', reusedShare: reusedShare(done.reuse), bytes: done.bytes };
}

function reuseOf(segments: readonly SegmentRecord[]): ReuseCount {
  return sumReuse(segments.map((segment) => segment.reuse));
}

function retried({ index }: Segment, total: number, cause: Error): TaskEvent {
  const message = `Segment ${index + 1} of ${total} is made again: ${cause.message}`;
  return { type: 'warning', code: 'segment-retried', message };
}

function announce(
  { input, model }: VideoRequest,
  plan: VideoPlan,
  directory: JobDirectory,
  upscaler: Upscaler,
  onEvent: (event: TaskEvent) => void,
  pause: Pause,
): VideoProgress {
  const framesTotal = plan.frames.count;
  const kept = [...directory.committed.values()];
  const frames = kept.reduce((sum, segment) => sum + segment.ptsTicks.length, 0);
  const tilesPerFrame = upscaler.countTiles(plan.picture.size);
  onEvent({
    type: 'started',
    kind: 'video',
    input,
    output: plan.output,
    model,
    device: upscaler.device,
    source: plan.picture.size,
    target: plan.encodedSize,
    framesTotal,
    tilesPerFrame,
    framesKept: frames,
  });
  for (const warning of plan.warnings) onEvent({ type: 'warning', ...warning });
  const { width, height } = plan.networkSize;
  const pixels = width * height;
  const work = reuseOf(kept).framesOfWork;
  const done = {
    ...{ frames, tiles: Math.round(work * tilesPerFrame) },
    ...{ outputPixels: Math.round(work * pixels), reusedPixels: Math.round((frames - work) * pixels) },
  };
  const keptBytes = kept.reduce((sum, segment) => sum + segment.bytes, 0);
  const totals = { input, framesTotal, outputPixelsTotal: framesTotal * pixels, done };
  const progress = new VideoProgress(totals, keptBytes, onEvent, pause.activeSeconds);
  progress.enter('prepare');
  return progress;
}

/** The decoder found no fault, so these are frames that are never shown; VP8 has them by design. */
function warnOfHidden({ frames, source }: VideoPlan, decoded: number, onEvent: VideoContext['onEvent']): void {
  const hidden = frames.count - decoded;
  if (hidden <= 0 || source.video.codec === 'vp8') return;
  const message = `${hidden} of ${frames.count} packets of the video gave no picture of their own.`;
  onEvent({ type: 'warning', code: 'frames-hidden', message });
}

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asUpreelError, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { publishFile, refuseSameFile } from '../core/publish.ts';
import type { Upscaler } from '../core/upscaler.ts';
import { type ReuseCount, reusedShare, sumReuse } from './changed-results.ts';
import { checkComplete } from './completeness.ts';
import { concealing, describeLoss } from './concealment.ts';
import { containerFor } from './containers.ts';
import { checkCarried, joinSegments, rehearseJoin } from './join.ts';
import { planVideo, type VideoPlan } from './plan.ts';
import { preparePicture } from './prepare-picture.ts';
import { probeVideo } from './probe.ts';
import { VideoProgress } from './progress.ts';
import { proveEncoder } from './prove-encoder.ts';
import { checkReport, makeReport, writeReport } from './report.ts';
import { runSegment, type SegmentFile } from './run-segment.ts';
import { scanPackets } from './scan.ts';
import { planSegments } from './segments.ts';
import type { VideoSettings } from './settings.ts';
import type { StreamWarning } from './streams.ts';
import { verifyResult } from './verify.ts';
import { openWorkFolder } from './work-folder.ts';

export interface VideoRequest {
  readonly input: string;
  readonly output: string;
  /** Name of the network, for the events. */
  readonly model: string;
  readonly settings: VideoSettings;
}

export interface VideoContext {
  readonly upscaler: Upscaler;
  readonly onEvent: (event: TaskEvent) => void;
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
 * and colours. The output appears under its name only when it is complete and verified.
 * @throws UpreelError `usage`, `output-exists`, `input-*`, `ffmpeg-missing`, `ffmpeg-failed`, `disk-full`,
 *   `verification-failed`, `output-unwritable`, `interrupted`, and what the upscaler throws.
 */
export async function upscaleVideo(request: VideoRequest, context: VideoContext): Promise<VideoResult> {
  try {
    return await run(request, context);
  } catch (error) {
    throw asUpreelError(context.signal.aborted ? context.signal.reason : error);
  }
}

async function run(request: VideoRequest, { upscaler, onEvent, signal }: VideoContext): Promise<VideoResult> {
  const output = resolve(request.output);
  await checkOutput(request, output);
  const plan = await preparePlan(request, output, upscaler, signal);

  const work = await openWorkFolder(output, request.settings.workDir);
  try {
    const progress = announce(request, plan, upscaler, onEvent);
    await upscaler.warmUp(plan.format);

    progress.enter('upscale');
    const finished: SegmentFile[] = [];
    for (const segment of planSegments(plan)) {
      finished.push(await runSegment(plan, segment, { upscaler, workFolder: work.path, watch: progress, signal }));
    }
    const ptsTicks = finished.flatMap((segment) => segment.ptsTicks);
    const lost = plan.concealsErrors ? describeLoss(plan, finished) : [];
    for (const warning of lost) onEvent({ type: 'warning', ...warning });
    if (!plan.concealsErrors) warnOfHidden(plan, ptsTicks.length, onEvent);

    progress.enter('join');
    await joinSegments(plan, finished, work.resultFile, signal);

    progress.enter('verify');
    const verification = await verifyResult(plan, ptsTicks, work.resultFile, signal);
    const { maxDeviationSeconds, warnings } = verification;
    for (const warning of warnings) onEvent({ type: 'warning', ...warning });
    const { size } = await stat(work.resultFile);

    progress.enter('publish');
    await publishFile(work.resultFile, output, { overwrite: request.settings.overwrite });

    const seconds = progress.elapsedSeconds;
    const framesTotal = ptsTicks.length;
    const allWarnings = [...plan.warnings, ...lost, ...warnings];
    const { model, settings } = request;
    if (settings.report !== null) {
      const made = { model, device: upscaler.device, frames: framesTotal, bytes: size, verification };
      const report = makeReport(plan, { ...made, stageSeconds: progress.stageSeconds, warnings: allWarnings });
      await writeReport(report, settings.report, settings.overwrite);
    }
    const reuse = sumReuse(finished.map((segment) => segment.reuse));
    const share = reusedShare(reuse);
    const reused = share > 0 ? { reusedShare: share } : {};
    onEvent({ type: 'done', input: request.input, output, framesTotal, seconds, bytes: size, ...reused });
    return {
      output,
      framesTotal,
      seconds,
      bytes: size,
      maxDeviationSeconds,
      reuse,
      warnings: allWarnings,
    };
  } finally {
    await work.remove();
  }
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

function announce(
  { input, model }: VideoRequest,
  plan: VideoPlan,
  upscaler: Upscaler,
  onEvent: (event: TaskEvent) => void,
): VideoProgress {
  const framesTotal = plan.frames.count;
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
    tilesPerFrame: upscaler.countTiles(plan.picture.size),
  });
  for (const warning of plan.warnings) onEvent({ type: 'warning', ...warning });
  const { width, height } = plan.networkSize;
  const progress = new VideoProgress({ input, framesTotal, outputPixelsTotal: framesTotal * width * height }, onEvent);
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

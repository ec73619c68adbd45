import { resolve } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import { ProgramError } from '../core/ffmpeg/ffmpeg.ts';
import { resultPlace } from '../core/files/sequence-name.ts';
import { Pause } from '../core/pause.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import { attemptToken, type JobDirectory, openJobDirectory } from '../store/index.ts';
import { announce } from './announce.ts';
import { proveEncoder } from './encode/prove-encoder.ts';
import { type EndingContext, endFilm } from './finish/end-film.ts';
import { checkPlace } from './finish/finish.ts';
import { filmProvenance } from './finish/provenance-tags.ts';
import { checkReport, makeReport, writeReport } from './finish/report.ts';
import { expectEqual } from './finish/verification-failure.ts';
import { expectListed, type Verification } from './finish/verify.ts';
import { ByteReader } from './frames/byte-reader.ts';
import { reusedShare } from './frames/changed-results.ts';
import { describeY4m, frameBytes, Y4mReader } from './frames/y4m.ts';
import { findDamage, warnOfDamage } from './plan/concealment.ts';
import type { FrameList } from './plan/frame-list.ts';
import { planPicture } from './plan/plan-picture.ts';
import { planVideo } from './plan/plan-video.ts';
import { settingsFor } from './plan/prepare-picture.ts';
import { preparePlan } from './plan/prepare-plan.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import { PreviewTap } from './preview.ts';
import { type EncodedSegment, runSegment } from './segment/run-segment.ts';
import { verifySegment } from './segment/verify-segment.ts';
import type { VideoSettings } from './settings.ts';
import { STANDARD_STREAM } from './source/containers.ts';
import { bitsPerSampleOf } from './source/describe-stream.ts';
import type { PacketScan } from './source/scan.ts';
import type { StandardStreams, VideoContext, VideoRequest, VideoResult } from './video-request.ts';

export function isStream({ input, output }: Pick<VideoRequest, 'input' | 'output'>): boolean {
  return input === STANDARD_STREAM || output === STANDARD_STREAM;
}

/**
 * Upscales a film that comes from standard input, goes to standard output, or both, in one go: nothing of it can be
 * taken up again. What goes to a file appears complete and verified as always; what has gone through a pipe is gone.
 * @throws UpreelError as `upscaleVideo`; `output-closed` when nobody reads the output any more.
 */
export async function upscaleStream(request: VideoRequest, context: VideoContext): Promise<VideoResult> {
  // Nothing is kept, so that there is nothing to finish first.
  const signal = AbortSignal.any([context.signal, context.drain]);
  const streams = context.streams;
  if (streams === undefined) throw new UpreelError('internal', 'Expected standard streams to be open.');
  const isPiped = request.input === STANDARD_STREAM;
  const output = request.output === STANDARD_STREAM ? STANDARD_STREAM : resolve(request.output);
  const { report, overwrite } = request.settings;
  if (request.settings.keepTimes) {
    throw new UpreelError('usage', '--keep-times needs a file on both sides: what comes through a pipe has no time.', {
      hint: 'Leave it out, or upscale a file.',
    });
  }
  if (output !== STANDARD_STREAM) await checkPlace(output, overwrite);
  if (report !== null) await checkReport(report, [output], overwrite);
  const source = isPiped ? await Y4mReader.open(new ByteReader(streams.input!)) : null;
  const plan =
    source === null
      ? await preparePlan(request, output, context.upscaler, signal)
      : await planStream(source, output, request.settings, context.upscaler, signal);
  return run({ plan, source, request, streams, context: { ...context, signal } });
}

interface Work {
  readonly plan: VideoPlan;
  readonly source: Y4mReader | null;
  readonly request: VideoRequest;
  readonly streams: StandardStreams;
  readonly context: VideoContext;
}

async function run(work: Work): Promise<VideoResult> {
  const { plan, request, context } = work;
  const { upscaler, onEvent, pause = new Pause() } = context;
  const directory = plan.output === STANDARD_STREAM ? null : await openScratch(plan.output, request.settings);
  try {
    const progress = announce(request, plan, [], { upscaler, pause, onEvent });
    await upscaler.warmUp(plan.picture.gray ? { ...plan.format, channels: 1 } : plan.format);
    progress.enter('upscale');
    const watch = progress.watchSegment(() => {});
    const token = attemptToken();
    const { extension } = plan.encoder.segmentContainer;
    const file = directory === null ? STANDARD_STREAM : await directory.segments.part(0, token, extension);
    const made = await runWhole(work, file, watch);
    const { ptsTicks, reuse } = made;
    const damage = plan.concealsErrors ? findDamage(plan, [made]) : null;
    const lost = warnOfDamage(damage);
    for (const warning of lost) onEvent({ type: 'warning', ...warning });
    const { input, model, settings } = request;
    const isTold = directory !== null || settings.report !== null;
    const provenance = isTold ? await filmProvenance(request.making, plan.source) : null;
    const finished =
      directory === null
        ? checkPiped(plan, ptsTicks)
        : await finish(work, { file, token }, made, { directory, progress, provenance });
    const framesTotal = ptsTicks.length;
    if (settings.report !== null) {
      const told = { model, device: upscaler.device, frames: framesTotal, reuse, damage, verification: finished };
      const report = makeReport(plan, {
        ...told,
        provenance,
        stageSeconds: progress.stageSeconds,
        warnings: [...plan.warnings, ...lost],
      });
      await writeReport(report, settings.report, settings.overwrite);
    }
    const share = reusedShare(reuse);
    const { bytes, maxDeviationSeconds } = finished;
    const seconds = progress.elapsedSeconds;
    const reused = share > 0 ? { reusedShare: share } : {};
    onEvent({ type: 'done', input, output: plan.output, framesTotal, seconds, bytes, ...reused });
    return { output: plan.output, framesTotal, seconds, bytes, maxDeviationSeconds, reuse, warnings: plan.warnings };
  } finally {
    await directory?.close('finished');
  }
}

async function runWhole(
  { plan, source, streams, context: { upscaler, signal, pause = new Pause(), preview = new PreviewTap() } }: Work,
  file: string,
  watch: Parameters<typeof runSegment>[2]['watch'],
): Promise<EncodedSegment> {
  const film = { index: 0, startFrame: 0, endFrame: plan.frames.count, startTicks: null, endTicks: null };
  const feed = source === null ? null : (decoder: Parameters<Y4mReader['copyTo']>[0]) => source.copyTo(decoder);
  const pipes = { feed, output: streams.output };
  let frames = 0;
  const counting = {
    ...watch,
    onFrame() {
      frames++;
      watch.onFrame();
    },
  };
  try {
    // Whoever is at the other ends may take their time: that nothing moves says nothing.
    const stallSeconds = Number.POSITIVE_INFINITY;
    const made = await runSegment(plan, film, {
      upscaler,
      file,
      watch: counting,
      pause,
      preview,
      stallSeconds,
      pipes,
      signal,
    });
    if (source !== null && plan.picture.keepsFrames && plan.picture.trim === null) {
      expectEqual('frames', source.frames, made.ptsTicks.length);
    }
    return made;
  } catch (error) {
    const isClosed = error instanceof ProgramError && error.lines.some((line) => line.includes('Broken pipe'));
    if (!isClosed || file !== STANDARD_STREAM) throw error;
    throw new UpreelError('output-closed', `Whoever read standard output has stopped, after about ${frames} frames.`, {
      cause: error,
    });
  }
}

function checkPiped(
  plan: VideoPlan,
  ptsTicks: readonly number[],
): Pick<Verification, 'bytes' | 'maxDeviationSeconds' | 'checks'> {
  expectListed(plan, ptsTicks);
  const frame = 'FRAME\n'.length + frameBytes(plan.encoder.pixelFormat, plan.encodedSize);
  const checks = [`${ptsTicks.length} frames, counted into the pipe`];
  return { bytes: ptsTicks.length * frame, maxDeviationSeconds: 0, checks };
}

async function finish(
  { plan, request, context: { signal, onEvent, pause = new Pause() } }: Work,
  { file, token }: { readonly file: string; readonly token: string },
  { ptsTicks, reuse, patchedTicks }: EncodedSegment,
  ending: Pick<EndingContext, 'progress' | 'provenance'> & { readonly directory: JobDirectory },
): Promise<Verification> {
  const facts = await verifySegment(plan, file, ptsTicks, signal);
  const range = { index: 0, startFrame: 0, endFrame: ptsTicks.length };
  const times = { ptsTicks: [...ptsTicks], patchedTicks: [...patchedTicks] };
  const made = { ...range, ...times, reuse, ...facts };
  const { record } = await ending.directory.segments.commit(file, token, made);
  return endFilm(plan, [record], request.settings, { ...ending, pause, tell: onEvent, signal });
}

/** @throws UpreelError `usage` where a job of a file waits to go on: it would be lost. */
async function openScratch(output: string, settings: VideoSettings): Promise<JobDirectory> {
  const directory = await openJobDirectory(resultPlace(output), settings);
  if (directory.begun === null) return directory;
  await directory.close('keep');
  throw new UpreelError('usage', `An unfinished job of ${output} is in ${directory.path}.`, {
    hint: 'Go on with it (upreel resume), choose another output, or add --restart to throw it away.',
  });
}

/** What a file's plan takes from samples and counts is taken from the stream's first line here. */
async function planStream(
  { header }: Y4mReader,
  output: string,
  asked: VideoSettings,
  upscaler: Upscaler,
  signal: AbortSignal,
): Promise<VideoPlan> {
  if (asked.crop === 'auto' || asked.ivtc === 'on') {
    const what = asked.crop === 'auto' ? '--crop auto needs to look at' : '--ivtc needs to count';
    throw new UpreelError('usage', `${what} the film before the work, which standard input does not allow.`, {
      hint: 'Name a place (--crop 640x360+0+60), filter before upreel, or upscale a file.',
    });
  }
  const source = describeY4m(header, bitsPerSampleOf(header.pixelFormat));
  const isMarked = header.fieldOrder !== null && asked.deinterlace === 'auto';
  const settings = settingsFor(output, isMarked ? { ...asked, deinterlace: 'on' } : asked);
  const picture = planPicture(source, settings, null, 0);
  const frames: FrameList = {
    count: Number.POSITIVE_INFINITY,
    ptsTicks: new Float64Array(0),
    isExact: false,
    timeBase: picture.timeBase,
    lastDurationTicks: picture.keepsFrames || settings.fps !== null ? 1 : 0,
  };
  const hdr = { mastering: null, light: null, dynamic: [], dolbyVision: null };
  const planWith = (encoder: VideoSettings['encoder']) =>
    planVideo(source, NO_SCAN, { output, settings: { ...settings, encoder } }, upscaler.scale, {
      picture,
      frames,
      hdr,
    });
  const plan = await proveEncoder(planWith(settings.encoder), planWith, signal);
  const message = 'Standard input is marked as interlaced: it is deinterlaced, a frame for each frame.';
  return isMarked ? { ...plan, warnings: [...plan.warnings, { code: 'fields', message }] } : plan;
}

const NO_SCAN: PacketScan = {
  packetsRead: 0,
  packets: 0,
  ptsTicks: new Float64Array(0),
  keyTicks: new Float64Array(0),
  lastDurationTicks: 0,
  lastIndex: 0,
  endByte: 0,
  bytes: 0,
  smallestBytes: 0,
  demuxerError: null,
};

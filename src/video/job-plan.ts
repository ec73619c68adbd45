import { createHash } from 'node:crypto';
import { ffmpegVersion } from '../core/ffmpeg/ffmpeg.ts';
import { ffmpegIdentity } from '../core/ffmpeg/program-identity.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import { isSameSource, type JobDirectory, type KeptPlan } from '../store/index.ts';
import { proveHwaccel } from './decode/prove-hwaccel.ts';
import { sourceIdentity } from './job-context.ts';
import { preparePlan } from './plan/prepare-plan.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import { SETTINGS_OF_THE_RUN, type VideoSettings } from './settings.ts';
import { decodePlan, encodePlan } from './shared/plan-file.ts';
import type { VideoRequest } from './video-request.ts';

export interface PlannedJob {
  readonly plan: VideoPlan;
  /** To be kept by a job that is begun with it; null: who goes on plans anew. */
  readonly kept: KeptPlan | null;
}

/**
 * The plan that the job in a directory was begun with, where source, settings, ffmpeg and upreel are what they were;
 * else a new one. Whether hardware decodes is proven each time: that is the machine's, and not the plan's.
 * @param output absolute
 * @throws UpreelError as `preparePlan` does.
 */
export async function planJob(
  directory: JobDirectory,
  request: VideoRequest,
  output: string,
  { scale }: Pick<Upscaler, 'scale'>,
  signal: AbortSignal,
): Promise<PlannedJob> {
  const { settings } = request;
  const kept = directory.begun === null ? null : await readKept(directory, request, { output, scale }, signal);
  const asked = { ...request, settings: { ...settings, hwaccel: 'off' as const } };
  const plan = kept ?? (await preparePlan(asked, output, { scale }, signal));
  return {
    plan: await proveHwaccel(plan, settings.hwaccel, signal),
    kept: directory.begun === null ? await toKeep(directory, plan, request, { output, scale }, signal) : null,
  };
}

interface Making {
  readonly output: string;
  readonly scale: number;
}

/** @returns null where the plan has to be made anew, which says as well what has changed. */
async function readKept(
  directory: JobDirectory,
  request: VideoRequest,
  making: Making,
  signal: AbortSignal,
): Promise<VideoPlan | null> {
  const { settings } = request;
  // Who wants everything read wants the source read.
  if (settings.verify === 'full' || directory.begun?.kept === undefined) return null;
  try {
    const file = await directory.readPlan(await hashOfMaking(request, making, signal));
    if (file === null) return null;
    const plan = decodePlan(file, directory.path);
    const now = await sourceIdentity(plan, settings, signal);
    return isSameSource(directory.begun.identity.source, now) ? plan : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

async function toKeep(
  directory: JobDirectory,
  plan: VideoPlan,
  request: VideoRequest,
  making: Making,
  signal: AbortSignal,
): Promise<KeptPlan | null> {
  // Which pictures there are is found by looking into their folder.
  if (plan.source.frames !== undefined) return null;
  // No name in it is below the job's own folder: all stay as they are.
  return { ...encodePlan(plan, directory.path), madeOf: await hashOfMaking(request, making, signal) };
}

/** Over all that a plan follows from, beside the source: another version of ffmpeg may read it otherwise. */
async function hashOfMaking(
  { input, job, settings }: VideoRequest,
  { output, scale }: Making,
  signal: AbortSignal,
): Promise<string> {
  const asked = Object.entries(settings).filter(([name]) => !isUnplanned(name as keyof VideoSettings));
  const ffmpeg = (await ffmpegIdentity()) ?? (await ffmpegVersion(signal));
  const facts = [job.program, ffmpeg, process.cwd(), input, output, scale, asked.sort()];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Settings that decide nothing before the first frame. Others of the run do: which sound goes along, for example. */
function isUnplanned(name: keyof VideoSettings): boolean {
  if (name === 'hwaccel') return true;
  return SETTINGS_OF_THE_RUN.includes(name) && !PLANNED.includes(name);
}

const PLANNED: readonly (keyof VideoSettings)[] = [
  'reuse',
  'onDecodeError',
  'frames',
  'gaps',
  'sound',
  'audio',
  'subtitles',
  'shapeChange',
];

import { createHash } from 'node:crypto';
import type { Identity, IdentityFacts, JobDirectory, JobFile, JobPlan, KeptPlan } from '../store/index.ts';
import { sourceFacts } from '../store/index.ts';
import { planDecode } from './decode/decode-plan.ts';
import { planEncode } from './encode/encode-plan.ts';
import { framesFacts } from './frame-files/index.ts';
import type { VideoPlan } from './plan/video-plan.ts';
import { LEAD_IN_FRAMES } from './segment/lead-in.ts';
import { planSegments, type SegmentLimits } from './segment/segments.ts';
import { SETTINGS_OF_THE_RUN, type VideoSettings } from './settings.ts';

/** What the caller knows of a job, and the video does not. */
export interface JobContext {
  /** Everything of the network that its results depend on: content hash, device class, tile, ... */
  readonly model: IdentityFacts;
  /** Floating-point operations per pixel of the source; 0 if not known. */
  readonly flopsPerPixel: number;
  /** Name and version of what makes the result. */
  readonly program: string;
  /** What `upreel resume` runs again, as JSON. */
  readonly task: JobFile['task'];
}

/**
 * Begins the job in its directory, or goes on with the one that was begun there: then its plan of segments holds.
 * @throws UpreelError `usage` naming the difference if source, model or settings are not what they were.
 */
export async function beginJob(
  directory: JobDirectory,
  { plan, kept }: { readonly plan: VideoPlan; readonly kept: KeptPlan | null },
  { settings, job, device }: { readonly settings: VideoSettings; readonly job: JobContext; readonly device: string },
  signal: AbortSignal,
): Promise<JobFile> {
  const drawn = await drawUp(plan, { settings, job, device }, signal);
  const begun = await directory.begin({ ...drawn, segments: directory.begun?.segments ?? drawn.segments }, kept);
  if (settings.verify === 'full') await directory.segments.dropDamaged(signal);
  return begun;
}

/** The job that a plan is, before it is begun anywhere. */
export async function drawUp(
  plan: VideoPlan,
  { settings, job, device }: { readonly settings: VideoSettings; readonly job: JobContext; readonly device: string },
  signal: AbortSignal,
): Promise<JobPlan> {
  const source = await sourceIdentity(plan, settings, signal);
  const identity: Identity = { source, model: job.model, settings: settingsFacts(plan, settings) };
  return {
    program: job.program,
    input: plan.source.path,
    output: plan.output,
    identity,
    segments: [...planSegments(plan, limitsOf(plan, settings, job.flopsPerPixel, device))],
    task: job.task,
  };
}

/** What tells the source's version, as it lies there now. */
export function sourceIdentity(
  { source }: Pick<VideoPlan, 'source'>,
  { verify }: Pick<VideoSettings, 'verify'>,
  signal: AbortSignal,
): Promise<IdentityFacts> {
  const how = { whole: verify === 'full' };
  const { path, frames } = source;
  return frames === undefined ? sourceFacts(path, how, signal) : framesFacts(frames, how, signal);
}

function settingsFacts(plan: VideoPlan, settings: VideoSettings): IdentityFacts {
  const entries = Object.entries(settings).filter(
    ([name, value]) =>
      !(SETTINGS_OF_THE_RUN as readonly string[]).includes(name) &&
      // Jobs that were begun before there was such a thing go on.
      !(name === 'steady' && value === 0),
  );
  return { ...(Object.fromEntries(entries) as IdentityFacts), pictureChain: hashChain(plan) };
}

/** Over the arguments that ffmpeg gets, so that another version of upreel cannot go on in another way. */
function hashChain(plan: VideoPlan): string {
  // Damage may be found in the middle, and gone over then.
  const decoding = planDecode({ ...plan, concealsErrors: false }, null);
  const chain = [decoding.output.options, planEncode(plan, '').output.options, plan.shiftSeconds];
  return createHash('sha256').update(JSON.stringify(chain)).digest('hex').slice(0, 16);
}

/**
 * A segment is what a crash may cost: about ten seconds of film, or ten minutes of work where that is less. The work is
 * reckoned with a speed that is the same on every machine, so that all of them cut the film alike.
 */
function limitsOf(plan: VideoPlan, settings: VideoSettings, flopsPerPixel: number, device: string): SegmentLimits {
  const { width, height } = plan.picture.size;
  const work = flopsPerPixel * width * height;
  const frames = (WORK_SECONDS * (device === 'cpu' ? CPU_FLOPS : GPU_FLOPS)) / work;
  const shortest = settings.steady === 0 ? SHORTEST_SEGMENT_FRAMES : SHORTEST_STEADY_FRAMES;
  return { seconds: settings.segmentSeconds, frames: Math.max(shortest, Math.floor(frames)) };
}

const WORK_SECONDS = 600;
/** Two to four cores of a laptop; a small GPU. */
const CPU_FLOPS = 120e9;
const GPU_FLOPS = 2e12;
/** Each segment begins with a keyframe: shorter ones would be nothing else. */
const SHORTEST_SEGMENT_FRAMES = 8;
/** What leads to a segment is a sixth of the work at most. */
const SHORTEST_STEADY_FRAMES = 6 * LEAD_IN_FRAMES;

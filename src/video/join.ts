import { devNull } from 'node:os';
import { UpreelError } from '../core/errors.ts';
import { damaged } from './completeness.ts';
import { ProgramError, runFfmpeg } from './ffmpeg.ts';
import { planCarriedCheck, planJoin, planRehearsal } from './join-plan.ts';
import type { VideoPlan } from './plan.ts';
import { probeVideo } from './probe.ts';
import { toSeconds } from './rational.ts';
import type { SegmentFile } from './run-segment.ts';
import { scanPackets } from './scan.ts';
import { type CarriedStream, dropWarning } from './streams.ts';

/** Writes the whole result under a temporary name: the segments' video and what the source carries along. */
export async function joinSegments(
  plan: VideoPlan,
  segments: readonly SegmentFile[],
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const [only] = segments;
  if (only === undefined || segments.length !== 1) {
    throw new UpreelError('internal', `Expected one segment to join, got ${segments.length}.`);
  }
  const { video } = await probeVideo(only.file, signal);
  const scan = await scanPackets(only.file, video.index, signal);
  const last = {
    packetIndex: scan.lastIndex,
    seconds: toSeconds(scan.ptsTicks.at(-1) ?? 0, video.timeBase),
    durationSeconds: toSeconds(scan.lastDurationTicks, video.timeBase),
  };
  await runFfmpeg(planJoin(plan, only.file, last, target), signal);
}

/**
 * Asks the muxer itself whether it takes the planned streams, so that it cannot refuse them after days of work.
 * @returns the plan without those that it refuses, each with its warning.
 */
export async function rehearseJoin(plan: VideoPlan, signal: AbortSignal): Promise<VideoPlan> {
  const carried = plan.streams.order.filter((entry) => entry !== null);
  if (carried.length === 0 || (await isAccepted(plan, carried, signal))) return plan;
  const refused: CarriedStream[] = [];
  for (const entry of carried) {
    if (!(await isAccepted(plan, [entry], signal))) refused.push(entry);
  }
  const warnings = refused.map((entry) => dropWarning(entry.source, plan.container));
  const order = plan.streams.order.filter((entry) => entry === null || !refused.includes(entry));
  return { ...plan, streams: { order, warnings: plan.streams.warnings }, warnings: [...plan.warnings, ...warnings] };
}

/**
 * Refuses a source whose sound or subtitles are cut off, before any work: ffmpeg would copy what is left.
 * @throws UpreelError `input-damaged`.
 */
export async function checkCarried(plan: VideoPlan, signal: AbortSignal): Promise<void> {
  const carried = plan.streams.order.filter((entry) => entry !== null);
  const streams = carried.filter((entry) => entry.source.kind !== 'attachment');
  if (streams.length === 0) return;
  try {
    await runFfmpeg(planCarriedCheck(plan, streams), signal);
  } catch (error) {
    const stream = error instanceof ProgramError ? corruptStreamOf(error) : undefined;
    // What else may go wrong here says nothing about the source: the muxer has taken these streams already.
    if (stream === undefined && error instanceof ProgramError) return;
    if (stream === undefined) throw error;
    const kind = plan.source.streams[stream]?.kind ?? 'other';
    throw damaged(`${plan.source.path} is damaged or cut off: its ${kind} stream ${stream} is incomplete.`, error);
  }
}

function corruptStreamOf({ lines }: ProgramError): number | undefined {
  const index = /corrupt input packet in stream (\d+)/.exec(lines.join('\n'))?.[1];
  return index === undefined ? undefined : Number(index);
}

async function isAccepted(plan: VideoPlan, carried: readonly CarriedStream[], signal: AbortSignal): Promise<boolean> {
  try {
    await runFfmpeg(planRehearsal(plan, carried, devNull), signal);
    return true;
  } catch (error) {
    if (error instanceof ProgramError) return false;
    throw error;
  }
}

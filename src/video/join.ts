import { writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { UpreelError } from '../core/errors.ts';
import type { SegmentRecord } from '../job/directory/index.ts';
import { damaged } from './completeness.ts';
import { ProgramError, runFfmpeg } from './ffmpeg.ts';
import { concatInput, concatList, planCarriedCheck, planJoin, planRehearsal, singleInput } from './join-plan.ts';
import type { VideoPlan } from './plan.ts';
import { probeVideo } from './probe.ts';
import { toSeconds } from './rational.ts';
import { scanPackets } from './scan.ts';
import { sideBySide } from './side-by-side.ts';
import { type CarriedStream, dropWarning } from './streams.ts';

/**
 * Writes the whole result under a temporary name: the segments' video and what the source carries along.
 * @param segments records of all segments of the film, in order; their files are in `folder`.
 */
export async function joinSegments(
  plan: VideoPlan,
  segments: readonly SegmentRecord[],
  folder: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const last = segments.at(-1);
  if (last === undefined) throw new UpreelError('internal', 'Expected segments to join.');
  const lastFile = join(folder, last.file);
  // A segment's file holds nothing but its video.
  const [{ video }, scan] = await sideBySide(
    (either) => probeVideo(lastFile, either),
    (either) => scanPackets(lastFile, 0, either),
    signal,
  );
  const framesBefore = segments.slice(0, -1).reduce((sum, segment) => sum + segment.ptsTicks.length, 0);
  const lastFrame = {
    packetIndex: framesBefore + scan.lastIndex,
    seconds: toSeconds(scan.ptsTicks.at(-1) ?? 0, video.timeBase),
    durationSeconds: toSeconds(scan.lastDurationTicks, video.timeBase),
  };
  await runFfmpeg(planJoin(plan, await segmentsInput(segments, folder), lastFrame, target), signal);
}

/** All segments one after the other, as one input. @throws UpreelError `verification-failed` if they do not fit together. */
export async function segmentsInput(segments: readonly SegmentRecord[], folder: string) {
  const [first] = segments;
  if (first === undefined) throw new UpreelError('internal', 'Expected segments to join.');
  requireSameParameters(segments);
  if (segments.length === 1) return singleInput(join(folder, first.file));
  const list = join(folder, 'join.ffconcat');
  await writeFile(list, concatList(segments), { mode: 0o600 });
  return concatInput(list, first);
}

/** A container holds the codec's parameters once: a segment with others would not play. */
function requireSameParameters(segments: readonly SegmentRecord[]): void {
  const other = segments.find((segment) => segment.parameters !== segments[0]?.parameters);
  if (other === undefined) return;
  throw new UpreelError(
    'verification-failed',
    `Segment ${other.index + 1} was encoded with other parameters than the first: they cannot be joined.`,
    { hint: 'Was ffmpeg updated since the job began? Run the same command with --restart.' },
  );
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

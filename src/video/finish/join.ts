import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { type FfmpegPlan, runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { Provenance } from '../../core/provenance.ts';
import type { SegmentRecord } from '../../store/index.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { readSegment } from '../segment/verify-segment.ts';
import { isMatroska } from '../source/containers.ts';
import { concatInput, concatList, planJoin, singleInput } from './join-plan.ts';
import { markMatroskaRate } from './matroska-rate.ts';

/**
 * Writes the whole result under a temporary name: the segments' video and what the source carries along.
 * @param segments records of all segments of the film, in order; their files are in `folder`.
 */
export async function joinSegments(
  plan: VideoPlan,
  segments: readonly SegmentRecord[],
  {
    folder,
    target,
    provenance,
  }: { readonly folder: string; readonly target: string; readonly provenance: Provenance | null },
  signal: AbortSignal,
): Promise<void> {
  const last = segments.at(-1);
  if (last === undefined) throw new UpreelError('internal', 'Expected segments to join.');
  // Records did not always have it.
  const lastFrame = last.lastFrame ?? (await readSegment(join(folder, last.file), signal)).lastFrame;
  const framesBefore = segments.slice(0, -1).reduce((sum, segment) => sum + segment.ptsTicks.length, 0);
  const ofFilm = { ...lastFrame, packetIndex: framesBefore + lastFrame.packetIndex };
  await withSegments(segments, folder, (input) =>
    runFfmpeg(planJoin(plan, input, { last: ofFilm, provenance, target }), signal),
  );
  if (isMatroska(plan.container)) await markMatroskaRate(target, plan.frameRate);
}

/**
 * Uses all segments one after the other, as one input.
 * @throws UpreelError `verification-failed` if they do not fit together.
 */
export async function withSegments<T>(
  segments: readonly SegmentRecord[],
  folder: string,
  use: (input: FfmpegPlan['inputs'][number]) => Promise<T>,
): Promise<T> {
  const [first] = segments;
  if (first === undefined) throw new UpreelError('internal', 'Expected segments to join.');
  requireSameParameters(segments);
  if (segments.length === 1) return use(singleInput(join(folder, first.file)));
  // Beside the files that it names; of this attempt alone, where several machines may join at once.
  const list = join(folder, `join.${randomBytes(4).toString('hex')}.ffconcat`);
  await writeFile(list, concatList(segments), { mode: 0o600, flag: 'wx' });
  try {
    return await use(concatInput(list, first));
  } finally {
    await rm(list, { force: true });
  }
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

import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { z } from 'zod';
import { OwnFolder } from '../core/own-folder/index.ts';
import { hashFile } from './identity.ts';
import type { SegmentRange } from './job-file.ts';

export const segmentRecord = z.object({
  index: z.int().nonnegative(),
  startFrame: z.int(),
  endFrame: z.int(),
  /** Name in the job's folder; where many make a film, with the token of the attempt. */
  file: z.string().regex(/^segment-\d+(\.[a-z0-9]{1,32})?\.[a-z0-9]+$/),
  bytes: z.int().positive(),
  sha256: z.string().max(64),
  /** Time of every frame in it, in ticks of the source's time base. */
  ptsTicks: z.array(z.number()).min(1),
  /** How much of it was taken over from frames before, in frames. */
  reuse: z.object({
    frames: z.number(),
    framesUnchanged: z.number(),
    framesPartly: z.number(),
    framesOfWork: z.number(),
  }),
  /** Of these, the times of frames that were damaged and are patched by the decoder. */
  patchedTicks: z.array(z.number()).default([]),
  /** Time of the first frame as the file's demuxer gives it. */
  startSeconds: z.number(),
  /** Hash of the codec's parameter sets: files can be joined only if theirs are the same. */
  parameters: z.string().max(128),
  /** The frame shown last: place of its packet in the file, when, and for how long. */
  lastFrame: z
    .object({ packetIndex: z.int().nonnegative(), seconds: z.number(), durationSeconds: z.number() })
    .optional(),
  /** Where many make a film: what made it, and on what. */
  made: z
    .object({
      worker: z.string().max(256),
      device: z.string().max(256),
      runtime: z.string().max(256),
      /** When it was done, by that machine's clock, and how long it took: to be shown, and nothing else. */
      atMs: z.exactOptional(z.number().min(0).max(8.64e15)),
      seconds: z.exactOptional(z.number()),
    })
    .optional(),
});

/** One committed segment: its own small JSON file, written after the segment's data is safe on the disk. */
export type SegmentRecord = z.infer<typeof segmentRecord>;

/** What is known of a segment before its data has a name. */
export type MadeSegment = Omit<SegmentRecord, 'file' | 'bytes' | 'sha256'>;

/** `segment-00012`: what its data, its record and its unfinished files begin with. */
export function segmentStem(index: number): string {
  return `segment-${String(index).padStart(5, '0')}`;
}

/** Where an attempt writes a segment before it is committed. */
export function partName(index: number, token: string, extension: string): string {
  return `${segmentStem(index)}.${token}.part${extension}`;
}

/** The record of a finished part: its name says which attempt made it. */
export async function recordOf(part: string, token: string, segment: MadeSegment): Promise<SegmentRecord> {
  const { size: bytes } = await stat(part);
  const sha256 = await hashFile(part, new AbortController().signal);
  return { ...segment, file: `${segmentStem(segment.index)}.${token}${extname(part)}`, bytes, sha256 };
}

/** Of one that holds an hour of film at 1000 frames a second, and what a stranger may make us read. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/**
 * The segments whose data is there as it was committed, and that fit the plan.
 * @throws UpreelError `place-untrusted`.
 */
export async function readSegments(folder: string, plan: readonly SegmentRange[]): Promise<Map<number, SegmentRecord>> {
  const own = await OwnFolder.open(folder, { hint: '' });
  if (own === null) return new Map();
  try {
    return await readSegmentsIn(own, plan);
  } finally {
    await own.close();
  }
}

export async function readSegmentsIn(
  folder: OwnFolder,
  plan: readonly SegmentRange[],
): Promise<Map<number, SegmentRecord>> {
  const records = new Map<number, SegmentRecord>();
  for (const range of plan) {
    const record = await readRecord(folder, range);
    if (record !== null) records.set(range.index, record);
  }
  return records;
}

async function readRecord(
  folder: OwnFolder,
  { index, startFrame, endFrame }: SegmentRange,
): Promise<SegmentRecord | null> {
  try {
    const text = await folder.read(`${segmentStem(index)}.json`, MAX_RECORD_BYTES);
    const record = segmentRecord.parse(JSON.parse(text ?? ''));
    await folder.check(record.file);
    const stats = await folder.look(record.file);
    const fits = record.index === index && record.startFrame === startFrame && record.endFrame === endFrame;
    return fits && stats?.size === record.bytes ? record : null;
  } catch {
    // Not there, not whole, or not ours: it is made again.
    return null;
  }
}

/** Removes what crashes left of segments that were never committed, and files that were being written. */
export async function sweepFolder(folder: OwnFolder, kept: ReadonlyMap<number, SegmentRecord>): Promise<void> {
  const known = new Set([...kept.values()].flatMap((record) => [record.file, `${segmentStem(record.index)}.json`]));
  for (const name of await folder.names()) {
    if (/^(segment-|\.upreel-|result(\.|$)|join\.|clock$)/.test(name) && !known.has(name)) await folder.remove(name);
  }
}

import { lstat } from 'node:fs/promises';
import type { Progress } from '../core/events.ts';
import { readJobFile, readSegments, type SegmentRecord } from '../store/index.ts';
import type { JobSegment, JobSnapshot } from './job-snapshot.ts';
import { snapshotOf } from './job-trace.ts';
import type { JobEntry } from './registry/index.ts';

/**
 * A job that nobody works on, from the list and its folder. A folder that is gone or damaged is a job with nothing
 * done.
 */
export async function inspectJob(entry: JobEntry): Promise<JobSnapshot> {
  const listed = snapshotOf(entry);
  if (listed.state === 'done') return listed;
  const job = await readJobFile(entry.folder).catch(() => null);
  if (job === null) return listed;
  const records = await readSegments(entry.folder, job.segments).catch(() => new Map<number, SegmentRecord>());
  const segments = job.segments.map(({ index, startFrame, endFrame }): JobSegment => {
    const range = { index, startFrame, endFrame };
    const record = records.get(index);
    if (record === undefined) return { ...range, state: 'planned', attempts: 0, reusedShare: null, bytes: null };
    const { frames, framesOfWork } = record.reuse;
    const reusedShare = frames === 0 ? 0 : 1 - framesOfWork / frames;
    return { ...range, state: 'done', attempts: 1, reusedShare, bytes: record.bytes };
  });
  return { ...listed, segments, progress: progressOf(entry, segments, [...records.values()]) };
}

/** Changes whenever a segment is committed, or the folder comes or goes. */
export async function folderStamp(folder: string): Promise<string> {
  const stats = await lstat(folder).catch(() => null);
  return stats === null ? 'gone' : `${stats.ino}:${stats.mtimeMs}`;
}

/** What is committed, as a task would tell it; null where nothing is known of its frames. */
function progressOf(
  { input, started }: JobEntry,
  segments: readonly JobSegment[],
  records: readonly SegmentRecord[],
): Progress | null {
  if (started === null) return null;
  const framesTotal = segments.at(-1)?.endFrame ?? 0;
  const framesDone = records.reduce((sum, record) => sum + record.ptsTicks.length, 0);
  const work = records.reduce((sum, record) => sum + record.reuse.framesOfWork, 0);
  const pixels = started.target.width * started.target.height;
  return {
    type: 'progress',
    input,
    stage: 'upscale',
    framesDone,
    framesTotal,
    tilesDone: Math.round(work * started.tilesPerFrame),
    outputPixelsDone: framesDone * pixels,
    outputPixelsTotal: framesTotal * pixels,
    ...(work < framesDone ? { reusedShare: 1 - work / framesDone } : {}),
    elapsedSeconds: 0,
    framesPerSecond: null,
    secondsLeft: null,
    queues: [],
    rssBytes: 0,
    bytesWritten: records.reduce((sum, record) => sum + record.bytes, 0),
  };
}

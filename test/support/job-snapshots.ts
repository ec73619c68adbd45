import type { JobSegment, JobSnapshot } from '../../src/job/job-snapshot.ts';
import { progressAt, videoStarted } from './task-events.ts';

/** Jobs as a feed tells of them, with what a test wants different. */

export function runningJob(id: string, changes: Partial<JobSnapshot> = {}, framesDone = 12_340): JobSnapshot {
  const started = videoStarted({ input: changes.input ?? 'holiday 1998.mp4' });
  return {
    ...queuedJob(id, changes.input === undefined ? {} : { input: changes.input }),
    state: 'running',
    place: null,
    started,
    progress: progressAt(started, framesDone),
    segments: segmentsOf(43_200, 480, framesDone),
    supervisorPid: null,
    ...changes,
  };
}

export function queuedJob(id: string, changes: Partial<JobSnapshot> = {}): JobSnapshot {
  const input = changes.input ?? `/films/${id}.mkv`;
  return {
    id,
    state: 'queued',
    input,
    output: input.replace(/\.[^.]+$/, '.upreel-4x.mkv'),
    folder: `${input}.upreel`,
    model: 'realesr-animevideov3-x4',
    device: 'webgpu',
    place: 1,
    nice: 0,
    only: null,
    createdAtMs: 1_790_000_000_000,
    begunAtMs: null,
    endedAtMs: null,
    started: null,
    progress: null,
    segments: [],
    warnings: [],
    error: null,
    supervisorPid: null,
    ...changes,
  };
}

export function segmentsOf(frames: number, framesEach: number, framesDone: number): readonly JobSegment[] {
  return Array.from({ length: Math.ceil(frames / framesEach) }, (_, index) => {
    const startFrame = index * framesEach;
    const endFrame = Math.min(frames, startFrame + framesEach);
    const isDone = endFrame <= framesDone;
    const state = isDone ? 'done' : startFrame <= framesDone ? 'running' : 'planned';
    const bytes = isDone ? (endFrame - startFrame) * 3_650 : null;
    return {
      index,
      startFrame,
      endFrame,
      state,
      attempts: state === 'planned' ? 0 : 1,
      reusedShare: isDone ? 0 : null,
      bytes,
    };
  });
}

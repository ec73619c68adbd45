import type { Progress, TaskDone, TaskEvent } from '../core/events.ts';
import type { SegmentNews } from '../video/index.ts';
import type { JobChange } from './control/index.ts';
import type { JobSegment, JobSnapshot } from './job-snapshot.ts';
import type { JobEntry } from './registry/index.ts';

const MAX_WARNINGS = 50;

/** A job of which only the list is known. */
export function snapshotOf(entry: JobEntry): JobSnapshot {
  const { id, input, output, folder, model, nice, only, createdAtMs, started, ended } = entry;
  return {
    id,
    input,
    output,
    folder,
    model,
    nice,
    only,
    createdAtMs,
    started,
    state: ended?.state ?? 'interrupted',
    device: entry.devices.join('+'),
    place: null,
    begunAtMs: null,
    endedAtMs: ended?.atMs ?? null,
    progress: progressOfDone(entry),
    segments: [],
    warnings: [],
    error: ended?.error ?? null,
    supervisorPid: null,
  };
}

/** The last that a finished job told. */
function progressOfDone({ input, started, ended }: JobEntry): Progress | null {
  if (started === null || ended === null || ended.done === null) return null;
  const { framesTotal, seconds, bytes } = ended.done;
  const outputPixels = framesTotal * started.target.width * started.target.height;
  return {
    type: 'progress',
    input,
    stage: 'publish',
    framesDone: framesTotal,
    framesTotal,
    ...{
      tilesDone: framesTotal * started.tilesPerFrame,
      outputPixelsDone: outputPixels,
      outputPixelsTotal: outputPixels,
    },
    elapsedSeconds: seconds,
    framesPerSecond: null,
    secondsLeft: 0,
    queues: [],
    rssBytes: 0,
    bytesWritten: bytes,
  };
}

/** The job after a change: the same in a supervisor and in all who look at it. */
export function applyChange(job: JobSnapshot, change: JobChange): JobSnapshot {
  switch (change.type) {
    case 'state': {
      const { state, place, endedAtMs } = change;
      return { ...job, state, place, endedAtMs, begunAtMs: change.begunAtMs ?? null };
    }
    case 'segments':
      return { ...job, segments: applySegments(job.segments, change.news) };
    case 'event':
      return applyEvent(job, change.event);
  }
}

function applyEvent(job: JobSnapshot, event: TaskEvent): JobSnapshot {
  switch (event.type) {
    case 'started':
      return { ...job, started: event };
    case 'progress':
      return { ...job, progress: event };
    case 'warning':
      return { ...job, warnings: [...job.warnings.slice(1 - MAX_WARNINGS), event.message] };
    case 'failed':
      return { ...job, error: event.error };
    case 'done':
      return { ...job, progress: job.progress && lastProgress(job.progress, event) };
    case 'pull':
      return job;
  }
}

function lastProgress(progress: Progress, { framesTotal, seconds, bytes }: TaskDone): Progress {
  const ended = { elapsedSeconds: seconds, secondsLeft: 0, bytesWritten: bytes };
  return { ...progress, stage: 'publish', framesDone: framesTotal, framesTotal, ...ended };
}

/** Each `running` is a new attempt. */
function applySegments(segments: readonly JobSegment[], news: readonly SegmentNews[]): readonly JobSegment[] {
  const next = [...segments];
  for (const segment of news) {
    const before = next[segment.index]?.attempts ?? 0;
    const attempts = segment.state === 'running' ? before + 1 : Math.max(before, segment.state === 'done' ? 1 : 0);
    next[segment.index] = { ...segment, attempts };
  }
  // Indexes come whole at the start; a gap would be another supervisor's fault.
  return next.filter((segment) => segment !== undefined);
}

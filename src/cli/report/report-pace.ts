import type { Progress, TaskDone, TaskEvent, TaskStarted } from '../../core/events.ts';

/** Takes every event, gives those that are to be told now. */
export type Pace = (event: TaskEvent) => readonly TaskEvent[];

/**
 * Thins out progress: one record at each task's start, then at most one in `minGapMs`, and one at its end that says all
 * is done. Pulls likewise. Everything else passes.
 */
export function openPace(minGapMs: number, now: () => number): Pace {
  let task: { started: TaskStarted; last: Progress; isTold: boolean } | null = null;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let pulledAtMs = Number.NEGATIVE_INFINITY;
  let pulling: string | null = null;

  return (event) => {
    switch (event.type) {
      case 'started': {
        const first = firstProgress(event);
        task = { started: event, last: first, isTold: true };
        toldAtMs = now();
        return [event, first];
      }
      case 'progress': {
        if (task === null) return [];
        const isDue = now() - toldAtMs >= minGapMs;
        task = { ...task, last: event, isTold: isDue };
        if (!isDue) return [];
        toldAtMs = now();
        return [event];
      }
      case 'done': {
        const last = task === null ? [] : [lastProgress(task.last, event)];
        task = null;
        return [...last, event];
      }
      case 'failed': {
        const last = task === null || task.isTold ? [] : [task.last];
        task = null;
        return [...last, event];
      }
      case 'pull': {
        const isEdge = pulling !== event.model || event.bytesDone >= event.bytesTotal;
        if (!isEdge && now() - pulledAtMs < minGapMs) return [];
        pulling = event.model;
        pulledAtMs = now();
        return [event];
      }
      case 'warning':
        return [event];
    }
  };
}

function firstProgress(started: TaskStarted): Progress {
  const { target, framesTotal } = started;
  return {
    type: 'progress',
    input: started.input,
    stage: 'prepare',
    framesDone: 0,
    framesTotal,
    tilesDone: 0,
    outputPixelsDone: 0,
    outputPixelsTotal: framesTotal === null ? null : framesTotal * target.width * target.height,
    elapsedSeconds: 0,
    framesPerSecond: null,
    secondsLeft: null,
    queues: [],
    rssBytes: 0,
    bytesWritten: 0,
  };
}

function lastProgress(last: Progress, done: TaskDone): Progress {
  const pixels = last.outputPixelsTotal ?? last.outputPixelsDone;
  return {
    ...last,
    stage: 'publish',
    framesDone: done.framesTotal,
    framesTotal: done.framesTotal,
    outputPixelsDone: pixels,
    outputPixelsTotal: pixels,
    elapsedSeconds: done.seconds,
    secondsLeft: 0,
    bytesWritten: done.bytes,
  };
}

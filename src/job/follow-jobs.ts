import { EXIT_CODES, fromErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { JobFeed, JobSnapshot } from './job-snapshot.ts';

/** Whether nobody works on it any more, now. */
export function hasEnded({ state }: JobSnapshot): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled' || state === 'interrupted';
}

/** What a job that has ended would have given its terminal: the documented exit code. */
export function exitCodeOf({ state, error }: JobSnapshot): number {
  if (state === 'done') return 0;
  return error === null ? EXIT_CODES.interrupted : EXIT_CODES[error.code];
}

/** Of several jobs: 0 if all are done, a lone one's own, else that some failed. */
export function exitCodeOfAll(jobs: readonly JobSnapshot[]): number {
  if (jobs.length === 1) return exitCodeOf(jobs[0]!);
  return jobs.every((job) => job.state === 'done') ? 0 : EXIT_CODES['some-failed'];
}

/** What was written to the list a moment ago may not have been read yet. */
const LISTED_MILLISECONDS = 5000;

/** Resolves with a job as soon as it satisfies the condition; a job that is no longer listed counts as cancelled. */
export function untilJob(
  feed: JobFeed,
  id: string,
  condition: (job: JobSnapshot) => boolean,
  signal?: AbortSignal,
): Promise<JobSnapshot> {
  return new Promise((resolve, reject) => {
    let last: JobSnapshot | null = null;
    let end = (): void => {};
    const settle = (conclude: () => void): void => {
      // The first call comes before there is anything to end.
      queueMicrotask(() => end());
      clearTimeout(patience);
      signal?.removeEventListener('abort', onAbort);
      conclude();
    };
    const onAbort = (): void => settle(() => reject(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    const patience = setTimeout(() => {
      if (last === null) settle(() => reject(notListed(id)));
    }, LISTED_MILLISECONDS);
    end = feed.subscribe((jobs) => {
      const job = jobs.find((other) => other.id === id);
      if (job === undefined) {
        const gone = last;
        if (gone !== null) settle(() => resolve({ ...gone, state: 'cancelled' }));
        return;
      }
      last = job;
      if (condition(job)) settle(() => resolve(job));
    });
  });
}

/**
 * Tells of one job as if its task ran here.
 * @returns the job when it has ended. @throws the reason of an abort.
 */
export async function followJob(
  feed: JobFeed,
  id: string,
  onEvent: (event: TaskEvent) => void,
  signal: AbortSignal,
): Promise<JobSnapshot> {
  const teller = openTeller(onEvent);
  const job = await untilJob(
    feed,
    id,
    (now) => {
      teller(now);
      return hasEnded(now);
    },
    signal,
  );
  const { input, output, started, progress, error } = job;
  if (job.state === 'done') {
    const framesTotal = progress?.framesTotal ?? started?.framesTotal ?? 0;
    const seconds = progress?.elapsedSeconds ?? 0;
    onEvent({ type: 'done', input, output, framesTotal, seconds, bytes: progress?.bytesWritten ?? 0 });
  } else if (error !== null) {
    onEvent({ type: 'failed', input, error });
  }
  return job;
}

/** What a job ended with; null: well. */
export function failureOf({ state, error, output, id }: JobSnapshot): UpreelError | null {
  if (state === 'done') return null;
  if (error !== null) return fromErrorRecord(error);
  return new UpreelError('interrupted', `The job of ${output} was interrupted.`, {
    hint: `upreel resume ${id} goes on with it.`,
  });
}

/** What is new in a snapshot since the last one, as events. */
function openTeller(onEvent: (event: TaskEvent) => void): (job: JobSnapshot) => void {
  let last: JobSnapshot | null = null;
  let told = new Set<string>();
  return (job) => {
    const waiting = describeWaiting(job);
    const isNew = job.state !== last?.state || job.place !== last?.place;
    if (waiting !== null && isNew) onEvent({ type: 'warning', code: job.state, message: waiting });
    if (job.started !== null && !isSame(job.started, last?.started)) onEvent(job.started);
    for (const message of job.warnings.filter((text) => !told.has(text))) {
      onEvent({ type: 'warning', code: 'job', message });
    }
    told = new Set([...told, ...job.warnings]);
    if (job.progress !== null && job.started !== null && !isSame(job.progress, last?.progress)) onEvent(job.progress);
    last = job;
  };
}

/** Why nothing moves, as a sentence; null where something does. */
export function describeWaiting({
  state,
  place,
  device,
  only,
  id,
}: Pick<JobSnapshot, 'state' | 'place' | 'device' | 'only' | 'id'>): string | null {
  switch (state) {
    case 'queued':
      return place === null ? null : `Waiting for ${device}: place ${place} in the queue.`;
    case 'resting':
      return `Resting: it works from ${only?.replace('-', ' to ')} alone.`;
    case 'paused':
      return `Paused: upreel resume ${id} goes on.`;
    default:
      return null;
  }
}

function isSame(a: object, b: object | null | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b ?? null);
}

function notListed(id: string): UpreelError {
  return new UpreelError('usage', `There is no job ${id}.`, { hint: 'See upreel jobs.' });
}

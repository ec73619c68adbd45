import { toErrorRecord } from '../core/errors.ts';
import type { JobFeed, JobSnapshot } from '../job/index.ts';
import { doneSummary, safeText } from '../tui/index.ts';
import { errorText } from './error-text.ts';
import { exitCodeOfAll, failureOf, hasEnded, untilJob } from './follow-jobs.ts';
import { lookHere } from './jobs-text.ts';

export interface DashboardViewOptions {
  /** This command has started the jobs: Ctrl-C asks what is to become of them. */
  readonly startedHere: boolean;
  /** Does not end with the jobs. */
  readonly staysOpen: boolean;
  readonly verbose: boolean;
  readonly bell: boolean;
}

/**
 * Looks at all jobs on the whole terminal, at these first, until they have ended or the person leaves. What became of
 * them is then told below the command.
 * @returns the exit code: that of the jobs, or 0 for who left; null: left, and they go on.
 */
export async function viewOnDashboard(
  feed: JobFeed,
  ids: readonly string[],
  options: DashboardViewOptions,
): Promise<number | null> {
  // React's development build costs half as much again per draw; it is chosen when React loads.
  process.env.NODE_ENV ??= 'production';
  const { openDashboard } = await import('../tui/dashboard/open-dashboard.tsx');
  const { stdout, stdin, env } = process;
  const [selected] = ids;
  const end = await openDashboard({
    ...{ feed, look: lookHere(), stdout, stdin, env, bell: options.bell },
    ...(selected === undefined ? {} : { selected }),
    ...(options.startedHere ? { ownJobs: ids } : {}),
    ...(options.staysOpen ? {} : { until: ids }),
  });
  if (end === 'left') return null;
  // A cancelled job needs a moment to say so.
  const signal = AbortSignal.timeout(10_000);
  const settled = await Promise.allSettled(ids.map((id) => untilJob(feed, id, hasEnded, signal)));
  const jobs = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  for (const job of jobs) tell(job, options.verbose);
  return exitCodeOfAll(jobs);
}

function tell(job: JobSnapshot, verbose: boolean): void {
  const { symbols, charset } = lookHere();
  const failure = failureOf(job);
  if (failure !== null) {
    process.stderr.write(errorText(toErrorRecord(failure), { verbose, charset }));
    return;
  }
  const { input, output, started, progress } = job;
  const framesTotal = progress?.framesTotal ?? started?.framesTotal ?? 0;
  const seconds = progress?.elapsedSeconds ?? 0;
  const done = { type: 'done', input, output, framesTotal, seconds, bytes: progress?.bytesWritten ?? 0 } as const;
  process.stdout.write(`${symbols.done} ${safeText(output, { charset })}: ${doneSummary(done, 'video')}\n`);
}

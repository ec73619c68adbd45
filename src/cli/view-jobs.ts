import { asUpreelError, type ErrorRecord, toErrorRecord } from '../core/errors.ts';
import { type JobFeed, openJobFeed } from '../job/index.ts';
import { viewOnDashboard } from './dashboard.ts';
import { exitCodeOfAll, failureOf, followJob } from './follow-jobs.ts';
import { chooseReporter, openReporter, type Reporter, reporterKind } from './reporter.ts';

export interface ViewJobsOptions {
  readonly rawFlags: Record<string, unknown>;
  /** This command has started them: closing the view says how to come back. */
  readonly startedHere: boolean;
  /** The dashboard is left by a key alone, whatever becomes of the jobs. */
  readonly staysOpen?: boolean;
}

/**
 * Looks at jobs until they have ended or the person leaves, which stops nothing.
 * @returns the exit code: that of the jobs, or 0 for who left.
 */
export async function viewJobs(ids: readonly string[], options: ViewJobsOptions): Promise<number> {
  if (reporterKind(options.rawFlags) === 'view') return viewAll(ids, options);
  const feed = await openJobFeed();
  const leave = new AbortController();
  const onLeave = (): void => leave.abort(new Error('left'));
  for (const signal of LEAVING) process.on(signal, onLeave);
  const reporter = await openJobsReporter(options, ids.length, onLeave);
  try {
    return await followAll(feed, ids, reporter, leave.signal);
  } finally {
    await reporter.close();
    if (leave.signal.aborted && options.startedHere) process.stderr.write(goesOn(ids));
    for (const signal of LEAVING) process.off(signal, onLeave);
    feed.close();
  }
}

async function viewAll(
  ids: readonly string[],
  { rawFlags, startedHere, staysOpen = false }: ViewJobsOptions,
): Promise<number> {
  const feed = await openJobFeed();
  try {
    const options = { startedHere, staysOpen, verbose: rawFlags.verbose === true, bell: rawFlags.bell !== false };
    const code = await viewOnDashboard(feed, ids, options);
    if (code === null && startedHere) process.stderr.write(goesOn(ids));
    return code ?? 0;
  } finally {
    feed.close();
  }
}

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function followAll(
  feed: JobFeed,
  ids: readonly string[],
  reporter: Reporter,
  signal: AbortSignal,
): Promise<number> {
  const ended = [];
  try {
    for (const id of ids) ended.push(await followJob(feed, id, (event) => reporter.event(event), signal));
  } catch (error) {
    if (signal.aborted) return 0;
    const failure = asUpreelError(error);
    reporter.exit(failure.exitCode, toErrorRecord(failure));
    return failure.exitCode;
  }
  const code = exitCodeOfAll(ended);
  reporter.exit(code, ended.map((job) => errorOf(job)).find((error) => error !== null) ?? undefined);
  return code;
}

function errorOf(job: Parameters<typeof failureOf>[0]): ErrorRecord | null {
  const failure = failureOf(job);
  return failure && toErrorRecord(failure);
}

function openJobsReporter(
  { rawFlags }: ViewJobsOptions,
  inputsTotal: number,
  onInterrupt: () => void,
): Promise<Reporter> {
  const { stdout, stderr, stdin, env } = process;
  const { json, tui, verbose } = rawFlags;
  const kind = chooseReporter({ json: json === true, noTui: tui === false, stdoutIsTty: stdout.isTTY, env });
  return openReporter({ ...{ kind, stdout, stderr, stdin, env, onInterrupt, inputsTotal }, verbose: verbose === true });
}

function goesOn(ids: readonly string[]): string {
  const [first] = ids;
  return ids.length === 1
    ? `upreel: the job goes on. Look at it with: upreel watch ${first}\n`
    : `upreel: ${ids.length} jobs go on. Look at them with: upreel watch\n`;
}

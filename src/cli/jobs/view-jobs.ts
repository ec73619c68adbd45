import { asUpreelError, toErrorRecord } from '../../core/errors.ts';
import {
  exitCodeOfAll,
  failureOf,
  followJob,
  hasEnded,
  type JobFeed,
  type JobSnapshot,
  untilJob,
} from '../../job/index.ts';
import { errorText } from '../error-text.ts';
import { openFeed } from '../fleet-commands/address.ts';
import { openReporter } from '../report/open-reporter.ts';
import { openLineWriter } from '../report/report-lines.ts';
import { chooseReporter, type Reporter, type ReporterKind } from '../report/reporter.ts';
import { jobLine, lookHere } from './jobs-text.ts';

export interface ViewJobsOptions {
  readonly rawFlags: Record<string, unknown>;
  /** This command has started them: the view may end them, and closing it says how to come back. */
  readonly startedHere: boolean;
  /** Hears of each that has ended by the time the person leaves. */
  readonly onEnded?: (job: JobSnapshot) => void;
}

/**
 * Looks at jobs until they have ended or the person leaves, which stops nothing.
 * @returns the exit code: that of the jobs, or 0 for who left.
 */
export async function viewJobs(ids: readonly string[], options: ViewJobsOptions): Promise<number> {
  const { json, tui } = options.rawFlags;
  const { stdout, env } = process;
  const kind = chooseReporter({ json: json === true, noTui: tui === false, stdoutIsTty: stdout.isTTY, env });
  const feed = await openFeed(options.rawFlags);
  try {
    return kind === 'view' ? await viewOnDashboard(feed, ids, options) : await tellOfJobs(feed, ids, kind, options);
  } finally {
    feed.close();
  }
}

async function viewOnDashboard(feed: JobFeed, ids: readonly string[], options: ViewJobsOptions): Promise<number> {
  const { stdout, stdin, stderr, env } = process;
  // React's development build costs half as much again per draw; it is chosen when React loads.
  env.NODE_ENV ??= 'production';
  const { openDashboard } = await import('../../tui/dashboard/open-dashboard.ts');
  const look = lookHere();
  const [selected] = ids;
  const how = await openDashboard({
    feed,
    look,
    stdout,
    stdin,
    env,
    ownJobs: options.startedHere ? ids : [],
    ...(selected === undefined ? {} : { selected }),
    bell: options.rawFlags.bell !== false,
  });
  if (!options.startedHere) return 0;
  // The dashboard has left the screen as it was: what stays in the terminal is said here.
  const jobs = await Promise.all(ids.map((id) => untilJob(feed, id, how === 'left' ? () => true : hasEnded)));
  const [lines, words] = [openLineWriter(stdout), openLineWriter(stderr)];
  const wording = { verbose: options.rawFlags.verbose === true, charset: look.charset };
  for (const job of jobs) {
    lines.write(`${jobLine(job, look)}\n`);
    const failure = hasEnded(job) ? failureOf(job) : null;
    if (hasEnded(job)) options.onEnded?.(job);
    if (failure !== null) words.write(errorText(toErrorRecord(failure), wording));
  }
  if (how === 'left') words.write(goesOn(ids));
  await Promise.all([lines.flush(), words.flush()]);
  return how === 'left' ? 0 : exitCodeOfAll(jobs);
}

/** Plain lines, or JSON: told as if the jobs ran here, one after another. */
async function tellOfJobs(
  feed: JobFeed,
  ids: readonly string[],
  kind: ReporterKind,
  { rawFlags }: ViewJobsOptions,
): Promise<number> {
  const leave = new AbortController();
  const onLeave = (): void => leave.abort(new Error('left'));
  for (const signal of LEAVING) process.on(signal, onLeave);
  const { stdout, stderr, stdin, env } = process;
  const verbose = rawFlags.verbose === true;
  const reporter = await openReporter({ kind, stdout, stderr, stdin, env, inputsTotal: ids.length, verbose });
  try {
    return await followAll(feed, ids, reporter, leave.signal);
  } finally {
    await reporter.close();
    for (const signal of LEAVING) process.off(signal, onLeave);
  }
}

const LEAVING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function followAll(
  feed: JobFeed,
  ids: readonly string[],
  reporter: Reporter,
  signal: AbortSignal,
): Promise<number> {
  const ended: JobSnapshot[] = [];
  try {
    for (const id of ids) ended.push(await followJob(feed, id, (event) => reporter.event(event), signal));
  } catch (error) {
    if (signal.aborted) return 0;
    const failure = asUpreelError(error);
    reporter.exit(failure.exitCode, toErrorRecord(failure));
    return failure.exitCode;
  }
  const code = exitCodeOfAll(ended);
  const failure = ended.map(failureOf).find((error) => error !== null);
  reporter.exit(code, failure ? toErrorRecord(failure) : undefined);
  return code;
}

function goesOn(ids: readonly string[]): string {
  const [first] = ids;
  return ids.length === 1
    ? `upreel: the job goes on. Look at it with: upreel watch ${first}\n`
    : `upreel: ${ids.length} jobs go on. Look at them with: upreel watch\n`;
}

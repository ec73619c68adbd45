import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { UpreelError } from '../../core/errors.ts';
import {
  adoptJob,
  exitCodeOfAll,
  followHistory,
  hasEnded,
  type JobAction,
  type JobFeed,
  type JobSnapshot,
  pickJob,
  untilJob,
} from '../../job/index.ts';
import { safeText } from '../../tui/index.ts';
import { addFleetOptions, type FleetFlags, namesFleet, openFeed } from '../fleet-commands/address.ts';
import { drainWorker } from '../fleet-commands/workers.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { toJobRecord, toJsonLine } from '../report/report-json.ts';
import { openLineWriter } from '../report/report-lines.ts';
import { reporterKind } from '../report/reporter.ts';
import { jobLine, jobsTable, lookHere } from './jobs-text.ts';
import { viewJobs } from './view-jobs.ts';

const JOB = 'its id or the beginning of it, its folder (OUTPUT.upreel), its output or its source';

/** Adds the commands that look at jobs and steer them, from any terminal. `resume` is in resume.ts. */
export function addJobCommands(program: Command): void {
  const withJson = (name: string, description: string): Command =>
    addFleetOptions(program.command(name))
      .description(description)
      .option('--json', 'one JSON object per line on standard output');

  withJson('jobs', 'the videos that run, wait, or were left unfinished, and those that are done').action((flags) =>
    withFeed(flags, async (feed) => printJobs(list(feed), flags, true)),
  );

  addFleetOptions(program.command('watch'))
    .description('look at running jobs; leaving the view stops nothing')
    .argument('[job]', JOB)
    .option('--json', 'one JSON object per line on standard output')
    .option('--no-tui', 'plain lines instead of the live view')
    .option('--no-bell', 'do not ring or notify when a job ends')
    .action(watch);

  addFleetOptions(program.command('logs'))
    .description("a job's history")
    .argument('<job>', JOB)
    .option('-f, --follow', 'go on with what happens, until the job ends')
    .option('-n, --lines <n>', 'how many of the last lines', '50')
    .action(logs);

  const steer = (name: string, description: string, action: JobAction, isDone: (job: JobSnapshot) => boolean): void => {
    withJson(name, description)
      .argument('<job>', action === 'drain' ? `${JOB}; or with --queue a worker's name` : JOB)
      .action(async (job: string, flags) => {
        if (action === 'drain' && namesFleet(flags) && (await drainWorker(flags, job))) return;
        await withFeed(flags, async (feed) => {
          const { id } = await find(feed, job);
          await feed.act(id, action);
          await printJobs([await untilJob(feed, id, isDone)], flags);
        });
      });
  };
  steer(
    'pause',
    'stop working and keep everything in memory, until `upreel resume`',
    'pause',
    (job) => job.state === 'paused' || hasEnded(job),
  );
  steer(
    'drain',
    'finish the segment at work, then stop; `upreel resume` goes on',
    'drain',
    (job) => ['draining', 'paused'].includes(job.state) || hasEnded(job),
  );
  steer('cancel', 'stop at once; what is finished stays, and `upreel resume` goes on', 'cancel', hasEnded);

  withJson('wait', 'wait until jobs have ended; the exit code is that of the job, or 9 if some of several failed')
    .argument('<job...>', JOB)
    .action(wait);

  withJson('remove', 'forget a job and remove its unfinished files; never its output or source')
    .argument('[job]', JOB)
    .option('--done', 'all that are done')
    .option('--failed', 'all that failed')
    .option('--force', 'cancel it first if it runs')
    .action(remove);

  withJson('move', 'change the order in which jobs wait for a device, or in which films of a fleet are made')
    .argument('<direction>', 'up or down')
    .argument('<job>', JOB)
    .action((direction: string, job: string, flags) =>
      withFeed(flags, async (feed) => {
        if (direction !== 'up' && direction !== 'down') {
          throw new UpreelError('usage', `Expected up or down, got ${direction}.`, { hint: 'upreel move up JOB' });
        }
        const { id } = await find(feed, job);
        await feed.act(id, direction === 'up' ? 'move-up' : 'move-down');
        await printJobs(
          list(feed).filter((job) => (feed.isLocal ? job.state === 'queued' : !hasEnded(job))),
          flags,
        );
      }),
    );
}

/** The job that is meant, listed now if it was not. @throws UpreelError `usage`. */
export async function find(feed: JobFeed, name: string): Promise<JobSnapshot> {
  const found = pickJob(list(feed), name);
  if (found !== null) return found;
  if (!feed.isLocal) throw new UpreelError('usage', `There is no film ${name}.`, { hint: 'See upreel jobs --queue.' });
  const id = await adoptJob(name).catch((error: unknown) => {
    if (error instanceof UpreelError && error.code === 'usage' && !/[/\\.]/.test(name)) {
      throw new UpreelError('usage', `There is no job ${name}.`, { hint: 'See upreel jobs.' });
    }
    throw error;
  });
  return untilJob(feed, id, () => true);
}

export function list(feed: JobFeed): readonly JobSnapshot[] {
  let jobs: readonly JobSnapshot[] = [];
  feed.subscribe((now) => {
    jobs = now;
  })();
  return jobs;
}

/** The films of a fleet, if one is named, else this machine's jobs. */
export async function withFeed<T>(flags: FleetFlags, work: (feed: JobFeed) => Promise<T>): Promise<T> {
  const feed = await openFeed(flags);
  try {
    return await work(feed);
  } finally {
    feed.close();
  }
}

async function printJobs(
  jobs: readonly JobSnapshot[],
  { json }: { readonly json?: boolean },
  asTable = jobs.length !== 1,
): Promise<void> {
  const out = openLineWriter(process.stdout);
  const look = lookHere();
  if (json) for (const job of jobs) out.write(toJsonLine(toJobRecord(job)));
  else if (asTable) out.write(`${jobsTable(jobs, look, process.stdout.isTTY ? process.stdout.columns : null)}\n`);
  else out.write(`${jobLine(jobs[0]!, look)}\n`);
  await out.flush();
}

async function watch(name: string | undefined, flags: FleetFlags & Record<string, unknown>): Promise<void> {
  const ids = await withFeed(flags, async (feed) => {
    if (name !== undefined) return [(await find(feed, name)).id];
    const jobs = list(feed);
    const running = jobs.filter((job) => !hasEnded(job)).map(({ id }) => id);
    // The view shows all of them, and can go on with those that do not run.
    if (reporterKind(flags) === 'view' ? jobs.length > 0 : running.length === 1) return running;
    throw running.length > 1
      ? new UpreelError('usage', 'Several jobs run: name the one to watch.', { hint: 'See upreel jobs.' })
      : new UpreelError('usage', 'No job runs.', { hint: 'upreel jobs shows those that can go on.' });
  });
  process.exitCode = await viewJobs(ids, { rawFlags: flags, startedHere: false });
}

async function logs(
  name: string,
  { follow, lines, ...fleet }: FleetFlags & { readonly follow?: boolean; readonly lines: string },
): Promise<void> {
  const limit = Number(lines);
  if (!Number.isInteger(limit) || limit < 0 || lines.trim() === '') {
    throw new UpreelError('usage', `--lines cannot be ${lines}: it takes a whole number.`);
  }
  const out = openLineWriter(process.stdout);
  const { charset } = lookHere();
  await withFeed(fleet, async (feed) => {
    const job = await find(feed, name);
    // What is followed is read once: nothing happens unseen between two looks.
    const before = await feed.log(job.id, follow && !feed.isLocal ? Math.max(limit, MOST_FOLLOWED) : limit);
    for (const line of limit === 0 ? [] : before.slice(-limit)) out.write(`${safeText(line, { charset })}\n`);
    if (!follow) return;
    const { signal, drain, dispose } = listenForInterrupts();
    const either = AbortSignal.any([signal, drain]);
    const more = feed.isLocal ? followHistory(job, either) : followFilm(feed, job.id, before, either);
    try {
      for await (const line of more) out.write(`${safeText(line, { charset })}\n`);
    } finally {
      dispose();
    }
  });
  await out.flush();
}

/** What becomes new in a film's history, until it has ended. @param before what it was until now */
async function* followFilm(
  feed: JobFeed,
  id: string,
  before: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const told = new Set(before);
  for (;;) {
    const job = list(feed).find((other) => other.id === id);
    const isLast = signal.aborted || job === undefined || hasEnded(job);
    for (const line of await feed.log(id, MOST_FOLLOWED)) {
      if (!told.has(line)) yield line;
      told.add(line);
    }
    if (isLast) return;
    await sleep(FOLLOW_MILLISECONDS, undefined, { signal }).catch(() => {});
  }
}

const MOST_FOLLOWED = 1000;
/** Records of segments go with their film, which is joined within seconds. */
const FOLLOW_MILLISECONDS = 500;

async function wait(names: readonly string[], flags: FleetFlags & { readonly json?: boolean }): Promise<void> {
  await withFeed(flags, async (feed) => {
    const ids = [];
    for (const name of names) ids.push((await find(feed, name)).id);
    const ended = await Promise.all([...new Set(ids)].map((id) => untilJob(feed, id, hasEnded)));
    await printJobs(ended, flags);
    process.exitCode = exitCodeOfAll(ended);
  });
}

interface RemoveFlags extends FleetFlags {
  readonly done?: boolean;
  readonly failed?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function remove(name: string | undefined, flags: RemoveFlags): Promise<void> {
  const states = [...(flags.done ? ['done'] : []), ...(flags.failed ? ['failed'] : [])];
  if ((name === undefined) === (states.length === 0)) {
    throw new UpreelError('usage', 'Name one job, or say which kind: --done, --failed.', { hint: 'See upreel jobs.' });
  }
  await withFeed(flags, async (feed) => {
    const jobs =
      name === undefined ? list(feed).filter(({ state }) => states.includes(state)) : [await find(feed, name)];
    const out = openLineWriter(process.stdout);
    for (const job of jobs) out.write(await removeOne(feed, job, flags));
    if (jobs.length === 0 && !flags.json) out.write('There is none.\n');
    await out.flush();
  });
}

/** @returns the line that says so. */
async function removeOne(feed: JobFeed, job: JobSnapshot, { force, json }: RemoveFlags): Promise<string> {
  if (!hasEnded(job) && force) {
    await feed.act(job.id, 'cancel');
    await untilJob(feed, job.id, hasEnded);
  }
  await feed.act(job.id, 'remove');
  if (json) return toJsonLine({ v: 1, type: 'removed', id: job.id, output: job.output });
  return `Removed ${job.id}: ${safeText(job.output, { charset: lookHere().charset })}\n`;
}

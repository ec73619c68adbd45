import type { JobFeed, JobSnapshot } from '../../job/index.ts';
import { openKeyboard } from '../keyboard.tsx';
import type { Look } from '../look.ts';
import { CELLS_ONLY, queryGraphics } from '../picture/graphics-query.ts';
import { safeText, text } from '../safe-text.ts';
import { allWritten, outliveTerminal } from '../terminal.ts';
import { type DashboardEnd, JobSession } from './job-session.ts';
import { notification } from './notification.ts';
import { Painter } from './painter.ts';

export interface DashboardOptions {
  /** Not closed by the dashboard. */
  readonly feed: JobFeed;
  readonly look: Look;
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Looked at first. */
  readonly selected?: string;
  /** Jobs that this terminal started: Ctrl-C asks about them, and the dashboard ends when they have all ended. */
  readonly ownJobs?: readonly string[];
  /** Ring and notify when a job ends. Default: true. */
  readonly bell?: boolean;
}

/**
 * Shows all jobs on the alternate screen until the person leaves; then the terminal is as it was.
 * A terminal that goes away, a job whose folder is deleted, a feed that fails: none of them is an error here.
 */
export async function openDashboard(options: DashboardOptions): Promise<DashboardEnd> {
  const { feed, stdout, stdin, ownJobs = [], selected = null } = options;
  outliveTerminal(stdout);
  // Raw from here to the end: a key that comes before Ink reads would else wait for the end of a line.
  if (stdin.isTTY) stdin.setRawMode(true);
  const graphics = stdin.isTTY ? await queryGraphics(stdin, stdout) : CELLS_ONLY;
  const session: JobSession = new JobSession({
    feed,
    selected,
    ownJobs,
    showsLogs: () => painter.isTall(),
    onChange: (kind) => painter.drawSoon(kind),
    onRedraw: () => painter.redraw(),
    onJobEnded: (job) => ring(job, options),
  });
  const painter = new Painter(session, { ...options, graphics, ownJobs });
  try {
    return await untilEnded(session, painter, options);
  } finally {
    painter.close();
    if (stdin.isTTY) stdin.setRawMode(false);
    await allWritten(stdout);
  }
}

async function untilEnded(session: JobSession, painter: Painter, options: DashboardOptions): Promise<DashboardEnd> {
  const { feed, stdin, stdout } = options;
  const leave = () => session.end('left');
  const onGone = () => {
    painter.close();
    leave();
  };
  painter.open();
  process.on('exit', onGone);
  // So that what is printed of a crash is not lost with the alternate screen.
  process.on('uncaughtExceptionMonitor', onGone);
  // Of others: while the keyboard is read, Ctrl-C is a key.
  process.on('SIGINT', leave);
  const unsubscribe = feed.subscribe((jobs) => session.takeJobs(jobs));
  painter.drawNow();
  const keyboard = openKeyboard({ stdin, stdout }, { onKey: stdin.isTTY ? (key) => session.press(key) : null, onGone });
  const timers = [setInterval(() => session.tick(), TICK_MS), setInterval(() => void session.look(), LOOK_MS)];
  void session.look();
  try {
    return await session.ended;
  } finally {
    unsubscribe();
    for (const timer of timers) clearInterval(timer);
    keyboard.close();
    process.off('exit', onGone);
    process.off('uncaughtExceptionMonitor', onGone);
    process.off('SIGINT', leave);
  }
}

const TICK_MS = 1000;
const LOOK_MS = 2000;

function ring(job: JobSnapshot, { stdout, env, look, bell = true }: DashboardOptions): void {
  if (!bell || !stdout.isTTY) return;
  const name = safeText(job.output, { charset: look.charset, maxColumns: 60 });
  stdout.write(notification(text`${name} ${job.state === 'done' ? text`is done` : text`has failed`}`, env));
}

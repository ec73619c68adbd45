import { render } from 'ink';
import { asUpreelError } from '../../core/errors.ts';
import type { FramePair, JobAction, JobFeed, JobSnapshot } from '../../job/index.ts';
import type { Look } from '../look.ts';
import { CELLS_ONLY, type Graphics, queryGraphics } from '../picture/graphics-query.ts';
import { safeText, text } from '../safe-text.ts';
import { Dashboard, sameLine } from './dashboard.tsx';
import { FullScreen, type Overlay } from './full-screen.ts';
import { isAlive } from './job-state.ts';
import { type Command, commandFor, type Key } from './keys.ts';
import { openLoadMeter } from './load-meter.ts';
import type { MachineLoad } from './machine.ts';
import { notification } from './notification.ts';
import { drawPreview, previewCaption } from './preview.ts';
import { drawScreen, type Screen } from './screen.ts';
import { type DashboardAction, initialDashboard, reduceDashboard, selectedJob } from './ui-state.ts';

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
 * `left`: the jobs go on (also when the terminal went away). `drained`, `aborted`: asked for, and the jobs of this
 * terminal were told. `ended`: they have all ended by themselves.
 */
export type DashboardEnd = 'left' | 'drained' | 'aborted' | 'ended';

/**
 * Shows all jobs on the alternate screen until the person leaves; then the terminal is as it was.
 * A terminal that goes away, a job whose folder is deleted, a feed that fails: none of them is an error here.
 */
export async function openDashboard(options: DashboardOptions): Promise<DashboardEnd> {
  const { feed, look, stdout, stdin, env, ownJobs = [] } = options;
  stdout.on('error', ignoreLostTerminal);
  // Raw from here to the end: a key that comes before Ink reads would else wait for the end of a line.
  if (stdin.isTTY) stdin.setRawMode(true);
  const graphics: Graphics = stdin.isTTY ? await queryGraphics(stdin, stdout) : CELLS_ONLY;
  const screen = new FullScreen(stdout);
  const meter = openLoadMeter(seconds);
  let state = initialDashboard(options.selected ?? null);
  let shown: Screen | null = null;
  let load: { readonly id: string; readonly load: MachineLoad } | null = null;
  let pair: { readonly id: string; readonly pair: FramePair | null } | null = null;
  let overlay: Overlay | null = null;
  let drawing: NodeJS.Timeout | null = null;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let ending: DashboardEnd | null = null;
  let finish: (how: DashboardEnd) => void = () => undefined;
  const ended = new Promise<DashboardEnd>((resolve) => {
    finish = resolve;
  });

  const frame = (): Screen =>
    drawScreen(state, {
      ...{ columns: screen.columns, rows: screen.terminalRows, look, now: new Date(), ownJobs },
      load: load !== null && load.id === state.selected ? load.load : null,
      previewCaption: previewCaption(currentPair(), state.preview, look),
    });
  const onKey = stdin.isTTY ? (key: Key) => press(key) : null;
  const onGone = () => {
    screen.close();
    finish('left');
  };
  const element = (now: Screen) => (
    <Dashboard screen={screen} lines={now.lines} look={look} onKey={onKey} onGone={onGone} />
  );

  screen.open();
  process.on('exit', onGone);
  // So that what is printed of a crash is not lost with the alternate screen.
  process.on('uncaughtExceptionMonitor', onGone);
  const unsubscribe = feed.subscribe(takeJobs);
  shown = frame();
  // Before Ink's own listener, which draws the old rows at the new width.
  screen.on('resize', () => drawNow());
  const ink = render(element(shown), {
    stdout: screen as unknown as NodeJS.WriteStream,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    isScreenReaderEnabled: false,
    // Without Ink's own throttle, which holds frames back that are not wanted anyway.
    debug: true,
  });
  // Of others: while the keyboard is read, Ctrl-C is a key.
  const onInterrupt = () => finish('left');
  process.on('SIGINT', onInterrupt);
  const timers = [
    setInterval(() => dispatch({ type: 'tick', atSeconds: seconds() }, 'news'), TICK_MS),
    setInterval(() => void lookAtSelected(), LOOK_MS),
  ];
  void lookAtSelected();

  try {
    return await ended;
  } finally {
    unsubscribe();
    for (const timer of timers) clearInterval(timer);
    if (drawing !== null) clearTimeout(drawing);
    ink.unmount();
    if (stdin.isTTY) stdin.setRawMode(false);
    screen.close();
    process.off('exit', onGone);
    process.off('uncaughtExceptionMonitor', onGone);
    process.off('SIGINT', onInterrupt);
    await new Promise<void>((resolve) => {
      if (stdout.destroyed) resolve();
      else stdout.write('', () => resolve());
    });
  }

  function takeJobs(jobs: readonly JobSnapshot[]): void {
    tellOfEnded(state.jobs, jobs);
    dispatch({ type: 'jobs', jobs, atSeconds: seconds() }, 'news');
    const awaited = jobs.filter((job) => ownJobs.includes(job.id));
    const areOver = ownJobs.length > 0 && awaited.every((job) => !isAlive(job.state));
    // Gone from the list before it was ever on it: not begun yet.
    if (areOver && (awaited.length > 0 || ending !== null)) finish(ending ?? 'ended');
  }

  function tellOfEnded(before: readonly JobSnapshot[], now: readonly JobSnapshot[]): void {
    if (options.bell === false || !stdout.isTTY) return;
    for (const job of now) {
      const was = before.find((other) => other.id === job.id);
      if (was === undefined || !isAlive(was.state) || (job.state !== 'done' && job.state !== 'failed')) continue;
      const name = safeText(job.output, { charset: look.charset, maxColumns: 60 });
      stdout.write(notification(text`${name} ${job.state === 'done' ? text`is done` : text`has failed`}`, env));
    }
  }

  function press(key: Key): void {
    const ownsJobs = state.jobs.some((job) => ownJobs.includes(job.id) && isAlive(job.state));
    const command = commandFor(key, state, ownsJobs);
    if (command !== null) obey(command);
  }

  function obey(command: Command): void {
    switch (command.type) {
      case 'leave':
        finish('left');
        break;
      case 'redraw':
        screen.redraw();
        draw(true);
        break;
      case 'refuse':
        notify(command.words, true);
        break;
      case 'act':
        dispatch({ type: 'mode', mode: { kind: 'jobs' } }, 'key');
        void act(command.id, command.action);
        break;
      case 'drain-own':
      case 'abort-own':
        void endOwn(command.type);
        break;
      case 'change':
        dispatch(command.action, 'key');
        if (command.action.type !== 'filter') void lookAtSelected();
        break;
    }
  }

  async function act(id: string, action: JobAction): Promise<void> {
    try {
      await feed.act(id, action);
      notify(DONE_WORDS[action], false);
    } catch (error) {
      const { message, hint } = asUpreelError(error);
      notify(hint === '' ? message : `${message} ${hint}`, true);
    }
  }

  /** Draining may take as long as a segment: the view stays until it is over, or is left. */
  async function endOwn(how: 'drain-own' | 'abort-own'): Promise<void> {
    const own = state.jobs.filter((job) => ownJobs.includes(job.id) && isAlive(job.state));
    ending = how === 'drain-own' ? 'drained' : 'aborted';
    dispatch({ type: 'mode', mode: { kind: 'jobs' } }, 'key');
    await Promise.all(own.map((job) => act(job.id, how === 'drain-own' ? 'drain' : 'cancel')));
    if (how === 'abort-own') finish('aborted');
  }

  /** What is asked for at its own pace: history, machine, newest frame. */
  async function lookAtSelected(): Promise<void> {
    const job = selectedJob(state);
    if (job === null) return;
    const { id } = job;
    const [lines, machine, frames] = await Promise.all([
      wantsLog() ? feed.log(id, LOG_LINES).catch(() => []) : null,
      isAlive(job.state) ? meter.sample(job.supervisorPid, !/^cpu/.test(job.device)).catch(() => null) : null,
      state.showsPreview ? feed.preview(id).catch(() => null) : null,
    ]);
    if (machine !== null) load = { id, load: machine };
    // The last frame stays when there is no newer one.
    if (state.showsPreview && (frames !== null || pair?.id !== id)) pair = { id, pair: frames };
    if (lines !== null) dispatch({ type: 'log', id, lines }, 'news');
    else draw(false);
  }

  /** Also where it is shown without being asked for. */
  function wantsLog(): boolean {
    return state.showsLog || screen.terminalRows >= 44;
  }

  function notify(words: string, isBad: boolean): void {
    dispatch({ type: 'notice', words, isBad, atSeconds: seconds() }, 'key');
  }

  function dispatch(action: DashboardAction, kind: 'news' | 'key'): void {
    const before = state;
    state = reduceDashboard(state, action);
    if (state !== before || action.type === 'tick') draw(kind === 'key');
  }

  /** Keys are answered at once but for ten draws a second; news can wait for each other. */
  function draw(isUrgent: boolean): void {
    const due = drawnAt + (isUrgent ? URGENT_MS : NEWS_MS) - performance.now();
    if (drawing !== null) {
      if (!isUrgent) return;
      clearTimeout(drawing);
    }
    drawing = setTimeout(drawNow, Math.max(0, due));
  }

  function drawNow(): void {
    if (drawing !== null) clearTimeout(drawing);
    drawing = null;
    // The jobs may be told before the first frame.
    if (shown === null) return;
    drawnAt = performance.now();
    const next = frame();
    const before = shown;
    shown = next;
    const isSame =
      before !== null &&
      before.lines.length === next.lines.length &&
      next.lines.every((line, row) => sameLine(line, before.lines[row]!));
    if (!isSame) ink.rerender(element(next));
    overlay = drawPreview(currentPair(), state.preview, next.picture, overlay, { graphics, look, env });
    screen.setOverlay(overlay);
  }

  function currentPair(): FramePair | null {
    return pair !== null && pair.id === state.selected && state.showsPreview ? pair.pair : null;
  }
}

const URGENT_MS = 100;
const NEWS_MS = 500;
const TICK_MS = 1000;
const LOOK_MS = 2000;
const LOG_LINES = 200;

const DONE_WORDS: Readonly<Record<JobAction, string>> = {
  pause: 'Asked it to pause.',
  resume: 'Asked it to go on.',
  drain: 'It ends after the segments at work.',
  cancel: 'Cancelled; r resumes it.',
  remove: 'Removed.',
  'move-up': 'Moved up.',
  'move-down': 'Moved down.',
};

function seconds(): number {
  return performance.now() / 1000;
}

function ignoreLostTerminal(): void {
  // A hung-up terminal (EIO, EPIPE) must not end the work that it was watching.
}

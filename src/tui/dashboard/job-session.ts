import { asUpreelError } from '../../core/errors.ts';
import type { JobAction, JobFeed, JobSnapshot } from '../../job/index.ts';
import type { Key } from '../keyboard.tsx';
import { isAlive } from './job-state.ts';
import { JobWatch } from './job-watch.ts';
import { type Command, commandFor } from './keys.ts';
import {
  type DashboardAction,
  type DashboardState,
  initialDashboard,
  reduceDashboard,
  selectedJob,
} from './ui-state.ts';

/**
 * `left`: the jobs go on (also when the terminal went away). `drained`, `aborted`: asked for, and the jobs of this
 * terminal were told. `ended`: they have all ended by themselves.
 */
export type DashboardEnd = 'left' | 'drained' | 'aborted' | 'ended';

export interface JobSessionOptions {
  readonly feed: Pick<JobFeed, 'act' | 'log' | 'preview'>;
  readonly selected: string | null;
  /** Jobs that this terminal started: Ctrl-C asks about them, and the session ends when they have all ended. */
  readonly ownJobs: readonly string[];
  /** Whether a job's history is shown without being asked for. */
  readonly showsLogs: () => boolean;
  /** Something is to be seen that was not, or time has passed. */
  readonly onChange: (kind: 'key' | 'news') => void;
  readonly onRedraw: () => void;
  readonly onJobEnded: (job: JobSnapshot) => void;
}

/** What the feed tells of the jobs and what keys ask for, until it ends. */
export class JobSession {
  /** What is known of the selected job beside the state. */
  readonly watch: JobWatch;
  readonly #options: JobSessionOptions;
  #state: DashboardState;
  /** What was asked for that ends the session, but not yet. */
  #ending: DashboardEnd | null = null;
  #finish: (how: DashboardEnd) => void = () => undefined;
  readonly ended = new Promise<DashboardEnd>((resolve) => {
    this.#finish = resolve;
  });

  constructor(options: JobSessionOptions) {
    this.#options = options;
    this.watch = new JobWatch(options.feed);
    this.#state = initialDashboard(options.selected);
  }

  get state(): DashboardState {
    return this.#state;
  }

  end(how: DashboardEnd): void {
    this.#finish(how);
  }

  takeJobs(jobs: readonly JobSnapshot[]): void {
    const { ownJobs } = this.#options;
    this.#tellOfEnded(jobs);
    this.#change({ type: 'jobs', jobs, atSeconds: seconds() }, 'news');
    const awaited = jobs.filter((job) => ownJobs.includes(job.id));
    const areOver = ownJobs.length > 0 && awaited.every((job) => !isAlive(job.state));
    // Gone from the list before it was ever on it: not begun yet.
    if (areOver && (awaited.length > 0 || this.#ending !== null)) this.end(this.#ending ?? 'ended');
  }

  /** Asks for what is told of the selected job alone. */
  async look(): Promise<void> {
    const job = selectedJob(this.#state);
    if (job === null) return;
    const { showsLog, showsPreview } = this.#state;
    const lines = await this.watch.look(job, { log: showsLog || this.#options.showsLogs(), preview: showsPreview });
    if (lines !== null) this.#change({ type: 'log', id: job.id, lines }, 'news');
    else this.#options.onChange('news');
  }

  tick(): void {
    this.#change({ type: 'tick', atSeconds: seconds() }, 'news');
  }

  press(key: Key): void {
    const command = commandFor(key, this.#state, this.#ownAlive().length > 0);
    if (command !== null) this.#obey(command);
  }

  #obey(command: Command): void {
    switch (command.type) {
      case 'leave':
        this.end('left');
        break;
      case 'redraw':
        this.#options.onRedraw();
        break;
      case 'refuse':
        this.#notify(command.words, true);
        break;
      case 'act':
        this.#change({ type: 'mode', mode: { kind: 'jobs' } }, 'key');
        void this.#act(command.id, command.action);
        break;
      case 'drain-own':
      case 'abort-own':
        void this.#endOwn(command.type);
        break;
      case 'change':
        this.#change(command.action, 'key');
        if (command.action.type !== 'filter') void this.look();
        break;
    }
  }

  async #act(id: string, action: JobAction): Promise<void> {
    try {
      await this.#options.feed.act(id, action);
      this.#notify(DONE_WORDS[action], false);
    } catch (error) {
      const { message, hint } = asUpreelError(error);
      this.#notify(hint === '' ? message : `${message} ${hint}`, true);
    }
  }

  /** Draining may take as long as a segment: the view stays until it is over, or is left. */
  async #endOwn(how: 'drain-own' | 'abort-own'): Promise<void> {
    const own = this.#ownAlive();
    this.#ending = how === 'drain-own' ? 'drained' : 'aborted';
    this.#change({ type: 'mode', mode: { kind: 'jobs' } }, 'key');
    await Promise.all(own.map((job) => this.#act(job.id, how === 'drain-own' ? 'drain' : 'cancel')));
    if (how === 'abort-own') this.end('aborted');
  }

  #ownAlive(): readonly JobSnapshot[] {
    return this.#state.jobs.filter((job) => this.#options.ownJobs.includes(job.id) && isAlive(job.state));
  }

  #tellOfEnded(now: readonly JobSnapshot[]): void {
    for (const job of now) {
      const was = this.#state.jobs.find((other) => other.id === job.id);
      if (was === undefined || !isAlive(was.state) || (job.state !== 'done' && job.state !== 'failed')) continue;
      this.#options.onJobEnded(job);
    }
  }

  #notify(words: string, isBad: boolean): void {
    this.#change({ type: 'notice', words, isBad, atSeconds: seconds() }, 'key');
  }

  #change(action: DashboardAction, kind: 'key' | 'news'): void {
    const before = this.#state;
    this.#state = reduceDashboard(before, action);
    if (this.#state !== before || action.type === 'tick') this.#options.onChange(kind);
  }
}

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

import { randomBytes } from 'node:crypto';
import { UpreelError } from '../core/errors.ts';
import type { BridgeJobs } from './protocol.ts';

/** One job after another, first come first served. */
export interface JobQueue {
  readonly length: number;
  /** Whether another job would wait beyond the limit. */
  readonly full: boolean;
  list(): BridgeJobs['jobs'];
  /** @returns false if there is no such job */
  cancel(id: string): boolean;
  /**
   * Waits for the job's turn and works. `onPosition` is called while it waits (1: the next).
   * @throws UpreelError what `work` throws, or the reason of the abort.
   */
  run(job: BridgeJobFacts, work: (job: RunningJob) => Promise<void>, options: QueueOptions): Promise<void>;
}

export interface BridgeJobFacts {
  readonly model: string;
  readonly width: number;
  readonly height: number;
}

export interface RunningJob {
  /** Aborted when the client is gone or the job is cancelled. */
  readonly signal: AbortSignal;
  /** For the list of jobs. */
  setFraction(fraction: number): void;
}

interface QueueOptions {
  readonly signal: AbortSignal;
  readonly onPosition: (position: number) => void;
}

interface Entry {
  readonly id: string;
  readonly facts: BridgeJobFacts;
  readonly controller: AbortController;
  readonly startedAt: number;
  readonly begin: () => void;
  fraction: number;
}

/** A waiting client hears its place as often; writing to it also finds out whether it is still there. */
const POSITION_MILLISECONDS = 1000;

export function openJobQueue({ waitingJobs }: { readonly waitingJobs: number }): JobQueue {
  const waiting: Entry[] = [];
  let running: Entry | null = null;

  async function run(
    facts: BridgeJobFacts,
    work: (job: RunningJob) => Promise<void>,
    options: QueueOptions,
  ): Promise<void> {
    const controller = new AbortController();
    const follow = (): void => controller.abort(options.signal.reason);
    options.signal.addEventListener('abort', follow, { once: true });
    if (options.signal.aborted) follow();
    try {
      const entry = await turnOf(facts, controller, options.onPosition);
      controller.signal.throwIfAborted();
      const setFraction = (fraction: number): void => {
        entry.fraction = fraction;
      };
      await work({ signal: controller.signal, setFraction });
    } finally {
      options.signal.removeEventListener('abort', follow);
      leave(controller);
    }
  }

  async function turnOf(
    facts: BridgeJobFacts,
    controller: AbortController,
    onPosition: QueueOptions['onPosition'],
  ): Promise<Entry> {
    let begin = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const id = randomBytes(8).toString('hex');
    const entry: Entry = { id, facts, controller, startedAt: Date.now(), begin, fraction: 0 };
    waiting.push(entry);
    startNext();
    if (running === entry) return entry;
    const tell = (): void => onPosition(waiting.indexOf(entry) + 1);
    tell();
    const timer = setInterval(tell, POSITION_MILLISECONDS);
    controller.signal.addEventListener('abort', begin, { once: true });
    await turn;
    clearInterval(timer);
    return entry;
  }

  function startNext(): void {
    if (running !== null) return;
    running = waiting.shift() ?? null;
    running?.begin();
  }

  function leave(controller: AbortController): void {
    const index = waiting.findIndex((entry) => entry.controller === controller);
    if (index >= 0) waiting.splice(index, 1);
    if (running?.controller === controller) running = null;
    startNext();
  }

  const all = (): Entry[] => (running === null ? waiting : [running, ...waiting]);

  return {
    get length() {
      return all().length;
    },
    get full() {
      return running !== null && waiting.length >= waitingJobs;
    },
    list: () =>
      all().map((entry) => ({
        id: entry.id,
        state: entry === running ? 'running' : 'waiting',
        ...entry.facts,
        fraction: entry.fraction,
        seconds: (Date.now() - entry.startedAt) / 1000,
      })),
    cancel(id) {
      const entry = all().find((candidate) => candidate.id === id);
      entry?.controller.abort(new UpreelError('interrupted', 'The job was cancelled.'));
      return entry !== undefined;
    },
    run,
  };
}

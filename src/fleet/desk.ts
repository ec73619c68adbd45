import { hostname } from 'node:os';
import { type Job, UnrecoverableError } from 'bullmq';
import type { z } from 'zod';
import { abortWith } from '../core/abort-with.ts';
import type { DeviceName } from '../core/device-name.ts';
import { asUpreelError, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { type EngineNetwork, filmNetwork } from '../engine/index.ts';
import { type Beat, canTake, readBeats } from './beats.ts';
import { FilmStates } from './film-state.ts';
import type { WorkerTotals } from './metrics.ts';
import type { WorkerContext, WorkerNews, WorkerSettings } from './worker-settings.ts';

/** The hold on it has run out: whatever it comes to is another worker's to tell. */
export class HoldLost extends UpreelError {
  constructor() {
    super('interrupted', 'The hold on it was lost: another worker may have taken it.');
  }
}

/** What a worker has before it: its films' states, what is at work, and what it tells of itself. */
export class Desk {
  readonly settings: WorkerSettings;
  readonly context: WorkerContext;
  readonly states: FilmStates;
  totals: WorkerTotals = { segmentsMade: 0, framesMade: 0, failures: 0, lost: 0, segmentSeconds: 0 };
  /** Jobs that were taken and not answered for. */
  atWork = 0;
  /** By the job's id, to be stopped by it. */
  readonly #running = new Map<string, { readonly film: string; readonly stop: AbortController }>();
  #beat: Beat;
  /** The film that is joined beside a segment. */
  #joins: string | null = null;

  /** @param devices that this machine has, and whose queues are served */
  constructor(settings: WorkerSettings, context: WorkerContext, devices: readonly DeviceName[]) {
    this.settings = settings;
    this.context = context;
    this.states = new FilmStates(context.connection);
    this.#beat = {
      name: settings.name,
      host: hostname(),
      pid: process.pid,
      device: settings.network.device,
      devices: [...devices],
      state: 'idle',
      ...NOTHING,
      trouble: null,
    };
  }

  /** While there is no segment, a film that is joined is what it works on. */
  get beat(): Beat {
    const isDraining = this.context.drain.aborted || this.context.signal.aborted;
    const now = this.#beat.film === null && this.#joins !== null ? { ...this.#beat, film: this.#joins } : this.#beat;
    if (isDraining) return { ...now, state: 'draining' };
    return now.film === null ? now : { ...now, state: now.segment === null ? 'joining' : 'working' };
  }

  beginSegment(film: string, segment: number, device: string): void {
    this.#beat = { ...this.#beat, ...NOTHING, film, segment, device };
  }

  endSegment(): void {
    this.#beat = { ...this.#beat, ...NOTHING };
  }

  join(film: string | null): void {
    this.#joins = film;
  }

  follow(event: TaskEvent): void {
    if (event.type !== 'progress') return;
    const { framesDone, framesTotal, framesPerSecond } = event;
    this.#beat = { ...this.#beat, framesDone, framesTotal: framesTotal ?? 0, framesPerSecond };
  }

  tell(news: WorkerNews): void {
    this.context.onNews(news);
  }

  /** @param message null: it is over. */
  trouble(message: string | null): void {
    if (message === this.#beat.trouble) return;
    this.#beat = { ...this.#beat, trouble: message };
    if (message !== null) this.tell({ type: 'trouble', message });
  }

  /** Runs work that stops when its hold is lost, its film is not wanted any more, or this worker ends. */
  async during<T>(job: Pick<Job, 'id'>, film: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { controller: stop, release } = abortWith(this.context.signal);
    const id = job.id ?? '';
    this.#running.set(id, { film, stop });
    try {
      return await work(stop.signal);
    } finally {
      release();
      this.#running.delete(id);
    }
  }

  /** What is at work and not wanted any more is stopped. */
  async stopUnwanted(): Promise<void> {
    for (const { film, stop } of [...this.#running.values()]) {
      if ((await this.states.stateOf(film)) === 'cancelled') stop.abort(new UpreelError('interrupted', 'Cancelled.'));
    }
  }

  stopAll(reason: unknown): void {
    for (const { stop } of this.#running.values()) stop.abort(asUpreelError(reason));
  }

  /** Another one has it, or will: two engines at the same frames help nobody. */
  lose(id: string): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.count({ lost: 1 });
    this.tell({ type: 'lost', film: running.film, message: 'Another worker may have taken it.' });
    running.stop.abort(new HoldLost());
  }

  count(more: Partial<WorkerTotals>): void {
    const sums = Object.entries(this.totals).map(([name, sum]) => [
      name,
      sum + (more[name as keyof WorkerTotals] ?? 0),
    ]);
    this.totals = Object.fromEntries(sums) as unknown as WorkerTotals;
  }

  /** The film's network, on the device of this machine. @param asked the device that the film asks for; null: any */
  async networkFor(id: string, asked: DeviceName | null, signal: AbortSignal): Promise<EngineNetwork> {
    const { store } = this.context;
    const { network } = this.settings;
    const machine = { ...network, device: asked ?? network.device };
    return filmNetwork(store, await store.readFilm(id), machine, signal);
  }

  /**
   * Whether another worker lives that serves the queue for a device (null: for all), and on which this was not tried.
   */
  async othersCan(failed: readonly string[], device: DeviceName | null): Promise<boolean> {
    const beats = await readBeats(this.context.connection);
    return beats.some((beat) => canTake(beat, { failed: [...failed, this.settings.name], device }));
  }

  /** Whoever writes to Redis may have written anything. @throws UnrecoverableError */
  checked<T>(schema: z.ZodType<T>, data: unknown): T {
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    throw this.foreign();
  }

  foreign(): UnrecoverableError {
    const message = 'A job that upreel did not write is refused.';
    this.tell({ type: 'failed', message });
    return new UnrecoverableError(message);
  }
}

const NOTHING = { film: null, segment: null, framesDone: 0, framesTotal: 0, framesPerSecond: null } as const;

/** What another machine would find as well; a store that is not mounted here is none of it. */
export function isBadInput({ code }: UpreelError): boolean {
  return ['usage', 'input-damaged', 'input-unsupported', 'output-exists', 'model-unsupported'].includes(code);
}

/** A full disk is emptied by a person, or by a film that ends; a store that is away comes back. */
export function passesByItself({ code }: UpreelError): boolean {
  return code === 'disk-full' || code === 'store-unreachable';
}

export const PASSING_MILLISECONDS = 10_000;

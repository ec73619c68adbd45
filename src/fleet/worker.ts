import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { z } from 'zod';
import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import {
  chooseDevice,
  type EngineNetwork,
  openRestartingEngine,
  type RestartingEngine,
  sharedTask,
} from '../engine/index.ts';
import type { SharedStore } from '../store/index.ts';
import { type Beat, beat, readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';
import { FilmStates } from './film-state.ts';
import { type FilmJob, filmJobSchema, QUEUES, type SegmentJob, segmentJobSchema } from './names.ts';

/** How this machine runs whatever is asked of it. */
export interface WorkerSettings {
  /** No other worker has it. */
  readonly name: string;
  readonly network: Pick<EngineNetwork, 'gpus' | 'sessions' | 'threads' | 'tilePx' | 'memoryBytes'> & {
    readonly device: EngineNetwork['device'] | 'auto';
  };
  /** Who has not renewed its hold for as long has lost it. */
  readonly lockSeconds: number;
  readonly nice: number;
  readonly stallSeconds: number;
}

/** For logs: one record for each thing that happens. */
export interface WorkerNews {
  readonly type: 'ready' | 'segment' | 'film' | 'failed' | 'lost' | 'released' | 'trouble';
  readonly film?: string;
  readonly segment?: number;
  readonly seconds?: number;
  readonly frames?: number;
  readonly isNew?: boolean;
  readonly message?: string;
}

interface WorkerContext {
  readonly connection: FleetConnection;
  readonly store: SharedStore;
  readonly onNews: (news: WorkerNews) => void;
  /** Aborted: what is at work is finished, nothing else begun. */
  readonly drain: AbortSignal;
  /** Aborted: what is at work goes back to the queue at once. */
  readonly signal: AbortSignal;
}

/** A full disk is emptied by a person, or by a film that ends. */
const FULL_DISK_MILLISECONDS = 15_000;
/** Left for another worker. */
const LEAVE_MILLISECONDS = 2000;
/** A segment whose workers died this often is what kills them. */
const MOST_STALLED = 3;

/**
 * Makes segments, and joins films, until it is told to end. The engine is a process of its own, so that renewing what
 * is held never waits for a tile; what was lost is stopped, and another worker makes it.
 */
export async function runWorker(settings: WorkerSettings, context: WorkerContext): Promise<void> {
  await new FleetWorker(settings, context).run();
}

class FleetWorker {
  readonly #settings: WorkerSettings;
  readonly #context: WorkerContext;
  readonly #states: FilmStates;
  readonly #segmentEngine: RestartingEngine;
  readonly #filmEngine: RestartingEngine;
  /** What is at work, to be stopped by name. */
  readonly #running = new Map<string, { readonly film: string; readonly stop: AbortController }>();
  #beat: Beat;
  /** The film that it joins beside its segment. */
  #joins: string | null = null;

  constructor(settings: WorkerSettings, context: WorkerContext) {
    const { stallSeconds, nice, name } = settings;
    this.#settings = settings;
    this.#context = context;
    this.#states = new FilmStates(context.connection);
    this.#segmentEngine = openRestartingEngine({ stallSeconds, nice });
    this.#filmEngine = openRestartingEngine({ stallSeconds, nice });
    this.#beat = {
      name,
      host: hostname(),
      pid: process.pid,
      device: settings.network.device,
      state: 'idle',
      ...NOTHING,
      segmentsMade: 0,
      framesMade: 0,
      trouble: null,
    };
  }

  async run(): Promise<void> {
    const { connection, onNews, drain, signal } = this.#context;
    const { lockSeconds, name } = this.#settings;
    const { redis, prefix } = connection;
    const how = {
      connection: redis,
      prefix,
      name,
      concurrency: 1,
      lockDuration: 1000 * lockSeconds,
      stalledInterval: 500 * lockSeconds,
      maxStalledCount: MOST_STALLED,
    };
    const segments = new Worker<SegmentJob>(QUEUES.segments, (job, token) => this.#segment(job, token), how);
    const films = new Worker<FilmJob>(QUEUES.films, (job, token) => this.#film(job, token), how);
    for (const worker of [segments, films] as Worker[]) {
      worker.on('error', (error) => this.#trouble(error.message));
      worker.on('ready', () => this.#trouble(null));
      // Another one has it, or will: two engines at the same frames help nobody.
      worker.on('lockRenewalFailed', (ids: string[]) => {
        for (const id of ids) this.#lose(id);
      });
    }
    // Of those whose workers died: nobody else tells of them.
    segments.on('failed', (job, error) => void this.#onFailed(job, error).catch(() => {}));
    await Promise.all([segments.waitUntilReady(), films.waitUntilReady()]);
    const endBeat = beat(
      connection,
      () => this.#told(),
      () => void this.#look().catch(() => {}),
    );
    onNews({ type: 'ready', message: `${name} works for ${connection.shown}` });
    await ended(AbortSignal.any([drain, signal]));
    this.#beat = { ...this.#beat, state: 'draining' };
    const onAbort = (): void => this.#stopAll(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    // Waits for what is at work, and takes nothing new.
    await Promise.all([segments.close(), films.close()]);
    await endBeat();
    await Promise.all([this.#segmentEngine.close(), this.#filmEngine.close()]);
  }

  async #segment(job: Job<SegmentJob>, bullToken: string | undefined): Promise<string> {
    const { film, index, failed } = this.#checked(segmentJobSchema, job.data);
    const { name } = this.#settings;
    if ((await this.#states.stateOf(film)) !== 'running') return 'not wanted';
    if (failed.includes(name) && (await this.#othersCan(failed))) {
      await job.moveToDelayed(Date.now() + LEAVE_MILLISECONDS, bullToken);
      throw new DelayedError();
    }
    const begunAt = performance.now();
    try {
      const made = await this.#during(job, film, async (signal) => {
        const network = await this.#networkFor(film, signal);
        this.#beat = { ...this.#beat, state: 'working', device: network.device, film, segment: index };
        const { store } = this.#context;
        const task = {
          kind: 'segment' as const,
          network,
          store: store.root,
          film,
          index,
          token: token(),
          worker: name,
        };
        const result = await this.#segmentEngine.run(task, { signal, onEvent: (event) => this.#follow(event) });
        if (result.kind !== 'segment') throw new UpreelError('internal', `Expected a segment, got ${result.kind}.`);
        return result.segment;
      });
      if (made.isNew) {
        this.#beat = {
          ...this.#beat,
          segmentsMade: this.#beat.segmentsMade + 1,
          framesMade: this.#beat.framesMade + made.frames,
        };
      }
      // Whoever made it: who did may have died before it could be told.
      await this.#states.addMade(film, index, made);
      const seconds = (performance.now() - begunAt) / 1000;
      this.#context.onNews({ type: 'segment', film, segment: index, seconds, ...made });
      return 'made';
    } catch (error) {
      return await this.#refuse(job, bullToken, error, { film, index, failed });
    } finally {
      this.#rest();
    }
  }

  /** @throws what BullMQ is to do with a segment that was not made. */
  async #refuse(
    job: Job<SegmentJob>,
    bullToken: string | undefined,
    error: unknown,
    { film, index, failed }: SegmentJob,
  ): Promise<string> {
    const { onNews, signal } = this.#context;
    const { name } = this.#settings;
    const failure = asUpreelError(error);
    if (signal.aborted) {
      await job.moveToWait(bullToken);
      onNews({ type: 'released', film, segment: index });
      throw new WaitingError();
    }
    if ((await this.#states.stateOf(film)) !== 'running') return 'not wanted';
    onNews({ type: 'failed', film, segment: index, message: failure.message });
    if (failure.code === 'disk-full') {
      this.#trouble(failure.message);
      await job.moveToDelayed(Date.now() + FULL_DISK_MILLISECONDS, bullToken);
      throw new DelayedError();
    }
    const names = [...new Set([...failed, name])];
    await job.updateData({ film, index, failed: names });
    const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const isHopeless = isBadInput(failure) && (failed.length > 0 || !(await this.#othersCan(names)));
    if (isLast || isHopeless) await this.#states.addFailure(film, index, toErrorRecord(failure));
    throw isHopeless ? new UnrecoverableError(failure.message) : failure;
  }

  async #film(job: Job<FilmJob>, bullToken: string | undefined): Promise<string> {
    const { film, round } = this.#checked(filmJobSchema, job.data);
    const facts = await this.#states.read(film);
    if (facts?.state !== 'running' || facts.round !== round) return 'not wanted';
    const { store, onNews, signal } = this.#context;
    const failures = await this.#states.failures(film);
    if (failures.size > 0) {
      await this.#failFor(
        film,
        [...failures.keys()].sort((a, b) => a - b),
      );
      return 'incomplete';
    }
    const begunAt = performance.now();
    try {
      const ended = await this.#during(job, film, async (stop) => {
        const network = await this.#networkFor(film, stop);
        this.#joins = film;
        const { name: worker } = this.#settings;
        const task = { kind: 'ending' as const, network, store: store.root, film, token: token(), worker };
        const onEvent = (event: TaskEvent): void => {
          if (event.type === 'progress' && event.stage !== 'prepare') void this.#states.setStage(film, event.stage);
        };
        const result = await this.#filmEngine.run(task, { signal: stop, onEvent });
        if (result.kind !== 'ending') throw new UpreelError('internal', `Expected an ending, got ${result.kind}.`);
        return result.ended;
      });
      if (ended.missing.length > 0) {
        await this.#failFor(film, ended.missing);
        return 'incomplete';
      }
      await this.#states.setState(film, 'done');
      await store.removeFilm(film).catch(() => {});
      onNews({ type: 'film', film, seconds: (performance.now() - begunAt) / 1000, frames: ended.frames });
      return 'done';
    } catch (error) {
      if (signal.aborted) {
        await job.moveToWait(bullToken);
        throw new WaitingError();
      }
      const failure = asUpreelError(error);
      onNews({ type: 'failed', film, message: failure.message });
      if (failure.code === 'disk-full') {
        this.#trouble(failure.message);
        await job.moveToDelayed(Date.now() + FULL_DISK_MILLISECONDS, bullToken);
        throw new DelayedError();
      }
      const isLast = isBadInput(failure) || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      if (isLast) await this.#states.setState(film, 'failed', toErrorRecord(failure));
      throw isLast ? new UnrecoverableError(failure.message) : failure;
    } finally {
      this.#joins = null;
    }
  }

  async #failFor(film: string, missing: readonly number[]): Promise<void> {
    const failures = await this.#states.failures(film);
    const first = missing.map((index) => failures.get(index)).find((found) => found !== undefined);
    const numbers = missing.slice(0, 5).map((index) => index + 1);
    const which = `${missing.length === 1 ? 'Segment' : 'Segments'} ${numbers.join(', ')}${missing.length > 5 ? ', ...' : ''}`;
    const why = first === undefined ? '' : `: ${first.message}`;
    const error = new UpreelError(first?.code ?? 'internal', `${which} could not be made${why}`, {
      hint: `upreel retry ${film} --queue tries again; what is made stays.`,
    });
    await this.#states.setState(film, 'failed', toErrorRecord(error));
  }

  /** Runs work that stops when its hold is lost, its film is not wanted any more, or this worker ends. */
  async #during<T>(job: Job, film: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const id = job.id ?? '';
    this.#running.set(id, { film, stop });
    try {
      const { signal } = this.#context;
      return await work(AbortSignal.any([stop.signal, signal]));
    } finally {
      this.#running.delete(id);
    }
  }

  /** The film's network, on the device of this machine. */
  async #networkFor(id: string, signal: AbortSignal): Promise<EngineNetwork> {
    const { store } = this.#context;
    const film = await store.readFilm(id);
    const { network } = sharedTask(film);
    const model = film.checkpoint === null ? network.model : await store.placeOf(film.checkpoint);
    const asked = { ...network, model, ...this.#settings.network };
    const { device } = await chooseDevice(asked, { signal, onEvent: () => {} });
    return { ...asked, device };
  }

  #follow(event: TaskEvent): void {
    if (event.type !== 'progress') return;
    const { framesDone, framesTotal, framesPerSecond } = event;
    this.#beat = { ...this.#beat, framesDone, framesTotal: framesTotal ?? 0, framesPerSecond };
  }

  #rest(): void {
    const { drain } = this.#context;
    this.#beat = { ...this.#beat, ...NOTHING, state: drain.aborted ? 'draining' : 'idle' };
  }

  /** While it has no segment, a film that it joins is what it works on. */
  #told(): Beat {
    if (this.#beat.film !== null || this.#joins === null) return this.#beat;
    return { ...this.#beat, state: 'joining', film: this.#joins };
  }

  /** With each beat: what is at work and not wanted any more is stopped. */
  async #look(): Promise<void> {
    for (const [id, { film }] of [...this.#running]) {
      if ((await this.#states.stateOf(film)) === 'cancelled')
        this.#stop(id, new UpreelError('interrupted', 'Cancelled.'));
    }
  }

  /** Whether another worker lives on which this was not tried. */
  async #othersCan(failed: readonly string[]): Promise<boolean> {
    const beats = await readBeats(this.#context.connection);
    return beats.some(
      ({ name, state }) => name !== this.#settings.name && state !== 'draining' && !failed.includes(name),
    );
  }

  #lose(id: string): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#context.onNews({ type: 'lost', film: running.film, message: 'Another worker may have taken it.' });
    this.#stop(id, new UpreelError('interrupted', 'The hold on it was lost.'));
  }

  #stop(id: string, reason: UpreelError): void {
    this.#running.get(id)?.stop.abort(reason);
  }

  #stopAll(reason: unknown): void {
    for (const id of this.#running.keys()) this.#stop(id, asUpreelError(reason));
  }

  /** @param message null: it is over. */
  #trouble(message: string | null): void {
    if (message === this.#beat.trouble) return;
    this.#beat = { ...this.#beat, trouble: message };
    if (message !== null) this.#context.onNews({ type: 'trouble', message });
  }

  /** Whoever writes to Redis may have written anything. @throws UnrecoverableError */
  #checked<T>(schema: z.ZodType<T>, data: unknown): T {
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    const message = 'A job that upreel did not write is refused.';
    this.#context.onNews({ type: 'failed', message });
    throw new UnrecoverableError(message);
  }

  async #onFailed(job: Job<SegmentJob> | undefined, error: Error): Promise<void> {
    if (job === undefined || !/stalled/.test(error.message)) return;
    const { film, index } = this.#checked(segmentJobSchema, job.data);
    const failure = new UpreelError('engine-died', `Its workers died ${MOST_STALLED + 1} times while they made it.`);
    await this.#states.addFailure(film, index, toErrorRecord(failure));
  }
}

const NOTHING = { film: null, segment: null, framesDone: 0, framesTotal: 0, framesPerSecond: null } as const;

/** What another machine would find as well; a store that is not mounted here is none of it. */
function isBadInput({ code }: UpreelError): boolean {
  return ['usage', 'input-damaged', 'input-unsupported', 'output-exists', 'model-unsupported'].includes(code);
}

function token(): string {
  return randomBytes(8).toString('hex');
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

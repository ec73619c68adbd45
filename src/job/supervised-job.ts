import { asUpreelError, toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { RestartingEngine } from '../engine/index.ts';
import { type ControlServer, type JobChange, openControlServer } from './control/index.ts';
import { parseHours } from './hours.ts';
import { inspectJob } from './inspect-job.ts';
import { openHistoryWriter } from './job-history.ts';
import type { JobSnapshot, JobState } from './job-snapshot.ts';
import type { JobSpec } from './job-spec.ts';
import { applyChange, snapshotOf } from './job-trace.ts';
import { newEntry } from './list-job.ts';
import {
  type JobEntry,
  type JobPlace,
  pruneEntries,
  QueuePlace,
  readEntry,
  socketAddress,
  writeEntry,
} from './registry/index.ts';
import type { JobEnd } from './snapshot-schema.ts';
import { Steering } from './steering.ts';
import { withWayOn } from './way-on.ts';

export interface SupervisionContext {
  readonly queue: RestartingEngine;
  readonly signal: AbortSignal;
  /** Aborted: ends after the segments at work. */
  readonly drain: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
  readonly onState?: (state: JobState, place: number | null) => void;
  /** Once, when the job is listed and can be controlled. */
  readonly onReady?: () => void;
}

export interface JobEnding {
  readonly end: JobEnd;
  readonly failure: UpreelError | null;
}

/** A job that this process has the lock of. For one run. */
export class SupervisedJob {
  readonly #spec: JobSpec;
  readonly #context: SupervisionContext;
  readonly #place: JobPlace;
  readonly #abort = new AbortController();
  readonly #drain = new AbortController();
  #entry: JobEntry;
  #snapshot: JobSnapshot;
  #control: ControlServer | null = null;
  #steering: Steering | null = null;
  #isCancelled = false;
  #done: JobEnd['done'] = null;
  #ending: JobEnding | null = null;
  /** The entry is written by one after another. */
  #writing: Promise<void> = Promise.resolve();

  constructor(spec: JobSpec, place: JobPlace, context: SupervisionContext) {
    this.#spec = spec;
    this.#place = place;
    this.#context = context;
    this.#entry = newEntry(spec, place);
    this.#snapshot = { ...snapshotOf(this.#entry), state: 'queued', supervisorPid: process.pid };
  }

  get ending(): JobEnding {
    if (this.#ending === null) throw new UpreelError('internal', 'Expected a job that has run.');
    return this.#ending;
  }

  /** Never throws: see `ending`. */
  async run(): Promise<void> {
    const history = openHistoryWriter(this.#place);
    const { queue, signal, drain } = this.#context;
    const onAbort = () => this.#abort.abort(signal.reason);
    const onDrain = () => this.#drainNow(asUpreelError(drain.reason));
    let failure: UpreelError | null = null;
    try {
      await this.#list();
      this.#control = await this.#listen();
      this.#steering = this.#steer(history.note);
      signal.addEventListener('abort', onAbort, { once: true });
      drain.addEventListener('abort', onDrain, { once: true });
      if (signal.aborted) onAbort();
      else if (drain.aborted) onDrain();
      this.#context.onReady?.();
      await this.#steering.ready(this.#abort.signal);
      await queue.run(this.#spec.task, {
        signal: this.#abort.signal,
        drain: this.#drain.signal,
        onEvent: (event) => {
          history.add(event);
          this.#take(event);
        },
        onSegments: (news) => this.#change({ type: 'segments', news }),
      });
    } catch (error) {
      failure = withWayOn(asUpreelError(error), this.#place.id);
      history.add({ type: 'failed', input: this.#entry.input, error: toErrorRecord(failure) });
    } finally {
      signal.removeEventListener('abort', onAbort);
      drain.removeEventListener('abort', onDrain);
    }
    this.#ending = { end: this.#endOf(failure), failure };
    await this.#finish(this.#ending);
    await history.close();
  }

  async #list(): Promise<void> {
    const before = await readEntry(this.#place.id);
    const createdAtMs = before?.createdAtMs ?? this.#entry.createdAtMs;
    this.#entry = { ...this.#entry, createdAtMs, started: before?.started ?? null };
    // What earlier runs have finished shows at once.
    const kept = await inspectJob(this.#entry);
    this.#snapshot = { ...kept, state: 'queued', supervisorPid: process.pid };
    await pruneEntries().catch(() => {});
    await this.#write();
  }

  /** A job that nobody can steer still runs. */
  async #listen(): Promise<ControlServer | null> {
    try {
      const address = await socketAddress(this.#place.folder);
      const control = await openControlServer(address, {
        snapshot: () => this.#snapshot,
        act: (request) => this.#act(request),
        preview: () => this.#context.queue.preview(),
      });
      this.#entry = { ...this.#entry, socket: address };
      await this.#write();
      return control;
    } catch (error) {
      this.#warn(`The job cannot be steered from elsewhere: ${messageOf(error)}`);
      return null;
    }
  }

  #steer(note: (text: string) => void): Steering {
    const { only } = this.#spec.queueing;
    let last: JobState | null = null;
    let begunAtMs: number | null = null;
    return new Steering({
      place: new QueuePlace(this.#entry),
      hours: only === null ? null : parseHours(only),
      onUnqueued: (cause) => this.#warn(`The job does not wait for others: ${messageOf(cause)}`),
      onState: (state, place, mayWork) => {
        this.#context.queue.pause(!mayWork);
        if (mayWork) begunAtMs ??= Date.now();
        this.#change({ type: 'state', state, place, endedAtMs: null, begunAtMs });
        this.#context.onState?.(state, place);
        if (state !== last) note(state);
        last = state;
      },
    });
  }

  #act(request: 'pause' | 'resume' | 'drain' | 'cancel'): void {
    switch (request) {
      case 'pause':
        this.#steering?.pause();
        break;
      case 'resume':
        this.#steering?.resume();
        break;
      case 'drain':
        this.#drainNow(new UpreelError('interrupted', 'Stopped after the segment at work.', { hint: GO_ON }));
        break;
      case 'cancel':
        this.#isCancelled = true;
        this.#abort.abort(new UpreelError('interrupted', 'Cancelled.', { hint: GO_ON }));
    }
  }

  #drainNow(reason: UpreelError): void {
    // Nothing is at work, or may not be now: there is nothing to wait for.
    if (this.#steering?.drain() === true) this.#drain.abort(reason);
    else this.#abort.abort(reason);
  }

  #take(event: TaskEvent): void {
    if (event.type === 'started') {
      this.#entry = { ...this.#entry, started: event };
      void this.#write();
    }
    if (event.type === 'done') {
      const { framesTotal, seconds, bytes } = event;
      this.#done = { framesTotal, seconds, bytes };
    }
    this.#change({ type: 'event', event });
    this.#context.onEvent(event);
  }

  #warn(message: string): void {
    this.#take({ type: 'warning', code: 'job', message });
  }

  #change(change: JobChange): void {
    this.#snapshot = applyChange(this.#snapshot, change);
    this.#control?.tell(change);
  }

  #endOf(failure: UpreelError | null): JobEnd {
    const atMs = Date.now();
    if (failure === null) return { state: 'done', atMs, exitCode: 0, error: null, done: this.#done };
    const stopped = this.#abort.signal.aborted || this.#drain.signal.aborted;
    const state = this.#isCancelled ? 'cancelled' : stopped ? 'interrupted' : 'failed';
    return { state, atMs, exitCode: failure.exitCode, error: toErrorRecord(failure), done: null };
  }

  async #finish({ end }: JobEnding): Promise<void> {
    await this.#steering?.close().catch(() => {});
    this.#context.queue.pause(false);
    this.#entry = { ...this.#entry, ended: end, socket: null };
    await this.#write();
    if (end.error !== null) {
      this.#change({ type: 'event', event: { type: 'failed', input: this.#entry.input, error: end.error } });
    }
    this.#change({ type: 'state', state: end.state, place: null, endedAtMs: end.atMs });
    await this.#control?.close();
  }

  /** A state folder that cannot be written to must not stop the work. */
  #write(): Promise<void> {
    const entry = this.#entry;
    this.#writing = this.#writing.then(() => writeEntry(entry)).catch(() => {});
    return this.#writing;
  }
}

const GO_ON = 'What is finished stays: upreel resume goes on with it.';

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

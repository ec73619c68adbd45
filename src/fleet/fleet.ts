import type { DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import type { SharedStore } from '../store/index.ts';
import { askToEnd, type Beat, readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';
import { FilmLogs } from './film-log.ts';
import { FilmPreviews } from './film-preview.ts';
import { type FilmFacts, FilmStates, noSuchFilm, type QueuedFilm } from './film-state.ts';
import { FILM_RANKS, type FilmRank } from './names.ts';
import { FleetQueues } from './queues.ts';

/** What may be asked of films, from any machine that has the queue and the store. */
export class Fleet {
  readonly states: FilmStates;
  readonly queues: FleetQueues;
  readonly logs: FilmLogs;
  readonly previews: FilmPreviews;
  readonly #store: SharedStore | null;
  readonly #connection: FleetConnection;
  readonly #removals = new Set<Promise<void>>();

  /** @param store null: films can be looked at, paused and cancelled. */
  constructor(connection: FleetConnection, store: SharedStore | null) {
    this.states = new FilmStates(connection);
    this.queues = new FleetQueues(connection);
    this.logs = new FilmLogs(this.states, store);
    this.previews = new FilmPreviews(this.states, store);
    this.#store = store;
    this.#connection = connection;
  }

  /**
   * Lists a film that lies in the store and has its segments made that are not there yet.
   * @throws UpreelError `job-running` if it is being made already.
   */
  async enqueue(film: QueuedFilm): Promise<void> {
    const before = await this.states.read(film.id);
    if (before?.state === 'running') {
      throw new UpreelError('job-running', `The film ${film.input} is being made already, as ${film.id}.`, {
        hint: `Look at it with: upreel watch --queue ${this.#connection.shown}`,
      });
    }
    const round = await this.states.begin(film);
    await this.#makeMissing(film.id, round, { device: film.device, rank: 'in-turn' });
  }

  /** Goes on with one that was paused, was cancelled, or has segments that failed. @throws UpreelError `usage`. */
  async resume(id: string): Promise<void> {
    this.#inStore();
    const { state, device = null, rank } = await this.#facts(id);
    if (state === 'running') return;
    if (state === 'done') throw new UpreelError('usage', `The film ${id} is done.`);
    const round = await this.states.goOn(id);
    await this.#makeMissing(id, round, { device, rank });
  }

  /**
   * Before all others, in turn with them, or after them: one of these up, or down.
   * @throws UpreelError `usage` if it has ended, or stands there already.
   */
  async move(id: string, direction: 'up' | 'down'): Promise<void> {
    const { state, rank: before, round, device = null, segments } = await this.#facts(id);
    if (state !== 'running' && state !== 'paused') throw new UpreelError('usage', `The film ${id} does not wait.`);
    const rank = FILM_RANKS[FILM_RANKS.indexOf(before) + (direction === 'up' ? -1 : 1)];
    if (rank === undefined) {
      const where = direction === 'up' ? 'before' : 'after';
      throw new UpreelError('usage', `The film ${id} goes ${where} all others already.`);
    }
    await this.states.setRank(id, rank);
    const made = await this.states.readMade(id, segments);
    const indices = Array.from({ length: segments }, (_, index) => index).filter((index) => made[index] !== true);
    await this.queues.move(id, round, indices, { device, rank });
  }

  /** Segments that are at work are finished, no other is begun. */
  async pause(id: string): Promise<void> {
    await this.#stop(id, 'paused');
  }

  /** Stops at once; what is finished stays in the store. */
  async cancel(id: string): Promise<void> {
    await this.#stop(id, 'cancelled');
  }

  /** Asks a worker to end after what it has at work. @returns false: none of that name was heard lately. */
  drainWorker(name: string): Promise<boolean> {
    return askToEnd(this.#connection, name);
  }

  /** Those that were heard lately. */
  workers(): Promise<readonly Beat[]> {
    return readBeats(this.#connection);
  }

  /** Forgets a film and all of it but its source and its result. @throws UpreelError `job-running`. */
  async remove(id: string): Promise<void> {
    const removal = this.#remove(id);
    this.#removals.add(removal);
    await removal.finally(() => this.#removals.delete(removal));
  }

  /** Lets go of the queue, and of what this machine holds of the store. */
  async close(): Promise<void> {
    const previewsEnd = this.previews.close();
    // Who leaves has asked for all of it.
    await Promise.allSettled(this.#removals);
    try {
      await this.queues.close();
      await this.#connection.close();
    } finally {
      await this.#store?.close();
      await previewsEnd;
    }
  }

  async #remove(id: string): Promise<void> {
    const store = this.#inStore();
    const { state } = await this.#facts(id);
    if (state === 'running') {
      throw new UpreelError('job-running', `The film ${id} is being made.`, {
        hint: 'Cancel it first, or add --force.',
      });
    }
    // Listed to the end: who was stopped in the middle of it can be asked again.
    await store.removeFilm(id);
    await this.states.forget(id);
  }

  async #stop(id: string, state: 'paused' | 'cancelled'): Promise<void> {
    const { state: before, round } = await this.#facts(id);
    if (before === 'done' || before === state) return;
    await this.states.setState(id, state);
    await this.queues.remove(id, round);
  }

  /** What the store holds counts, whatever Redis remembers. */
  async #makeMissing(
    id: string,
    round: number,
    how: { readonly device: DeviceName | null; readonly rank: FilmRank },
  ): Promise<void> {
    const store = this.#inStore();
    const film = await store.readFilm(id);
    const found = await store.segmentsOf(film).findAll();
    const made = found.filter((record) => record !== null);
    const frames = ({ ptsTicks, bytes, index }: (typeof made)[number]) => ({ index, frames: ptsTicks.length, bytes });
    await this.states.setMade(id, made.map(frames));
    const missing = film.segments.map(({ index }) => index).filter((index) => found[index] === null);
    await this.queues.add(id, round, missing, how);
  }

  #inStore(): SharedStore {
    if (this.#store !== null) return this.#store;
    throw new UpreelError('usage', 'That needs the store in which the films lie.', {
      hint: 'Add --store FOLDER, as it is mounted here (or store = "..." in the configuration file).',
    });
  }

  async #facts(id: string): Promise<FilmFacts> {
    const facts = await this.states.read(id);
    if (facts === null) throw noSuchFilm(id);
    return facts;
  }
}

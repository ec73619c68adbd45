import type { DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import type { SharedStore } from '../store/index.ts';
import { askToEnd, type Beat, readBeats } from './beats.ts';
import type { FleetConnection } from './connection.ts';
import { type FilmFacts, FilmStates, noSuchFilm, type QueuedFilm } from './film-state.ts';
import { FleetQueues } from './queues.ts';

/** What may be asked of films, from any machine that has the queue and the store. */
export class Fleet {
  readonly states: FilmStates;
  readonly queues: FleetQueues;
  readonly #store: SharedStore | null;
  readonly #connection: FleetConnection;

  /** @param store null: films can be looked at, paused and cancelled. */
  constructor(connection: FleetConnection, store: SharedStore | null) {
    this.states = new FilmStates(connection);
    this.queues = new FleetQueues(connection);
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
    await this.#makeMissing(film.id, round, film.device);
  }

  /** Goes on with one that was paused, was cancelled, or has segments that failed. @throws UpreelError `usage`. */
  async resume(id: string): Promise<void> {
    this.#inStore();
    const { state, device = null } = await this.#facts(id);
    if (state === 'running') return;
    if (state === 'done') throw new UpreelError('usage', `The film ${id} is done.`);
    const round = await this.states.goOn(id);
    await this.#makeMissing(id, round, device);
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
    const store = this.#inStore();
    const { state } = await this.#facts(id);
    if (state === 'running') {
      throw new UpreelError('job-running', `The film ${id} is being made.`, {
        hint: 'Cancel it first, or add --force.',
      });
    }
    await this.states.forget(id);
    await store.removeFilm(id);
  }

  async close(): Promise<void> {
    await this.queues.close();
    await this.#connection.close();
  }

  async #stop(id: string, state: 'paused' | 'cancelled'): Promise<void> {
    const { state: before, round } = await this.#facts(id);
    if (before === 'done' || before === state) return;
    await this.states.setState(id, state);
    await this.queues.remove(id, round);
  }

  /** What the store holds counts, whatever Redis remembers. */
  async #makeMissing(id: string, round: number, device: DeviceName | null): Promise<void> {
    const store = this.#inStore();
    const film = await store.readFilm(id);
    const found = await store.segmentsOf(film).findAll();
    const made = found.filter((record) => record !== null);
    const frames = ({ ptsTicks, bytes, index }: (typeof made)[number]) => ({ index, frames: ptsTicks.length, bytes });
    await this.states.setMade(id, made.map(frames));
    const missing = film.segments.map(({ index }) => index).filter((index) => found[index] === null);
    await this.queues.add(id, round, missing, device);
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

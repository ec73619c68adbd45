import { UpreelError } from '../core/errors.ts';
import type { FramePair } from '../job/index.ts';
import type { SharedStore } from '../store/index.ts';
import { previewSegment } from '../video/index.ts';
import { FilmOpenings } from './film-openings.ts';
import type { FilmStates } from './film-state.ts';

/** Of a segment that is no file of a folder here, as there may be one every few seconds. */
const MOST_SEGMENT_BYTES = 500e6;

/**
 * Frames of films that are being made, out of the segments that are finished: decoded here, from the store, so that no
 * frame goes through Redis and no worker is kept from its own.
 */
export class FilmPreviews {
  readonly #states: FilmStates;
  readonly #films: FilmOpenings | null;
  /** What was looked at last; a pair of null: it could not be, and the next segment comes soon. */
  #last: { readonly id: string; readonly index: number; readonly pair: FramePair | null } | null = null;
  #looking: Promise<FramePair | null> | null = null;
  readonly #stop = new AbortController();

  /** @param store null: there is nothing to be seen. */
  constructor(states: FilmStates, store: SharedStore | null) {
    this.#states = states;
    this.#films = store && new FilmOpenings(store);
  }

  /**
   * Of the last segment that is made; when it is gone with its film, what was seen last. That it is too while another
   * look is on: each may fetch a segment, which may take longer than until the next one.
   */
  async newest(id: string): Promise<FramePair | null> {
    if (this.#looking !== null || this.#stop.signal.aborted) return this.#lastOf(id);
    this.#looking = this.#look(id).finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** What is being fetched ends when the store is closed. @returns settles when nothing is at work any more. */
  async close(): Promise<void> {
    this.#stop.abort(new UpreelError('interrupted', 'Nobody looks any more.'));
    await Promise.allSettled([this.#looking, this.#films?.ended()]);
  }

  async #look(id: string): Promise<FramePair | null> {
    const facts = await this.#states.read(id);
    if (facts === null || this.#films === null) return null;
    const index = (await this.#states.readMade(id, facts.segments)).lastIndexOf(true);
    const before = this.#lastOf(id);
    const isSeen = this.#last?.id === id && this.#last.index === index;
    if (index < 0 || isSeen || facts.state === 'done') return before;
    const film = await this.#films.find(id);
    if (film === null) return before;
    try {
      const pair = await previewSegment(film, index, MOST_SEGMENT_BYTES, this.#stop.signal);
      if (pair !== null) this.#last = { id, index, pair };
      return pair ?? before;
    } catch (error) {
      this.#last = { id, index, pair: before };
      throw error;
    }
  }

  #lastOf(id: string): FramePair | null {
    return this.#last?.id === id ? this.#last.pair : null;
  }
}

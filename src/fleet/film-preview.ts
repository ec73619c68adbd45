import { UpreelError } from '../core/errors.ts';
import type { FramePair } from '../job/index.ts';
import type { SharedStore } from '../store/index.ts';
import { type OpenSharedFilm, openSharedFilm, previewSegment } from '../video/index.ts';
import type { FilmStates } from './film-state.ts';

/**
 * Frames of films that are being made, out of the segments that are finished: decoded here, from the store, so that no
 * frame goes through Redis and no worker is kept from its own.
 */
export class FilmPreviews {
  readonly #states: FilmStates;
  readonly #store: SharedStore | null;
  /** What was looked at last. */
  #last: { readonly id: string; readonly index: number; readonly pair: FramePair } | null = null;
  #open: { readonly id: string; readonly film: OpenSharedFilm } | null = null;
  readonly #stop = new AbortController();

  /** @param store null, or a bucket, whose films would have to be fetched: there is nothing to be seen. */
  constructor(states: FilmStates, store: SharedStore | null) {
    this.#states = states;
    this.#store = store?.isFolder === true ? store : null;
  }

  /** Of the last segment that is made; when it is gone with its film, what was seen last. */
  async newest(id: string): Promise<FramePair | null> {
    const facts = await this.#states.read(id);
    if (facts === null || this.#store === null) return null;
    const index = (await this.#states.readMade(id, facts.segments)).lastIndexOf(true);
    const known = this.#last?.id === id ? this.#last : null;
    if (index < 0 || known?.index === index || facts.state === 'done') return known?.pair ?? null;
    if (this.#open?.id !== id) this.#open = { id, film: await openSharedFilm(this.#store, id) };
    const pair = await previewSegment(this.#open.film, index, this.#stop.signal);
    if (pair !== null) this.#last = { id, index, pair };
    return pair ?? known?.pair ?? null;
  }

  close(): void {
    this.#stop.abort(new UpreelError('interrupted', 'Nobody looks any more.'));
  }
}

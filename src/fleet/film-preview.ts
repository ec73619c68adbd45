import { UpreelError } from '../core/errors.ts';
import type { FramePair } from '../job/index.ts';
import type { SharedStore } from '../store/index.ts';
import { type OpenSharedFilm, openSharedFilm, previewSegment } from '../video/index.ts';
import type { FilmStates } from './film-state.ts';

/** Of a film that is no file of a folder here: larger ones are not fetched for a look. */
const MOST_FETCHED_BYTES = 4e9;

/**
 * Frames of films that are being made, out of the segments that are finished: decoded here, from the store, so that no
 * frame goes through Redis and no worker is kept from its own.
 */
export class FilmPreviews {
  readonly #states: FilmStates;
  readonly #store: SharedStore | null;
  /** What was looked at last. */
  #last: { readonly id: string; readonly index: number; readonly pair: FramePair } | null = null;
  /** What is looked at; null: it is being fetched, or cannot be. */
  #open: { readonly id: string; film: OpenSharedFilm | null } | null = null;
  readonly #stop = new AbortController();

  /** @param store null: there is nothing to be seen. */
  constructor(states: FilmStates, store: SharedStore | null) {
    this.#states = states;
    this.#store = store;
  }

  /** Of the last segment that is made; when it is gone with its film, what was seen last. */
  async newest(id: string): Promise<FramePair | null> {
    const facts = await this.#states.read(id);
    if (facts === null || this.#store === null) return null;
    const index = (await this.#states.readMade(id, facts.segments)).lastIndexOf(true);
    const known = this.#last?.id === id ? this.#last : null;
    if (index < 0 || known?.index === index || facts.state === 'done') return known?.pair ?? null;
    const film = await this.#opened(this.#store, id);
    if (film === null) return known?.pair ?? null;
    const pair = await previewSegment(film, index, this.#stop.signal);
    if (pair !== null) this.#last = { id, index, pair };
    return pair ?? known?.pair ?? null;
  }

  close(): void {
    this.#stop.abort(new UpreelError('interrupted', 'Nobody looks any more.'));
  }

  /** What must be fetched first comes while other things are shown. */
  async #opened(store: SharedStore, id: string): Promise<OpenSharedFilm | null> {
    if (this.#open?.id === id) return this.#open.film;
    const open: { readonly id: string; film: OpenSharedFilm | null } = { id, film: null };
    this.#open = open;
    const opening = openSharedFilm(store, id, MOST_FETCHED_BYTES).then(
      (film) => {
        open.film = film;
      },
      (error: unknown) => {
        // A source that is too large stays so; all else is tried again.
        const isForGood = error instanceof UpreelError && error.code === 'usage';
        if (!isForGood && this.#open === open) this.#open = null;
        if (store.isFolder) throw error;
      },
    );
    if (store.isFolder) await opening;
    return open.film;
  }
}

import { asUpreelError } from '../core/errors.ts';
import type { SharedStore } from '../store/index.ts';
import { type OpenSharedFilm, openSharedFilm } from '../video/index.ts';
import { PASSING_MILLISECONDS, passesByItself } from './desk.ts';

/** Of a film that is no file of a folder here: larger ones are not fetched for a look. */
const MOST_SOURCE_BYTES = 4e9;
/** Each has its plan in memory. */
const MOST_OPEN = 4;
/** What could not be opened, and will not be by waiting, is not fetched for every look. */
const REFUSED_MILLISECONDS = 600_000;

/** Films that are looked at, opened one after another: their sources may have to be fetched. */
export class FilmOpenings {
  readonly #store: SharedStore;
  /** The one that was looked at last at the end. */
  readonly #open = new Map<string, OpenSharedFilm>();
  /** Films that are not tried again before that time. */
  readonly #refused = new Map<string, number>();
  #opening: Promise<void> | null = null;

  constructor(store: SharedStore) {
    this.#store = store;
  }

  /** @returns null: it is not opened yet, or cannot be; what must be fetched comes while other things are shown. */
  async find(id: string): Promise<OpenSharedFilm | null> {
    const known = this.#open.get(id);
    if (known !== undefined) {
      this.#keep(id, known);
      return known;
    }
    const mayBegin = performance.now() >= (this.#refused.get(id) ?? 0);
    if (mayBegin) {
      this.#opening ??= this.#begin(id).finally(() => {
        this.#opening = null;
      });
    }
    if (this.#store.isFolder) await this.#opening;
    return this.#open.get(id) ?? null;
  }

  /** Settles when nothing is being opened any more: soon, once the store is closed. */
  async ended(): Promise<void> {
    await this.#opening;
  }

  async #begin(id: string): Promise<void> {
    try {
      this.#keep(id, await openSharedFilm(this.#store, id, MOST_SOURCE_BYTES));
    } catch (error) {
      // From a folder nothing is fetched.
      if (this.#store.isFolder) return;
      const wait = passesByItself(asUpreelError(error)) ? PASSING_MILLISECONDS : REFUSED_MILLISECONDS;
      this.#refused.set(id, performance.now() + wait);
    }
  }

  #keep(id: string, film: OpenSharedFilm): void {
    this.#open.delete(id);
    this.#open.set(id, film);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST_OPEN) this.#open.delete(oldest!);
  }
}

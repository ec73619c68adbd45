import { stat } from 'node:fs/promises';
import { UpreelError } from '../../core/errors.ts';
import { hashFile } from '../identity.ts';
import type { S3Facts, S3Objects } from './s3-objects.ts';

/** Names of what is said with a result. */
const FILM = 'upreel-film';
const SHA256 = 'upreel-sha256';

/**
 * What a film puts under names that people chose. Whose it is stands with each object, so that whoever goes on after
 * one that died replaces what that one has put, and nothing else.
 */
export class OwnObjects {
  readonly #objects: S3Objects;
  readonly #film: string;
  readonly #address: string;
  readonly #signal: AbortSignal;

  /** @param film its id @param address of the store, for people */
  constructor(objects: S3Objects, film: string, address: string, signal: AbortSignal) {
    this.#objects = objects;
    this.#film = film;
    this.#address = address;
    this.#signal = signal;
  }

  /** @returns what is told of an object that this film has put; null: there is none, or it is another's. */
  async look(way: string): Promise<S3Facts | null> {
    const found = await this.#objects.look(way);
    return this.#isOurs(found) ? found : null;
  }

  /** @throws UpreelError `output-exists` */
  async requireFree(way: string, overwrite: boolean): Promise<void> {
    if (overwrite) return;
    const found = await this.#objects.look(way);
    if (found !== null && !this.#isOurs(found)) throw this.exists(way);
  }

  /**
   * Nothing is sent where an attempt before this one has put the very same.
   * @param more is said with it @throws UpreelError `output-exists`, `store-unreachable`
   */
  async put(way: string, file: string, more: Readonly<Record<string, string>>, overwrite: boolean): Promise<void> {
    const { size: bytes } = await stat(file);
    const sha256 = await hashFile(file, this.#signal);
    const told: Readonly<Record<string, string>> = { [FILM]: this.#film, [SHA256]: sha256, ...more };
    const found = await this.#objects.look(way);
    const isOurs = this.#isOurs(found);
    if (found?.bytes === bytes && Object.entries(told).every(([name, value]) => found.told[name] === value)) return;
    // A server that knows no conditions would replace it.
    if (found !== null && !isOurs && !overwrite) throw this.exists(way);
    const isPut = await this.#objects.putFile(way, file, { bytes, sha256 }, { told, isNew: !overwrite && !isOurs });
    // The answer to an earlier try may have been lost.
    if (!isPut && (await this.look(way)) === null) throw this.exists(way);
  }

  exists(way: string): UpreelError {
    return new UpreelError('output-exists', `${this.#address}/${way} exists already.`, {
      hint: 'Choose another name with -o, or add --overwrite.',
    });
  }

  #isOurs(found: S3Facts | null): boolean {
    return found?.told[FILM] === this.#film;
  }
}

import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { hashFile } from '../identity.ts';
import type { ResultFacts, SharedResult } from '../shared-store.ts';
import type { S3Objects } from './s3-objects.ts';

/**
 * A result among objects. It is made on this machine and put as a whole; what it is of stands with it, so that who dies
 * after that does not find a result that exists already.
 */
export class S3Result implements SharedResult {
  readonly work: string;
  readonly output: string;
  readonly #objects: S3Objects;
  readonly #film: string;
  readonly #way: string;
  readonly #shown: string;

  /**
   * @param scratch of this process alone
   * @param film its id
   * @param shown the result's name for people
   */
  constructor(objects: S3Objects, film: string, way: string, { scratch, shown }: { scratch: string; shown: string }) {
    this.work = join(scratch, 'join');
    this.output = join(this.work, 'output', basename(way));
    this.#objects = objects;
    this.#film = film;
    this.#way = way;
    this.#shown = shown;
  }

  async published(): Promise<ResultFacts | null> {
    const found = await this.#objects.look(this.#way);
    if (found?.told[FILM] !== this.#film) return null;
    return { frames: Number(found.told[FRAMES] ?? 0), bytes: found.bytes };
  }

  async begin(overwrite: boolean): Promise<void> {
    await this.#requireFree(overwrite);
    await mkdir(join(this.work, 'output'), { recursive: true });
  }

  async verified(): Promise<void> {}

  async publish({ frames }: ResultFacts, overwrite: boolean): Promise<void> {
    const { size: bytes } = await stat(this.output);
    const sha256 = await hashFile(this.output, new AbortController().signal);
    // A server that knows no conditions would replace it.
    await this.#requireFree(overwrite);
    const told = { [FILM]: this.#film, [FRAMES]: `${frames}`, 'upreel-sha256': sha256 };
    const isPut = await this.#objects.putFile(this.#way, this.output, { bytes, sha256 }, { told, isNew: !overwrite });
    // The answer to an earlier try may have been lost.
    if (!isPut && (await this.published()) === null) throw this.#exists();
  }

  async end(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
  }

  async #requireFree(overwrite: boolean): Promise<void> {
    if (!overwrite && (await this.#objects.look(this.#way)) !== null) throw this.#exists();
  }

  #exists(): UpreelError {
    return new UpreelError('output-exists', `${this.#shown} exists already.`, {
      hint: 'Choose another name with -o, or add --overwrite.',
    });
  }
}

/** Names of what is said with a result. */
const FILM = 'upreel-film';
const FRAMES = 'upreel-frames';

import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { hashFile } from '../identity.ts';
import type { PublishOptions, ResultFacts, SharedResult } from '../shared-store.ts';
import { MTIME, type S3Objects } from './s3-objects.ts';

/**
 * A result among objects. It is made on this machine and put as a whole; what it is of stands with it, so that who dies
 * after that does not find a result that exists already.
 */
export class S3Result implements SharedResult {
  readonly work: string;
  readonly output: string;
  readonly report: string | null;
  readonly place = null;
  readonly #objects: S3Objects;
  readonly #film: string;
  readonly #ways: S3ResultWays;
  readonly #address: string;

  /**
   * @param film its id
   * @param scratch of this process alone
   * @param address of the store, for people
   */
  constructor(
    objects: S3Objects,
    film: string,
    ways: S3ResultWays,
    { scratch, address }: { readonly scratch: string; readonly address: string },
  ) {
    this.work = join(scratch, 'join');
    this.output = join(this.work, 'output', basename(ways.output));
    this.report = ways.report === null ? null : join(this.work, 'report', basename(ways.report));
    this.#objects = objects;
    this.#film = film;
    this.#ways = ways;
    this.#address = address;
  }

  async published(): Promise<ResultFacts | null> {
    const found = await this.#objects.look(this.#ways.output);
    if (found?.told[FILM] !== this.#film) return null;
    return { frames: Number(found.told[FRAMES] ?? 0), bytes: found.bytes };
  }

  async begin(overwrite: boolean): Promise<void> {
    const { output, report } = this.#ways;
    for (const way of report === null ? [output] : [output, report]) await this.#requireFree(way, overwrite);
    for (const folder of ['output', 'report']) await mkdir(join(this.work, folder), { recursive: true });
  }

  /** The report first: once the result is there, nobody makes it again. */
  async publish({ frames }: ResultFacts, { overwrite, changedMs }: PublishOptions): Promise<void> {
    const { output, report } = this.#ways;
    if (report !== null && this.report !== null) await this.#put(report, this.report, {}, overwrite);
    const times = changedMs === null ? {} : { [MTIME]: `${changedMs / 1000}` };
    await this.#put(output, this.output, { [FRAMES]: `${frames}`, ...times }, overwrite);
  }

  async end(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
  }

  async #put(way: string, file: string, more: Readonly<Record<string, string>>, overwrite: boolean): Promise<void> {
    const { size: bytes } = await stat(file);
    const sha256 = await hashFile(file, new AbortController().signal);
    const isOurs = await this.#isOurs(way);
    // A server that knows no conditions would replace it.
    if (!isOurs) await this.#requireFree(way, overwrite);
    const told = { [FILM]: this.#film, 'upreel-sha256': sha256, ...more };
    const isPut = await this.#objects.putFile(way, file, { bytes, sha256 }, { told, isNew: !overwrite && !isOurs });
    // The answer to an earlier try may have been lost.
    if (!isPut && !(await this.#isOurs(way))) throw this.#exists(way);
  }

  /** Whether an earlier attempt at this film has put it. */
  async #isOurs(way: string): Promise<boolean> {
    return (await this.#objects.look(way))?.told[FILM] === this.#film;
  }

  async #requireFree(way: string, overwrite: boolean): Promise<void> {
    if (overwrite || (await this.#objects.look(way)) === null || (await this.#isOurs(way))) return;
    throw this.#exists(way);
  }

  #exists(way: string): UpreelError {
    return new UpreelError('output-exists', `${this.#address}/${way} exists already.`, {
      hint: 'Choose another name with -o, or add --overwrite.',
    });
  }
}

/** Of a result and of the report that goes along. */
interface S3ResultWays {
  readonly output: string;
  readonly report: string | null;
}

/** Names of what is said with a result. */
const FILM = 'upreel-film';
const FRAMES = 'upreel-frames';

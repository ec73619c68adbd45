import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { publishFile, writeFileAtomically } from '../core/files/publish.ts';
import { resultPlace } from '../core/files/sequence-name.ts';
import { hashOf } from './shared-film.ts';
import { madeName, type PublishOptions, type ResultFacts, type SharedResult } from './shared-store.ts';

const markerSchema = z.object({
  mark: z.string(),
  facts: z.object({ frames: z.number(), bytes: z.number() }),
  /** SHA-256 of the report; null: there is none. */
  report: z.string().nullable().default(null),
});
type Marker = z.infer<typeof markerSchema>;

/**
 * A result in a folder: made whole on the store's own disk, with its report and its times, so that publishing is two
 * renames. The result's comes last: where it has its name, all else is there. Whoever takes over before that makes all
 * of it again.
 */
export class FolderResult implements SharedResult {
  readonly work: string;
  readonly output: string;
  readonly report: string | null;
  readonly place: string;
  readonly #reportPlace: string | null;
  readonly #marker: string;

  /**
   * @param filmFolder what is kept of the film while it is made
   * @param places the names that result and report get in the end
   */
  constructor(filmFolder: string, places: { readonly output: string; readonly report: string | null }, token: string) {
    this.work = join(filmFolder, `join-${token}`);
    this.output = join(this.work, 'output', madeName(places.output));
    this.report = places.report === null ? null : join(this.work, 'report', basename(places.report));
    this.place = places.output;
    this.#reportPlace = places.report;
    this.#marker = join(filmFolder, 'published.json');
  }

  async published(): Promise<ResultFacts | null> {
    const marker = await this.#readMarker();
    const mark = await markOf(resultPlace(this.place)).catch(() => null);
    return marker !== null && marker.mark === mark ? marker.facts : null;
  }

  /** Whether the result's name is free is its finisher's to see. */
  async begin(): Promise<void> {
    await this.#withdrawReport();
    for (const folder of ['output', 'report']) await mkdir(join(this.work, folder), { recursive: true });
  }

  async publish(facts: ResultFacts, { overwrite, giveName }: PublishOptions): Promise<void> {
    const report = this.report === null ? null : hashOf(await readFile(this.report));
    const marker: Marker = { mark: await markOf(resultPlace(this.output)), facts, report };
    // Who dies between two of the names must find neither a result nor a report that exists already.
    await writeFileAtomically(this.#marker, JSON.stringify(marker));
    if (this.report !== null) await publishFile(this.report, this.#reportPlace!, { overwrite, share: true });
    try {
      await giveName(this.output, this.place);
    } catch (error) {
      // It would tell of a film that is not there.
      await this.#withdrawReport();
      throw error;
    }
  }

  async end(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
  }

  /** Removes the report of an attempt whose result got no name, and no other one. */
  async #withdrawReport(): Promise<void> {
    const place = this.#reportPlace;
    const marker = await this.#readMarker();
    if (place === null || marker === null || marker.report === null) return;
    const found = await readFile(place).catch(() => null);
    if (found !== null && hashOf(found) === marker.report) await rm(place);
  }

  async #readMarker(): Promise<Marker | null> {
    try {
      return markerSchema.parse(JSON.parse(await readFile(this.#marker, 'utf8')));
    } catch {
      return null;
    }
  }
}

/** A file, or a folder of pictures, keeps its number when it gets its name. */
async function markOf(path: string): Promise<string> {
  return `${(await stat(path, { bigint: true })).ino}`;
}

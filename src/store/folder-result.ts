import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { publishFile, writeFileAtomically } from '../core/files/publish.ts';
import { resultPlace } from '../core/files/sequence-name.ts';
import { hashOf } from './shared-film.ts';
import { madeName, type PublishOptions, type ResultFacts, type SharedResult } from './shared-store.ts';

/** What attempts were about to give their names: one that was taken for dead may do so later. */
const attemptsSchema = z.array(
  z.object({
    mark: z.string(),
    facts: z.object({ frames: z.number(), bytes: z.number() }),
    /** SHA-256 of the report; null: there is none. */
    report: z.string().nullable(),
  }),
);
type Attempts = z.infer<typeof attemptsSchema>;
/** The last ones. */
const MOST_ATTEMPTS = 16;

/**
 * A result in a folder: made whole on the store's own disk, with its report and its times, so that publishing is two
 * renames. The result's comes last: where it has its name, all else is there. Whoever takes over before that makes all
 * of it again, and replaces the report; of several attempts that are alive after all, one gets the result's name.
 */
export class FolderResult implements SharedResult {
  readonly work: string;
  readonly output: string;
  readonly report: string | null;
  readonly place: string;
  readonly #reportPlace: string | null;
  readonly #attemptsFile: string;

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
    this.#attemptsFile = join(filmFolder, 'published.json');
  }

  async published(): Promise<ResultFacts | null> {
    const found = await markOf(resultPlace(this.place)).catch(() => null);
    return (await this.#attempts()).find(({ mark }) => mark === found)?.facts ?? null;
  }

  /** Whether the result's name is free is its finisher's to see. */
  async begin(): Promise<void> {
    for (const folder of ['output', 'report']) await mkdir(join(this.work, folder), { recursive: true });
  }

  async publish(facts: ResultFacts, { overwrite, giveName }: PublishOptions): Promise<void> {
    const report = this.report === null ? null : hashOf(await readFile(this.report));
    const own = { mark: await markOf(resultPlace(this.output)), facts, report };
    // Who dies between two of the names must find neither a result nor a report that exists already.
    const attempts = [...(await this.#attempts()), own].slice(-MOST_ATTEMPTS);
    await writeFileAtomically(this.#attemptsFile, JSON.stringify(attempts));
    try {
      if (this.report !== null) await this.#publishReport(this.report, overwrite);
      await giveName(this.output, this.place);
    } catch (error) {
      // Another attempt was first, or what failed came after the name.
      if ((await this.published()) !== null) return;
      // It would tell of a film that is not there.
      if (await this.#isOurReport()) await rm(this.#reportPlace!);
      throw error;
    }
  }

  async end(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
  }

  async #publishReport(report: string, overwrite: boolean): Promise<void> {
    const mayReplace = overwrite || (await this.#isOurReport());
    await publishFile(report, this.#reportPlace!, { overwrite: mayReplace, share: true });
  }

  /** Whether an attempt's report has the name, and no other one. */
  async #isOurReport(): Promise<boolean> {
    if (this.#reportPlace === null) return false;
    const found = await readFile(this.#reportPlace).catch(() => null);
    return found !== null && (await this.#attempts()).some(({ report }) => report === hashOf(found));
  }

  async #attempts(): Promise<Attempts> {
    try {
      return attemptsSchema.parse(JSON.parse(await readFile(this.#attemptsFile, 'utf8')));
    } catch {
      return [];
    }
  }
}

/**
 * A file, or a folder of pictures, keeps its number when it gets its name, and the seconds of its time. The number
 * alone may soon be another one's.
 */
async function markOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeMs / 1000n}`;
}

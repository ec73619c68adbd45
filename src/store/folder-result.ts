import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { resultPlace } from '../core/files/sequence-name.ts';
import type { ResultFacts, SharedResult } from './shared-store.ts';

const markerSchema = z.object({ mark: z.string(), facts: z.object({ frames: z.number(), bytes: z.number() }) });

/** A result in a folder: made on the store's own disk, so that publishing is a rename. */
export class FolderResult implements SharedResult {
  readonly work: string;
  readonly output: string;
  readonly report: string | null;
  readonly #marker: string;

  /** @param filmFolder what is kept of the film while it is made */
  constructor(
    filmFolder: string,
    { output, report }: { readonly output: string; readonly report: string | null },
    token: string,
  ) {
    this.work = join(filmFolder, `join-${token}`);
    this.output = output;
    this.report = report;
    this.#marker = join(filmFolder, 'published.json');
  }

  async published(): Promise<ResultFacts | null> {
    try {
      const { mark, facts } = markerSchema.parse(JSON.parse(await readFile(this.#marker, 'utf8')));
      return mark === (await markOf(resultPlace(this.output))) ? facts : null;
    } catch {
      return null;
    }
  }

  /** Whether its name is free is its finisher's to see. */
  async begin(): Promise<void> {
    await mkdir(this.work, { recursive: true });
  }

  /** Who dies between the result's name and telling of it must not find a result that exists already. */
  async verified(file: string, facts: ResultFacts): Promise<void> {
    await writeFile(this.#marker, JSON.stringify({ mark: await markOf(file), facts }));
  }

  async publish(): Promise<void> {}

  async end(): Promise<void> {
    await rm(this.work, { recursive: true, force: true });
  }
}

/** A file, or a folder of pictures, keeps its number when it gets its name. */
async function markOf(path: string): Promise<string> {
  return `${(await stat(path, { bigint: true })).ino}`;
}

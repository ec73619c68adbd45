import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, UpreelError } from '../core/errors.ts';
import { publishFile } from '../core/files/publish.ts';
import type { JobPlan, SegmentRange } from './job-file.ts';
import {
  MAX_RECORD_BYTES,
  type MadeSegment,
  partName,
  recordOf,
  type SegmentRecord,
  segmentRecord,
  segmentStem,
} from './segment-record.ts';
import type { SharedSegments } from './shared-store.ts';
import { storeUnwritable } from './store-unwritable.ts';

/**
 * The finished segments of a film that many machines make: a data file whose name holds the attempt's token, and a
 * small record that names it. The record comes last and is never overwritten: of two that make the same segment one is
 * first, and the other takes what is there. Who joins takes the names that stand in the records.
 */
export class FolderSegments implements SharedSegments {
  readonly folder: string;
  readonly #ranges: readonly SegmentRange[];

  constructor(folder: string, { segments }: Pick<JobPlan, 'segments'>) {
    this.folder = folder;
    this.#ranges = segments;
  }

  async find(index: number): Promise<SegmentRecord | null> {
    const range = this.#ranges[index];
    if (range === undefined) return null;
    try {
      const place = this.#record(index);
      if ((await stat(place)).size > MAX_RECORD_BYTES) return null;
      const record = segmentRecord.parse(JSON.parse(await readFile(place, 'utf8')));
      const fits = record.startFrame === range.startFrame && record.endFrame === range.endFrame;
      const { size } = await stat(join(this.folder, record.file));
      return fits && record.index === index && size === record.bytes ? record : null;
    } catch {
      // Not there, not whole, or not seen yet: it is made again.
      return null;
    }
  }

  findAll(): Promise<readonly (SegmentRecord | null)[]> {
    return Promise.all(this.#ranges.map(({ index }) => this.find(index)));
  }

  /** One listing, which a network may answer late. */
  async listed(): Promise<ReadonlySet<number>> {
    const names = await readdir(this.folder).catch(() => []);
    const indices = names.flatMap((name) => /^segment-(\d+)\.json$/.exec(name)?.[1] ?? []);
    return new Set(indices.map(Number));
  }

  async part(index: number, token: string, extension: string): Promise<string> {
    const place = join(this.folder, partName(index, token, extension));
    try {
      await (await open(place, 'w', 0o666)).close();
    } catch (error) {
      const isForbidden = ['EACCES', 'EPERM', 'EROFS'].includes(systemErrorCode(error) ?? '');
      throw isForbidden ? storeUnwritable(this.folder, error) : error;
    }
    return place;
  }

  async commit(
    part: string,
    token: string,
    segment: MadeSegment,
  ): Promise<{ readonly record: SegmentRecord; readonly isNew: boolean }> {
    const { index } = segment;
    const record = await recordOf(part, token, segment);
    const { file } = record;
    await publishFile(part, join(this.folder, file), { overwrite: true });
    const temporary = join(this.folder, `${segmentStem(index)}.${token}.json`);
    await writeWhole(temporary, JSON.stringify(record));
    try {
      await publishFile(temporary, this.#record(index), { overwrite: false });
      return { record, isNew: true };
    } catch (error) {
      if (!(error instanceof UpreelError && error.code === 'output-exists')) throw error;
      const first = await this.find(index);
      if (first === null) {
        // What the record names is gone: this one is whole.
        await rename(temporary, this.#record(index));
        return { record, isNew: true };
      }
      await rm(temporary, { force: true });
      // Who came first may have been this very attempt, before its answer was lost.
      if (first.file !== file) await rm(join(this.folder, file), { force: true });
      return { record: first, isNew: false };
    }
  }

  async abandon(index: number, token: string): Promise<void> {
    const kept = (await this.find(index))?.file;
    for (const name of await readdir(this.folder).catch(() => [])) {
      if (name.startsWith(`${segmentStem(index)}.${token}.`) && name !== kept)
        await rm(join(this.folder, name), { force: true });
    }
  }

  /** They lie there already. */
  gather(): Promise<string> {
    return Promise.resolve(this.folder);
  }

  borrow<T>({ file }: SegmentRecord, _mostBytes: number, use: (file: string) => Promise<T>): Promise<T> {
    return use(join(this.folder, file));
  }

  #record(index: number): string {
    return join(this.folder, `${segmentStem(index)}.json`);
  }
}

async function writeWhole(place: string, text: string): Promise<void> {
  const file = await open(place, 'w', 0o666);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { requireSpace } from '../disk-space.ts';
import type { JobPlan, SegmentRange } from '../job-file.ts';
import {
  MAX_RECORD_BYTES,
  type MadeSegment,
  partName,
  recordOf,
  type SegmentRecord,
  segmentRecord,
  segmentStem,
} from '../segment-record.ts';
import { FILM_FILE } from '../shared-film.ts';
import type { SharedSegments } from '../shared-store.ts';
import type { S3Listed, S3Objects } from './s3-objects.ts';

/**
 * The finished segments of a film among objects. A segment's data and its record have the attempt's token in their
 * names, the record is put last, and neither is ever overwritten or, while the film is made, removed once the record is
 * there. So whoever reads a whole record finds its data, and the segment is the first whole record by the order of
 * names. That needs no condition that a server may not know, only that a listing tells what was put before it, as S3,
 * MinIO and R2 promise: two attempts that end in one moment may leave two records, of which either is a whole segment.
 */
export class S3Segments implements SharedSegments {
  readonly #scratch: () => string;
  readonly #objects: S3Objects;
  /** In front of their names. */
  readonly #way: string;
  /** Way of what says that there is such a film. */
  readonly #film: string;
  readonly #ranges: readonly SegmentRange[];

  /**
   * @param way of all that is kept of the film
   * @param scratch a folder of this process alone, once it is needed
   */
  constructor(objects: S3Objects, way: string, scratch: () => string, { segments }: Pick<JobPlan, 'segments'>) {
    this.#scratch = scratch;
    this.#objects = objects;
    this.#way = `${way}/segments/`;
    this.#film = `${way}/${FILM_FILE}`;
    this.#ranges = segments;
  }

  get folder(): string {
    return this.#scratch();
  }

  async find(index: number): Promise<SegmentRecord | null> {
    if (this.#ranges[index] === undefined) return null;
    return this.#firstWhole(index, await this.#objects.list(`${this.#way}${segmentStem(index)}.`));
  }

  async findAll(): Promise<readonly (SegmentRecord | null)[]> {
    const listed = new Map<string, S3Listed[]>();
    for (const found of await this.#objects.list(this.#way)) {
      const stem = found.way.slice(this.#way.length).split('.')[0]!;
      listed.set(stem, [...(listed.get(stem) ?? []), found]);
    }
    return Promise.all(this.#ranges.map(({ index }) => this.#firstWhole(index, listed.get(segmentStem(index)) ?? [])));
  }

  async listed(): Promise<ReadonlySet<number>> {
    const names = (await this.#objects.list(this.#way)).map(({ way }) => way.slice(this.#way.length));
    return new Set(names.flatMap((name) => /^segment-(\d+)\.[a-z0-9]+\.json$/.exec(name)?.[1] ?? []).map(Number));
  }

  async part(index: number, token: string, extension: string): Promise<string> {
    const place = join(this.folder, partName(index, token, extension));
    await (await open(place, 'w', 0o600)).close();
    return place;
  }

  async commit(
    part: string,
    token: string,
    segment: MadeSegment,
  ): Promise<{ readonly record: SegmentRecord; readonly isNew: boolean }> {
    const { index } = segment;
    const before = await this.find(index);
    if (before === null) {
      await this.#requireWanted();
      const record = await recordOf(part, token, segment);
      const { file, bytes, sha256 } = record;
      await this.#objects.putFile(`${this.#way}${file}`, part, { bytes, sha256 });
      const recordWay = `${this.#way}${segmentStem(index)}.${token}.json`;
      await this.#objects.put(recordWay, JSON.stringify(record));
      // Who removed it meanwhile has not seen these.
      await this.#requireWanted().catch(async (error: unknown) => {
        for (const way of [recordWay, `${this.#way}${file}`]) await this.#objects.remove(way);
        throw error;
      });
    }
    await rm(part, { force: true });
    const first = before ?? (await this.find(index));
    if (first !== null) return { record: first, isNew: first.file.startsWith(`${segmentStem(index)}.${token}.`) };
    throw new UpreelError(
      'store-unreachable',
      `The store does not show segment ${index + 1}, which was just put there.`,
      {
        hint: 'It must list what was put before, as S3, MinIO and R2 do.',
      },
    );
  }

  async abandon(index: number, token: string): Promise<void> {
    const stem = `${segmentStem(index)}.${token}.`;
    for (const name of await readdir(this.folder).catch(() => [])) {
      if (name.startsWith(stem)) await rm(join(this.folder, name), { force: true });
    }
    const left = await this.#objects.list(`${this.#way}${stem}`);
    // Its record may be there, and only the answer lost.
    if (left.some(({ way }) => way.endsWith('.json'))) return;
    for (const { way } of left) await this.#objects.remove(way);
  }

  async gather(records: readonly SegmentRecord[]): Promise<string> {
    await requireSpace([{ folder: this.folder, bytes: records.reduce((sum, { bytes }) => sum + bytes, 0) }]);
    for (const { file, bytes, sha256, index } of records) {
      const place = join(this.folder, file);
      await rm(place, { force: true });
      if ((await this.#objects.fetch(`${this.#way}${file}`, place, bytes)) === sha256) continue;
      // It is made again with the next try.
      await this.#objects.remove(`${this.#way}${file}`);
      throw notWhatWasMade(index);
    }
    return this.folder;
  }

  async borrow<T>(record: SegmentRecord, mostBytes: number, use: (file: string) => Promise<T>): Promise<T> {
    const { file, bytes, sha256, index } = record;
    if (bytes > mostBytes) {
      throw new UpreelError(
        'usage',
        `Segment ${index + 1} has ${bytes} bytes: more than ${mostBytes} are not fetched.`,
      );
    }
    await requireSpace([{ folder: this.folder, bytes }]);
    const own = await mkdtemp(join(this.folder, 'look-'));
    try {
      const place = join(own, file);
      if ((await this.#objects.fetch(`${this.#way}${file}`, place, bytes)) !== sha256) throw notWhatWasMade(index);
      return await use(place);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  /** A folder that is gone takes nothing; a prefix does. @throws UpreelError `usage`. */
  async #requireWanted(): Promise<void> {
    if ((await this.#objects.look(this.#film)) !== null) return;
    throw new UpreelError('usage', 'The film was removed while its segment was made.');
  }

  /** @param listed all that the store has of it, by name */
  async #firstWhole(index: number, listed: readonly S3Listed[]): Promise<SegmentRecord | null> {
    const sizes = new Map(listed.map(({ way, bytes }) => [way, bytes]));
    for (const { way, bytes } of listed) {
      if (!way.endsWith('.json') || bytes > MAX_RECORD_BYTES) continue;
      const record = await this.#read(way, index);
      // Of its own attempt, and whole by its size.
      const stem = way.slice(this.#way.length, -'json'.length);
      const isWhole = record?.file.startsWith(stem) && sizes.get(`${this.#way}${record.file}`) === record.bytes;
      if (isWhole) return record;
    }
    return null;
  }

  async #read(way: string, index: number): Promise<SegmentRecord | null> {
    const text = await this.#objects.read(way, MAX_RECORD_BYTES);
    try {
      const record = segmentRecord.parse(JSON.parse(text?.toString() ?? ''));
      const { startFrame, endFrame } = this.#ranges[index]!;
      return record.index === index && record.startFrame === startFrame && record.endFrame === endFrame ? record : null;
    } catch {
      // Not ours: it is made again.
      return null;
    }
  }
}

function notWhatWasMade(index: number): UpreelError {
  return new UpreelError('verification-failed', `Segment ${index + 1} in the store is not what was made.`, {
    hint: 'upreel retry makes it again. A store that keeps something else than it was sent is broken.',
  });
}

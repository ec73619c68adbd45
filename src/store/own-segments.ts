import { UpreelError } from '../core/errors.ts';
import { publishFile } from '../core/files/publish.ts';
import type { OwnFolder } from '../core/own-folder/index.ts';
import { hashFile } from './identity.ts';
import type { SegmentRange } from './job-file.ts';
import {
  type MadeSegment,
  partName,
  readSegmentsIn,
  recordOf,
  type SegmentRecord,
  segmentStem,
  sweepFolder,
} from './segment-record.ts';
import type { SegmentKeeper } from './shared-store.ts';

/**
 * The finished segments of a job of this machine, in its folder. As in a fleet's store, data has its attempt's token in
 * its name, which is nobody else's, the record comes last, and neither is ever overwritten: who joins takes the names
 * in the records. It knows nothing of the lock, which keeps others out (job-directory.ts).
 */
export class OwnSegments implements SegmentKeeper {
  readonly #folder: OwnFolder;
  readonly #committed: Map<number, SegmentRecord>;

  private constructor(folder: OwnFolder, committed: Map<number, SegmentRecord>) {
    this.#folder = folder;
    this.#committed = committed;
  }

  /** What crashes have left of segments that were never committed is removed. @throws UpreelError `place-untrusted`. */
  static async open(folder: OwnFolder, ranges: readonly SegmentRange[]): Promise<OwnSegments> {
    const segments = new OwnSegments(folder, await readSegmentsIn(folder, ranges));
    await segments.sweep();
    return segments;
  }

  /** By index. */
  get committed(): ReadonlyMap<number, SegmentRecord> {
    return this.#committed;
  }

  async find(index: number): Promise<SegmentRecord | null> {
    return this.#committed.get(index) ?? null;
  }

  async part(index: number, token: string, extension: string): Promise<string> {
    const name = partName(index, token, extension);
    await this.#folder.create(name);
    return this.#folder.at(name);
  }

  async commit(
    part: string,
    token: string,
    segment: MadeSegment,
  ): Promise<{ readonly record: SegmentRecord; readonly isNew: boolean }> {
    const { index } = segment;
    const first = await this.find(index);
    if (first !== null) {
      await this.abandon(index, token);
      return { record: first, isNew: false };
    }
    const record = await recordOf(part, token, segment);
    await publishFile(part, this.#folder.at(record.file), { overwrite: true });
    await this.#writeRecord(`${segmentStem(index)}.json`, record);
    this.#committed.set(index, record);
    return { record, isNew: true };
  }

  async abandon(index: number, token: string): Promise<void> {
    const kept = this.#committed.get(index)?.file;
    for (const name of await this.#folder.names()) {
      if (name.startsWith(`${segmentStem(index)}.${token}.`) && name !== kept) await this.#folder.remove(name);
    }
  }

  /** Forgets committed segments whose data is not what was committed, by its hash. @returns how many. */
  async dropDamaged(signal: AbortSignal): Promise<number> {
    const before = this.#committed.size;
    for (const { index, file, sha256 } of [...this.#committed.values()]) {
      if ((await hashFile(this.#folder.at(file), signal)) === sha256) continue;
      // Without its record, the data counts for nothing.
      await this.#folder.remove(`${segmentStem(index)}.json`);
      await this.#folder.remove(file);
      this.#committed.delete(index);
    }
    return before - this.#committed.size;
  }

  /** Removes what was not committed. */
  async sweep(): Promise<void> {
    await sweepFolder(this.#folder, this.#committed);
  }

  /**
   * Looked at before it is written, since the lock keeps others out. A link that fails if there is one would have two
   * names for a moment, and one that a kill leaves so is refused as anybody's (own-folder.ts).
   */
  async #writeRecord(name: string, record: SegmentRecord): Promise<void> {
    if ((await this.#folder.look(name)) === null) {
      await this.#folder.write(name, JSON.stringify(record));
      return;
    }
    throw new UpreelError('job-running', `Somebody else has written ${name} in ${this.#folder.path}.`, {
      hint: 'Another upreel works there, maybe from another machine: stop one of them, and run the command again.',
    });
  }
}

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { diskFull, systemErrorCode, UpreelError } from '../../core/errors.ts';
import { publishFile, writeFileAtomically } from '../../core/publish.ts';
import { hashFile, requireSameIdentity } from './identity.ts';
import { type JobFile, type JobPlan, readJobFile, writeJobFile } from './job-file.ts';
import { type Journal, openJournal } from './journal.ts';
import { type ProcessLock, takeLock } from './lock.ts';
import { markOwner, type OwnerMark } from './owner.ts';
import { readSegments, type SegmentRecord, segmentStem, sweepFolder } from './segment-record.ts';

/**
 * A job's folder, held by this process: job.json says what is to be done, each committed segment is a data file with a
 * small record, events.jsonl is history. Everything else in it is unfinished and belongs to nobody after a crash.
 */
export interface JobDirectory {
  readonly path: string;
  /** The job that was begun here before; null: none. */
  readonly begun: JobFile | null;
  /** The finished file, or folder of pictures, before it gets its name: on the output's file system. */
  readonly resultFile: string;
  readonly journal: Journal;
  /** Segments that are done, by index. */
  readonly committed: ReadonlyMap<number, SegmentRecord>;
  /**
   * Begins the job, or goes on with the one that was begun.
   * @returns what job.json says, which wins over the plan at hand.
   * @throws UpreelError `usage` naming the difference if another job was begun here.
   */
  begin(plan: JobPlan): Promise<JobFile>;
  /** Where a segment is written before it is committed; whatever was there is gone. */
  partFile(index: number, extension: string): Promise<string>;
  /** Makes a segment's data and then its record durable under their names. */
  commit(part: string, segment: Omit<SegmentRecord, 'file' | 'bytes' | 'sha256'>): Promise<SegmentRecord>;
  /** Forgets committed segments whose data is not what was committed, by its hash. @returns how many. */
  dropDamaged(signal: AbortSignal): Promise<number>;
  /** Ends the work here. The job stays, to go on later, unless it is finished or there is nothing of it to keep. */
  close(ending: 'finished' | 'keep' | 'keep-if-committed'): Promise<void>;
}

/** OUTPUT.upreel beside the output, or a folder under `workDir` that only this output has. */
export function jobFolderFor(output: string, workDir: string | null): string {
  const path = resolve(output);
  return workDir === null ? `${path}.upreel` : join(resolve(workDir), `${basename(path)}-${shortHash(path)}.upreel`);
}

/**
 * Opens the job of an output for this process alone.
 * @throws UpreelError `job-running`, `output-unwritable`, `disk-full`, `usage` (a job of another version).
 */
export async function openJobDirectory(
  output: string,
  { workDir, restart }: { readonly workDir: string | null; readonly restart: boolean },
): Promise<JobDirectory> {
  const path = jobFolderFor(output, workDir);
  const resultFile =
    workDir === null ? join(path, `result${extname(output)}`) : join(dirname(resolve(output)), resultName(output));
  const held = await hold(path, output, workDir !== null);
  try {
    if (restart) await removeContents(path, false);
    const begun = await readJobFile(path);
    const committed = await readSegments(path, begun?.segments ?? []);
    await sweepFolder(path, committed);
    await rm(resultFile, REMOVE);
    return new HeldDirectory(path, resultFile, begun, committed, held);
  } catch (error) {
    await held.unmark();
    await held.release();
    throw error;
  }
}

interface Hold {
  /** Says no longer that this process works here. */
  unmark(): Promise<void>;
  release(): Promise<void>;
}

/** A killed supervisor's engine may live on for 1.5 seconds to clean up (engine.ts). */
const PATIENCE_MILLISECONDS = 3000;

async function hold(path: string, output: string, mayMakeParent: boolean): Promise<Hold> {
  for (;;) {
    await makeFolder(path, output, mayMakeParent);
    const folder = await stat(path, { bigint: true }).catch(() => null);
    if (folder === null) continue;
    if (!folder.isDirectory()) {
      throw new UpreelError(
        'output-unwritable',
        `${path} is in the way: upreel keeps unfinished work in a folder of that name.`,
        {
          hint: 'Move it, or choose another output or --work-dir.',
        },
      );
    }
    const lock = await takeLock(`${folder.dev}:${folder.ino}`, PATIENCE_MILLISECONDS);
    if (lock === null) {
      throw new UpreelError('job-running', `Another upreel works on ${output} already (in ${path}).`, {
        hint: 'Wait until it has ended, or stop it, and run the same command again.',
      });
    }
    // Whoever had the lock may have finished and removed the folder since.
    const now = await stat(path, { bigint: true }).catch(() => null);
    if (now?.ino === folder.ino) return withOwner(path, lock);
    await lock.release();
  }
}

async function withOwner(path: string, lock: ProcessLock): Promise<Hold> {
  let owner: OwnerMark;
  try {
    owner = await markOwner(path);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { unmark: owner.stop, release: lock.release };
}

async function makeFolder(path: string, output: string, mayMakeParent: boolean): Promise<void> {
  try {
    // The output's own folder is not made: a mistyped one should be told.
    await mkdir(path, { recursive: mayMakeParent }).catch(ignoreExisting);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull(error, dirname(path));
    throw new UpreelError(
      'output-unwritable',
      `Cannot make a work folder for ${basename(output)} in ${dirname(path)}.`,
      {
        hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
        cause: error,
      },
    );
  }
}

class HeldDirectory implements JobDirectory {
  readonly path: string;
  readonly resultFile: string;
  readonly begun: JobFile | null;
  readonly journal: Journal;
  readonly committed: Map<number, SegmentRecord>;
  readonly #hold: Hold;
  #isBegun: boolean;

  constructor(
    path: string,
    resultFile: string,
    begun: JobFile | null,
    committed: Map<number, SegmentRecord>,
    held: Hold,
  ) {
    this.path = path;
    this.resultFile = resultFile;
    this.begun = begun;
    this.committed = committed;
    this.journal = openJournal(path);
    this.#hold = held;
    this.#isBegun = begun !== null;
  }

  async begin(plan: JobPlan): Promise<JobFile> {
    if (this.begun === null) {
      const job = await writeJobFile(this.path, plan);
      this.#isBegun = true;
      return job;
    }
    requireSameIdentity(this.begun.identity, plan.identity, this.path);
    return this.begun;
  }

  async partFile(index: number, extension: string): Promise<string> {
    const file = join(this.path, `${segmentStem(index)}.part${extension}`);
    await rm(file, { force: true });
    return file;
  }

  async commit(part: string, segment: Omit<SegmentRecord, 'file' | 'bytes' | 'sha256'>): Promise<SegmentRecord> {
    const stem = segmentStem(segment.index);
    const file = `${stem}${extname(part)}`;
    const { size: bytes } = await stat(part);
    const sha256 = await hashFile(part, new AbortController().signal);
    const record: SegmentRecord = { ...segment, file, bytes, sha256 };
    await publishFile(part, join(this.path, file), { overwrite: true });
    await writeFileAtomically(join(this.path, `${stem}.json`), JSON.stringify(record));
    this.committed.set(segment.index, record);
    return record;
  }

  async dropDamaged(signal: AbortSignal): Promise<number> {
    const before = this.committed.size;
    for (const record of [...this.committed.values()]) {
      if ((await hashFile(join(this.path, record.file), signal)) === record.sha256) continue;
      await rm(join(this.path, `${segmentStem(record.index)}.json`), { force: true });
      this.committed.delete(record.index);
    }
    return before - this.committed.size;
  }

  async close(ending: 'finished' | 'keep' | 'keep-if-committed'): Promise<void> {
    await this.journal.flush();
    await this.#hold.unmark();
    try {
      const isKept = ending === 'keep' ? this.#isBegun : ending === 'keep-if-committed' && this.committed.size > 0;
      if (isKept) {
        await sweepFolder(this.path, this.committed).catch(() => {});
        return;
      }
      await removeContents(this.path, true);
    } finally {
      await rm(this.resultFile, REMOVE).catch(() => {});
      await this.#hold.release();
    }
  }
}

/** Removes what upreel puts into a job's folder and nothing else; the folder too if nothing else is in it. */
async function removeContents(path: string, andFolder: boolean): Promise<void> {
  const names = await readdir(path).catch(() => []);
  const ours = names.filter((name) => OUR_FILES.test(name));
  // The record of what is to be done goes first: without it, the rest counts for nothing.
  for (const name of ours.sort((a) => (a === 'job.json' ? -1 : 1))) await rm(join(path, name), REMOVE);
  if (andFolder) await rmdir(path).catch(() => {});
}

const OUR_FILES =
  /^(job\.json|events\.jsonl|owner\.json|clock|supervisor\.log|segment-\d+\..+|join\.ffconcat|result(\.[^.]+)?|\.upreel-.+)$/;

/** A result may be a folder of pictures. */
const REMOVE = { force: true, recursive: true } as const;

function ignoreExisting(error: unknown): void {
  if (systemErrorCode(error) !== 'EEXIST') throw error;
}

/** The same on every run, so that a crash leaves nothing that the next run does not find. */
function resultName(output: string): string {
  return `.upreel-${shortHash(resolve(output))}-${basename(output).slice(-80)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

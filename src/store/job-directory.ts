import { lstat, rmdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { diskFull, nameTooLong, systemErrorCode, UpreelError } from '../core/errors.ts';
import { type HeldFolder, holdFolder, OwnFolder } from '../core/own-folder/index.ts';
import { requireSameIdentity } from './identity.ts';
import { type JobFile, type JobPlan, parseJobFile, readJobText, writeJobFile } from './job-file.ts';
import { jobFolderFor, shortHash } from './job-folder.ts';
import { type Journal, openJournal } from './journal.ts';
import { type KeptPlan, readPlan } from './kept-plan.ts';
import { type ProcessLock, takeLock } from './lock.ts';
import { isOurs, mayBeFolder, resultName } from './our-files.ts';
import { OwnSegments } from './own-segments.ts';
import { markOwner, type OwnerMark } from './owner.ts';

/**
 * A job's folder, held by this process: job.json says what is to be done, each committed segment is a data file with a
 * small record, events.jsonl is history. Everything else in it is unfinished and belongs to nobody after a crash.
 *
 * It is this user's alone (own-folder.ts says how that is made sure), and so is all that is in it.
 */
export interface JobDirectory {
  /** As it is named: for people, and for questions about its disk. */
  readonly path: string;
  /** The same folder for reading and writing in it, whoever renames it meanwhile. */
  readonly place: string;
  /** The job that was begun here before; null: none. */
  readonly begun: JobFile | null;
  /**
   * The finished file, or folder of pictures, before it gets its name: on the output's file system, this user's alone.
   */
  readonly resultFile: string;
  /** The folder that the result appears in, for people, and the result's place in it for programs. */
  readonly outputFolder: string;
  readonly outputPlace: string;
  readonly journal: Journal;
  /** What is done of it: apart from the lock, which keeps others out of the folder. */
  readonly segments: OwnSegments;
  /** What is to be said of the folder, as a sentence; null: nothing. */
  readonly remark: string | null;
  /**
   * Begins the job, or goes on with the one that was begun.
   * @param kept the film's plan, for who goes on
   * @returns what job.json says, which wins over the plan at hand.
   * @throws UpreelError `usage` naming the difference if another job was begun here.
   */
  begin(plan: JobPlan, kept?: KeptPlan | null): Promise<JobFile>;
  /**
   * The plan that the job was begun with. @returns null: there is none of exactly this, or it is not this user's own.
   */
  readPlan(madeOf: string): Promise<KeptPlan | null>;
  /** An error in which places are named for people. */
  named(error: unknown): unknown;
  /** Ends the work here. The job stays, to go on later, unless it is finished or there is nothing of it to keep. */
  close(ending: 'finished' | 'keep' | 'keep-if-committed'): Promise<void>;
}

/** What to do about a job's folder that is refused. */
export const FOLDER_HINT = 'Choose a folder of your own for the work (--work-dir), or another output with -o.';

/**
 * Opens the job of an output for this process alone.
 * @throws UpreelError `job-running`, `output-unwritable`, `place-untrusted`, `disk-full`, `usage` (a job of another
 *   version).
 */
export async function openJobDirectory(
  output: string,
  { workDir, restart }: { readonly workDir: string | null; readonly restart: boolean },
): Promise<JobDirectory> {
  const path = jobFolderFor(output, workDir);
  const beside = await holdFolder(dirname(resolve(output))).catch((error) => {
    throw unwritable(error, output, dirname(resolve(output)));
  });
  const releases: (() => Promise<void>)[] = [beside.release];
  try {
    const { folder, lock } = await hold(() => openFolder(path, beside, workDir), output);
    releases.unshift(lock.release, () => folder.close());
    await requireOwnFiles(folder);
    const results = workDir === null ? folder : await openResults(output, beside);
    if (results !== folder) releases.unshift(() => results.close());
    const owner = await markOwner(folder);
    releases.unshift(owner.stop);
    if (restart) await removeContents(folder);
    const begun = parseJobFile(await readJobText(folder), path);
    const segments = await OwnSegments.open(folder, begun?.segments ?? []);
    const result = resultName(extname(output));
    await results.remove(result);
    return new HeldDirectory({ output, beside, folder, results, result, begun, segments, owner, lock });
  } catch (error) {
    for (const release of releases) await release();
    throw error;
  }
}

/** @throws as `openJobDirectory`. */
async function openFolder(path: string, beside: HeldFolder, workDir: string | null): Promise<OwnFolder> {
  // The output's own folder is not made: a mistyped one should be told.
  const parents = workDir !== null;
  const place = parents ? path : join(beside.place, basename(path));
  return OwnFolder.make(place, { shownAs: path, hint: FOLDER_HINT, parents }).catch((error) => {
    throw unwritable(error, path, dirname(path));
  });
}

/** With a work folder elsewhere: where the result is made, on the output's file system. Found again after a crash. */
async function openResults(output: string, beside: HeldFolder): Promise<OwnFolder> {
  const name = `.upreel-${shortHash(resolve(output))}`;
  const shownAs = join(beside.path, name);
  const hint = 'Remove it if it is yours, or choose another output with -o.';
  return OwnFolder.make(join(beside.place, name), { shownAs, hint, parents: false }).catch((error) => {
    throw unwritable(error, output, beside.path);
  });
}

function unwritable(error: unknown, output: string, where: string): unknown {
  if (error instanceof UpreelError) return error;
  const code = systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(error, where);
  if (code === 'ENAMETOOLONG') return nameTooLong(where, error);
  const name = basename(output).replace(/\.upreel$/, '');
  return new UpreelError('output-unwritable', `Cannot make a work folder for ${name} in ${where}.`, {
    hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
    cause: error,
  });
}

/** A killed supervisor's engine may live on for 1.5 seconds to clean up (engine.ts). */
const PATIENCE_MILLISECONDS = 3000;
/** Who removes the folder all the time only keeps us from working. */
const MAX_TRIES = 100;

async function hold(
  openFolder: () => Promise<OwnFolder>,
  output: string,
): Promise<{ readonly folder: OwnFolder; readonly lock: ProcessLock }> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const folder = await openFolder();
    try {
      const lock = await takeLock(await folder.identity(), PATIENCE_MILLISECONDS);
      if (lock === null) {
        throw new UpreelError('job-running', `Another upreel works on ${output} already (in ${folder.path}).`, {
          hint: 'Wait until it has ended, or stop it, and run the same command again.',
        });
      }
      // Whoever had the lock may have finished and removed the folder since.
      if ((await identityOf(folder.path)) === (await folder.identity())) return { folder, lock };
      await lock.release();
      await folder.close();
    } catch (error) {
      await folder.close();
      throw error;
    }
  }
  throw new UpreelError('output-unwritable', `The work folder of ${output} is taken away again and again.`, {
    hint: FOLDER_HINT,
  });
}

async function identityOf(path: string): Promise<string | null> {
  const stats = await lstat(path, { bigint: true }).catch(() => null);
  return stats && `${stats.dev}:${stats.ino}`;
}

/** Nothing in the folder is read, written or removed before all in it is known to be ours. */
async function requireOwnFiles(folder: OwnFolder): Promise<void> {
  for (const name of await folder.names()) {
    if (!isOurs(name)) continue;
    const isFolder = mayBeFolder(name) && (await folder.look(name))?.isDirectory() === true;
    await folder.check(name, isFolder ? 'folder' : 'file');
  }
}

interface Parts {
  readonly output: string;
  readonly beside: HeldFolder;
  readonly folder: OwnFolder;
  /** The job's folder, or another one on the output's file system. */
  readonly results: OwnFolder;
  readonly result: string;
  readonly begun: JobFile | null;
  readonly segments: OwnSegments;
  readonly owner: OwnerMark;
  readonly lock: ProcessLock;
}

class HeldDirectory implements JobDirectory {
  readonly path: string;
  readonly place: string;
  readonly resultFile: string;
  readonly outputFolder: string;
  readonly outputPlace: string;
  readonly begun: JobFile | null;
  readonly journal: Journal;
  readonly segments: OwnSegments;
  readonly remark: string | null;
  readonly #parts: Parts;
  #isBegun: boolean;

  constructor(parts: Parts) {
    const { output, beside, folder, results, result, begun, segments } = parts;
    this.path = folder.path;
    this.place = folder.place;
    this.resultFile = results.at(result);
    this.outputFolder = beside.path;
    this.outputPlace = join(beside.place, basename(resolve(output)));
    this.begun = begun;
    this.journal = openJournal((write) => write(folder));
    this.segments = segments;
    this.remark = folder.trust.keepsModes ? null : ownerless(folder.path);
    this.#parts = parts;
    this.#isBegun = begun !== null;
  }

  async begin(plan: JobPlan, kept: KeptPlan | null = null): Promise<JobFile> {
    if (this.begun === null) {
      const job = await writeJobFile(this.#parts.folder, plan, kept);
      this.#isBegun = true;
      return job;
    }
    requireSameIdentity(this.begun.identity, plan.identity, this.path);
    return this.begun;
  }

  async readPlan(madeOf: string): Promise<KeptPlan | null> {
    const mark = this.begun?.kept;
    return mark === undefined ? null : readPlan(this.#parts.folder, mark, madeOf);
  }

  named(error: unknown): unknown {
    const { folder, results, beside } = this.#parts;
    if (!(error instanceof UpreelError)) return error;
    const message = results.shown(folder.shown(error.message)).replaceAll(beside.place, beside.path);
    return message === error.message ? error : new UpreelError(error.code, message, error);
  }

  async close(ending: 'finished' | 'keep' | 'keep-if-committed'): Promise<void> {
    const { folder, results, result, beside, owner, lock } = this.#parts;
    await this.journal.flush();
    await owner.stop();
    try {
      await results.remove(result).catch(() => {});
      if (results !== folder) await rmdir(results.path).catch(() => {});
      const isKept =
        ending === 'keep' ? this.#isBegun : ending === 'keep-if-committed' && this.segments.committed.size > 0;
      if (isKept) {
        await this.segments.sweep().catch(() => {});
        return;
      }
      await removeContents(folder);
      // By name, since a descriptor cannot be removed: only an empty folder goes.
      await rmdir(folder.path).catch(() => {});
    } finally {
      await lock.release();
      if (results !== folder) await results.close();
      await folder.close();
      await beside.release();
    }
  }
}

function ownerless(path: string): string {
  return `The disk of ${path} keeps no owners (FAT, exFAT): whoever may write to it may change the work while it is made.`;
}

/** Removes what upreel puts into a job's folder and nothing else. */
async function removeContents(folder: OwnFolder): Promise<void> {
  const names = await folder.names().catch(() => []);
  const ours = names.filter(isOurs);
  // The record of what is to be done goes first: without it, the rest counts for nothing.
  for (const name of ours.sort((a) => (a === 'job.json' ? -1 : 1))) await folder.remove(name);
}

import { randomBytes } from 'node:crypto';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskFull, systemErrorCode, UpreelError } from '../core/errors.ts';
import { temporaryNameFor } from '../core/publish.ts';

/** Where one run keeps its unfinished files. */
export interface WorkFolder {
  readonly path: string;
  /** The finished file before it gets its name: on the output's file system. */
  readonly resultFile: string;
  /** Removes what this run made, and nothing else. */
  remove(): Promise<void>;
}

/**
 * Makes a folder of its own for this run in OUTPUT.upreel, or in `workDir`.
 * @throws UpreelError `output-unwritable`, `disk-full`.
 */
export async function openWorkFolder(output: string, workDir: string | null): Promise<WorkFolder> {
  const parent = workDir === null ? `${output}.upreel` : resolve(workDir);
  const path = join(parent, `run-${process.pid}-${randomBytes(4).toString('hex')}`);
  const wasMade = await makeFolder(path, output);
  const resultFile = workDir === null ? join(path, `result${extensionOf(output)}`) : temporaryNameFor(output);
  return {
    path,
    resultFile,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      await rm(resultFile, { force: true });
      // Another run may still use it; then it is that one's to remove.
      if (wasMade) await rmdir(parent).catch(() => {});
    },
  };
}

async function makeFolder(path: string, output: string): Promise<boolean> {
  try {
    // The output's own folder is not made: a mistyped one should be told.
    const first = await mkdir(dirname(path)).then(
      () => true,
      (error) => ignoreExisting(error),
    );
    await mkdir(path, { recursive: true });
    return first;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') throw diskFull(error, dirname(path));
    throw new UpreelError(
      'output-unwritable',
      `Cannot make a work folder for ${basename(output)} in ${dirname(dirname(path))}.`,
      {
        hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
        cause: error,
      },
    );
  }
}

function ignoreExisting(error: unknown): boolean {
  if (systemErrorCode(error) === 'EEXIST') return false;
  throw error;
}

function extensionOf(name: string): string {
  return basename(name).slice(basename(name).lastIndexOf('.'));
}

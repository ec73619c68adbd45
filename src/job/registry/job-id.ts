import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { resultPlace } from '../../core/files/sequence-name.ts';
import { jobFolderFor } from '../../store/index.ts';

export interface JobPlace {
  /** Eight characters that follow from the folder: the same job has the same id each time. */
  readonly id: string;
  readonly folder: string;
}

/** Where the job of an output lives, and what it is called. */
export async function jobPlaceFor(output: string, workDir: string | null): Promise<JobPlace> {
  const folder = jobFolderFor(resultPlace(output), workDir);
  return { id: await jobIdOf(folder), folder };
}

/** By whatever links the folder was named. */
async function jobIdOf(folder: string): Promise<string> {
  const parent = await realpath(dirname(folder)).catch(() => dirname(folder));
  const hash = createHash('sha256')
    .update(join(parent, basename(folder)))
    .digest();
  return hash.readBigUInt64BE().toString(36).padStart(13, '0').slice(-8);
}

/** The name of the lock that a job's supervisor holds while it lives. Jobs of other users are other jobs. */
export function supervisorLock(id: string): string {
  return `supervisor:${process.getuid?.() ?? 0}:${id}`;
}

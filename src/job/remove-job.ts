import { lstat, rm } from 'node:fs/promises';
import { UpreelError } from '../core/errors.ts';
import { parseTask } from '../engine/index.ts';
import { openJobDirectory, takeLock } from '../store/index.ts';
import { isOwnSocket, type JobEntry, removeEntry, supervisorLock } from './registry/index.ts';

/** A supervisor that has said how its job ended needs a moment to go. */
const PATIENCE_MILLISECONDS = 2000;

/**
 * Forgets a job and removes what upreel has put into its folder; never its output or source.
 * @throws UpreelError `job-running`.
 */
export async function removeJob({ id, output, folder, task, socket }: JobEntry): Promise<void> {
  const lock = await takeLock(supervisorLock(id), PATIENCE_MILLISECONDS);
  if (lock === null) {
    throw new UpreelError('job-running', `The job of ${output} is running.`, {
      hint: 'Cancel it first, or add --force.',
    });
  }
  try {
    if ((await lstat(folder).catch(() => null)) !== null) {
      const workDir = parseTask(task, output)?.task.request.settings.workDir ?? null;
      // As whoever begins anew: only with the folder's own lock, which the engine of a killed supervisor may still
      // have.
      const directory = await openJobDirectory(output, { workDir, restart: true }).catch(async (error) => {
        // It is left as it is, and said; the list need not keep what cannot be gone on with.
        if (error instanceof UpreelError && error.code === 'place-untrusted') await removeEntry(id);
        throw error;
      });
      await directory.close('finished');
    }
    // Left by a supervisor that was killed.
    if (socket !== null && (await isOwnSocket(socket))) await rm(socket, { force: true });
    await removeEntry(id);
  } finally {
    await lock.release();
  }
}

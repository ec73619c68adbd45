import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { systemErrorCode, UpreelError } from '../../errors.ts';
import { openCacheFolder } from '../cache/cache-folder.ts';
import { unwritable } from './fetch-sink.ts';

/**
 * Runs `act` while no other process writes into a folder of models; what killed ones left there is removed first.
 * Its signal aborts also when the lock is lost, which only a suspended process can meet. A lock of the file system,
 * other than a job's (store/lock.ts): a cache may be shared by machines, which see no socket of another.
 */
export async function withPullLock<T>(
  folder: string,
  signal: AbortSignal,
  act: (locked: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const release = await acquireLock(folder, signal, () =>
    lost.abort(
      new UpreelError('model-download-failed', `Another process took over the model cache ${folder}.`, {
        hint: 'Run the same command again.',
      }),
    ),
  );
  try {
    await sweepTemporaries(folder);
    return await act(AbortSignal.any([signal, lost.signal]));
  } finally {
    // A lock that was lost is not ours to release.
    await release().catch(() => {});
  }
}

async function acquireLock(folder: string, signal: AbortSignal, onLost: () => void): Promise<() => Promise<void>> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await (await openCacheFolder(folder)).close();
      return await lockfile.lock(folder, {
        lockfilePath: join(folder, '.pull.lock'),
        // A killed process is noticed after this long.
        stale: 5_000,
        update: 1_000,
        onCompromised: onLost,
      });
    } catch (error) {
      if (systemErrorCode(error) !== 'ELOCKED') throw unwritable(error, folder);
    }
    await sleep(200, undefined, { signal });
  }
}

async function sweepTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((it) => it.startsWith('.upreel-'))) await rm(join(folder, name), { force: true });
}

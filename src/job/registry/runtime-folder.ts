import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';

/** A Unix socket's path has so many bytes on macOS, a few more on Linux; Node.js cuts longer ones silently. */
const MAX_PATH_BYTES = 103;

/**
 * Where the supervisor of a job listens: a socket in `$XDG_RUNTIME_DIR/upreel`, or in a folder of the user's own under
 * the temporary one; on Windows a named pipe. The folder is made if there is none.
 * @throws UpreelError `usage` if the folder is not the user's alone.
 */
export async function socketAddress(subject: string): Promise<string> {
  const name = createHash('sha256').update(subject).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\upreel-${userInfo().username}-${name}`;
  const own = `upreel-${process.getuid?.() ?? 0}`;
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  const folders = [...(runtime ? [join(runtime, 'upreel')] : []), join(tmpdir(), own), join('/tmp', own)];
  let refused: unknown;
  for (const folder of folders) {
    const address = join(folder, `${name}.sock`);
    if (Buffer.byteLength(address) > MAX_PATH_BYTES) continue;
    try {
      await makePrivateFolder(folder);
      return address;
    } catch (error) {
      // A runtime folder that is named but not there is common (su, containers): the next one will do.
      refused = error;
    }
  }
  throw refused ?? new UpreelError('usage', `The paths of ${folders.join(', ')} are too long for a socket.`);
}

async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (await isPrivateFolder(folder)) return;
  throw new UpreelError('usage', `Expected ${folder} to be a folder that only you can enter.`, {
    hint: `Remove it, or chmod 700 ${folder}.`,
  });
}

/** Not a link, owned by this user, closed to all others. */
async function isPrivateFolder(folder: string): Promise<boolean> {
  const stats = await lstat(folder);
  return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}

/** Whether a socket may be believed: nobody else can have put it there. */
export async function isOwnSocket(address: string): Promise<boolean> {
  if (process.platform === 'win32') return true;
  const stats = await lstat(address).catch(() => null);
  return stats?.isSocket() === true && stats.uid === process.getuid?.();
}

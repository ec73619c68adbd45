import { constants, open } from 'node:fs/promises';
import { systemErrorCode, UpreelError } from '../errors.ts';
import { distrustOf, usualTrust } from './trust.ts';
import { untrusted } from './untrusted.ts';

/**
 * Reads a small file that people may edit or link to: it is its content's owner that counts. Never waits for a pipe.
 * @returns null: there is none. @throws UpreelError `place-untrusted`; the system's error.
 */
export async function readOwnFile(
  path: string,
  { hint, maxBytes }: { readonly hint: string; readonly maxBytes: number },
): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const stats = await file.stat();
    // Hard links are common here (stores of configuration): a file of this user has his content under each name.
    const distrust = distrustOf({ mode: stats.mode, uid: stats.uid, nlink: 1 }, 'file', usualTrust());
    if (distrust !== null) throw untrusted(path, 'file', distrust, hint);
    if (stats.size > maxBytes) throw new UpreelError('usage', `${path} is larger than ${maxBytes} bytes.`, { hint });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram } from './program-path.ts';

/**
 * Tells one ffmpeg from another without starting it: by its file, and by what shows that a library of it was exchanged.
 * For what may be remembered of it from one run to the next.
 * @returns null where another ffmpeg, or other libraries, would not be noticed: on systems that do not list their
 *   libraries (ld.so.cache), where the environment names some, and for scripts, which may start anything.
 */
export async function ffmpegIdentity(): Promise<readonly string[] | null> {
  if (process.env.LD_LIBRARY_PATH || process.env.LD_PRELOAD) return null;
  try {
    const found = await findProgram('ffmpeg');
    if (found === null) return null;
    const file = await realpath(found);
    if (!(await isElf(file))) return null;
    // Libraries of the system are in its list, those of a program that brings its own lie beside it.
    const places = [file, dirname(file), LIBRARY_LIST];
    const own = await versionOf(join(dirname(file), '..', 'lib')).catch(() => 'none');
    return [file, ...(await Promise.all(places.map(versionOf))), own];
  } catch {
    return null;
  }
}

/** ldconfig writes it anew whenever a library comes or goes. */
const LIBRARY_LIST = '/etc/ld.so.cache';

/** Of a file or folder, as it lies there now. */
async function versionOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

async function isElf(path: string): Promise<boolean> {
  const file: FileHandle = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === '\x7fELF';
  } finally {
    await file.close();
  }
}

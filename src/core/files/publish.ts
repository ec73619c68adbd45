import { randomBytes } from 'node:crypto';
import { constants, link, mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { diskFull, nameTooLong, systemErrorCode, UpreelError } from '../errors.ts';

/** A name beside `destination` that no other run uses; on the same file system, so that publishing is one rename. */
export function temporaryNameFor(destination: string): string {
  // The extension stays, because ffmpeg and sharp choose the format by it; the rest could make the name too long.
  return join(dirname(destination), `.upreel-${process.pid}-${randomBytes(4).toString('hex')}${extname(destination)}`);
}

/**
 * Gives a finished file its name: all or nothing, durable when it returns. With `share` a file that was this user's
 * alone gets the rights of any new file; `shownAs` is the destination's name for people.
 * Without `overwrite` an existing destination is never replaced, not even one that appeared a moment ago.
 * @throws UpreelError `output-exists`, `disk-full`, `output-unwritable`; the temporary file stays for the caller to
 * remove.
 */
export async function publishFile(
  temporary: string,
  destination: string,
  options: { readonly overwrite: boolean; readonly share?: boolean; readonly shownAs?: string },
): Promise<void> {
  try {
    await syncFile(temporary, options.share === true);
    if (options.overwrite) await rename(temporary, destination);
    else await renameExclusively(temporary, destination);
    await syncFolder(dirname(destination));
  } catch (error) {
    throw publishError(error, options.shownAs ?? destination);
  }
}

/**
 * @throws UpreelError `usage` if the output is the input, under whatever name: the source is never touched, not even
 *   with `overwrite`.
 */
export async function refuseSameFile(input: string, output: string): Promise<void> {
  const [source, found] = await Promise.all(
    [input, output].map((path) => stat(path, { bigint: true }).catch(() => null)),
  );
  if (!source || !found || source.ino !== found.ino || source.dev !== found.dev) return;
  throw new UpreelError('usage', `The output ${output} is the input itself.`, {
    hint: 'Choose another name with -o: upreel never touches its source.',
  });
}

/** Gives a finished file, or folder, its source's time of change. @throws UpreelError `output-unwritable`. */
export async function keepTimes(source: string, result: string): Promise<void> {
  try {
    const { atime, mtime } = await stat(source);
    await utimes(result, atime, mtime);
  } catch (cause) {
    throw new UpreelError('output-unwritable', `Cannot give ${result} the time of ${source}.`, {
      hint: 'The result itself is finished.',
      cause,
    });
  }
}

/** Writes a small state file so that a reader sees the old one or the new one, whole. */
export async function writeFileAtomically(
  destination: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  await mkdir(dirname(destination), { recursive: true });
  const temporary = temporaryNameFor(destination);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, destination);
    await syncFolder(dirname(destination));
  } catch (error) {
    await rm(temporary, { force: true });
    throw publishError(error, destination);
  }
}

async function renameExclusively(temporary: string, destination: string): Promise<void> {
  try {
    await link(temporary, destination);
  } catch (error) {
    if (!LINK_UNSUPPORTED.has(systemErrorCode(error) ?? '')) throw error;
    // exFAT and some network file systems have no links: reserve the name, then rename over the reservation.
    await (await open(destination, 'wx')).close();
    await rename(temporary, destination);
    return;
  }
  await rm(temporary, { force: true });
}

const LINK_UNSUPPORTED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function syncFile(path: string, share: boolean): Promise<void> {
  const file = await open(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
  try {
    if (share) await file.chmod(newFileMode()).catch(ignoreLackOfModes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What the umask leaves of a new file's rights. */
export function newFileMode(): number {
  return 0o666 & ~process.umask();
}

/** FAT has none. */
export function ignoreLackOfModes(error: unknown): void {
  if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'].includes(systemErrorCode(error) ?? '')) throw error;
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems refuse fsync on a folder; the rename itself has happened.
    if (systemErrorCode(error) !== 'EINVAL') throw error;
  } finally {
    await folder.close();
  }
}

function publishError(error: unknown, destination: string): unknown {
  switch (systemErrorCode(error)) {
    case 'EEXIST':
      return new UpreelError('output-exists', `${destination} exists already.`, {
        hint: 'Choose another name with -o, or add --overwrite.',
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(error, destination);
    case 'ENAMETOOLONG':
      return nameTooLong(destination, error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return new UpreelError('output-unwritable', `Cannot write ${destination}.`, {
        hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
        cause: error,
      });
    default:
      return error;
  }
}

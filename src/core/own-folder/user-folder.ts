import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UpreelError } from '../errors.ts';
import { OwnFolder } from './own-folder.ts';
import { usualTrust } from './trust.ts';

/**
 * A folder of the user's own that the platform or the environment names: state, cache, configuration. It may be a link
 * that the user made (to a larger disk, for example), and is made if there is none.
 * @returns null if there is none and it is not to be made. Whoever asked closes it.
 * @throws UpreelError `place-untrusted` also where anybody could put another folder in its place.
 */
export async function openUserFolder(path: string, options: { hint: string; make: true }): Promise<OwnFolder>;
export async function openUserFolder(path: string, options: { hint: string; make: false }): Promise<OwnFolder | null>;
export async function openUserFolder(
  path: string,
  { hint, make }: { readonly hint: string; readonly make: boolean },
): Promise<OwnFolder | null> {
  const place = await followOwnLink(resolve(path));
  await requireSafeParent(place, hint);
  return make
    ? OwnFolder.make(place, { hint, shownAs: path, parents: true })
    : OwnFolder.open(place, { hint, shownAs: path });
}

/** One in which all users have things of their own, such as /tmp: whoever has a folder there keeps it. */
export async function isSharedFolder(path: string): Promise<boolean> {
  const { uids } = usualTrust();
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() === true && uids.includes(stats.uid) && (stats.mode & STICKY) !== 0;
}

/** A link of others stays a link, which is refused. */
async function followOwnLink(path: string): Promise<string> {
  const { uids } = usualTrust();
  const stats = await lstat(path).catch(() => null);
  if (stats?.isSymbolicLink() !== true || (uids.length > 0 && !uids.includes(stats.uid))) return path;
  return realpath(path).catch(() => path);
}

/**
 * Only what anybody can do is looked for: folders above that a group may write to are common (a umask of 002), and
 * their group is mostly the user alone.
 */
async function requireSafeParent(path: string, hint: string): Promise<void> {
  if (process.geteuid === undefined) return;
  const parent = dirname(path);
  // Where there is none it is made with the folder; whoever opens the folder reports one that cannot be seen.
  const stats = await stat(parent).catch(() => null);
  if (stats === null || (stats.mode & OTHERS_MAY_WRITE) === 0 || (stats.mode & STICKY) !== 0) return;
  throw new UpreelError('place-untrusted', `Anybody may replace ${path}: ${parent} can be written to by all.`, {
    hint,
  });
}

const OTHERS_MAY_WRITE = 0o002;
const STICKY = 0o1000;

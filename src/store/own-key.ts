import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const KEY = /^[0-9a-f]{64}$/;

/**
 * A secret of this user on this machine, made once: what is signed with it was written by this user here, and did not
 * come with a folder from elsewhere. @returns null: none can be kept.
 */
export async function ownKey(): Promise<string | null> {
  // What reads networks comes along, and is loaded by who works.
  const { cacheFolders, readCached, writeCached } = await import('../core/model/index.ts');
  const place = join(cacheFolders().keys, 'jobs');
  const there = await readCached(place);
  if (there !== null && KEY.test(there)) return there;
  try {
    await writeCached(place, randomBytes(32).toString('hex'));
  } catch {
    return null;
  }
  // Of two that make one at once, the last one's stays.
  return readCached(place);
}

import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { UpreelError } from '../errors.ts';
import type { Distrust } from './trust.ts';

/** @param hint what to do about it @returns the refusal, which names what was found and whose it is. */
export function untrusted(path: string, wanted: 'folder' | 'file', distrust: Distrust, hint: string): UpreelError {
  const who = process.geteuid === undefined ? '' : ` of ${nameOfUser(process.geteuid())}`;
  const what = wanted === 'folder' ? `a folder${who} that nobody else may write to` : `a file${who} alone`;
  // Older versions left the modes to the umask, which lets a group write in some places.
  const mend = distrust.why === 'writable' ? `If only you have been there: chmod -R go-w ${path}. ` : '';
  return new UpreelError('place-untrusted', `Expected ${path} to be ${what}, got ${describe(distrust, wanted)}.`, {
    hint: `${mend}${hint}`.trim(),
  });
}

function describe(distrust: Distrust, wanted: 'folder' | 'file'): string {
  switch (distrust.why) {
    case 'kind':
      return distrust.is;
    case 'linked':
      return 'a file that has another name, too (a hard link)';
    case 'owner':
      return `one of ${nameOfUser(distrust.uid)}`;
    case 'writable':
      return `a ${wanted} that others may write to (mode ${distrust.mode.toString(8).padStart(4, '0')})`;
  }
}

/** "mallory (user 1001)". */
export function nameOfUser(uid: number): string {
  const name = uid === process.geteuid?.() ? ownName() : listedName(uid);
  return name === null ? `user ${uid}` : `${name} (user ${uid})`;
}

/** Users without an entry are common in containers. */
function ownName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}

/** Only what the machine's own file says: a directory service would have to be waited for. */
function listedName(uid: number): string | null {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([, , listed]) => Number(listed) === uid)?.[0] ?? null;
  } catch {
    return null;
  }
}

import { constants, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryNameFor } from '../files/publish.ts';
import { type Trust, usualTrust } from './trust.ts';

/** What a file system makes of us. */
export interface OwnerProof {
  /** As it names the owner of what we make: another number than ours on NFS with squashed users, on FAT the mount's. */
  readonly uid: number;
  /** Whether a file that is made for its owner alone is his alone. */
  readonly keepsModes: boolean;
}

/**
 * Makes an empty file and asks by its descriptor, which nobody can answer in our place; the file is gone afterwards.
 * @param folder whose file system is asked
 * @returns null where nothing can be made, or there are no owners at all (Windows)
 */
export async function proveOwner(folder: string): Promise<OwnerProof | null> {
  if (process.geteuid === undefined) return null;
  const name = temporaryNameFor(join(folder, 'proof'));
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600).catch(() => null);
  if (file === null) return null;
  try {
    const { uid, mode } = await file.stat();
    return { uid, keepsModes: (mode & 0o077) === 0 };
  } finally {
    await file.close();
    await unlink(name).catch(() => {});
  }
}

/**
 * Whom to believe after the proof. Where modes are kept, files that look like ours are ours. Where they are not,
 * everybody who may write there may write everything: that is believed only if it all belongs to this user.
 */
export function trustAfter({ uid, keepsModes }: OwnerProof): Trust {
  const { uids } = usualTrust();
  if (keepsModes) return { uids: [uid, ...uids], keepsModes };
  return uid === process.geteuid?.() ? { uids: [uid], keepsModes } : { uids, keepsModes: true };
}

import { stat, statfs } from 'node:fs/promises';
import { byteText } from '../core/byte-text.ts';
import { UpreelError } from '../core/errors.ts';

export interface SpaceNeed {
  readonly folder: string;
  readonly bytes: number;
}

/**
 * Checks that each file system has room for all that goes there; two folders on one file system share its room.
 * @throws UpreelError `disk-full` with both numbers.
 */
export async function requireSpace(needs: readonly SpaceNeed[]): Promise<void> {
  const totals = new Map<number, SpaceNeed>();
  for (const { folder, bytes } of needs) {
    const device = (await stat(folder)).dev;
    const before = totals.get(device)?.bytes ?? 0;
    totals.set(device, { folder, bytes: before + bytes });
  }
  for (const { folder, bytes } of totals.values()) {
    const free = await freeBytes(folder);
    if (free === null || free >= bytes) continue;
    throw new UpreelError(
      'disk-full',
      `The disk of ${folder} has ${byteText(free)} free, and about ${byteText(bytes)} more are needed.`,
      {
        hint: 'Free some space, choose other disks with -o and --work-dir, or go on at your own risk with --no-space-check.',
      },
    );
  }
}

/** Whether a folder's disk has next to no room: then that is why writing there went wrong, whatever the writer says. */
export async function isFull(folder: string): Promise<boolean> {
  const free = await freeBytes(folder);
  return free !== null && free < FULL_BYTES;
}

const FULL_BYTES = 128 * 1024;

/** null where the system does not tell. */
async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

import { constants } from 'node:fs/promises';
import { hostname } from 'node:os';
import { UpreelError } from '../core/errors.ts';
import type { OwnFolder } from '../core/own-folder/index.ts';

/**
 * Who works in a job's folder, for other machines and containers that share it: they do not see the lock. The holder
 * touches its file; one that was not touched for a minute is nobody's.
 */
export interface OwnerMark {
  stop(): Promise<void>;
}

const OWNER_FILE = 'owner.json';
const CLOCK_FILE = 'clock';
const TOUCH_MILLISECONDS = 15_000;
const FORGOTTEN_MILLISECONDS = 60_000;
const MAX_BYTES = 4096;

/** @throws UpreelError `job-running` if another machine works here; `place-untrusted`. */
export async function markOwner(folder: OwnFolder): Promise<OwnerMark> {
  const mine = JSON.stringify({ host: hostname(), pid: process.pid });
  const theirs = await readOwner(folder);
  if (theirs !== null && theirs.host !== hostname()) {
    const quietMs = (await nowIn(folder)) - theirs.touchedMs;
    if (quietMs < FORGOTTEN_MILLISECONDS) {
      throw new UpreelError(
        'job-running',
        `${theirs.host} (process ${theirs.pid}) works on this job in ${folder.path}.`,
        {
          hint: 'Wait for it, or a minute if it has ended, and run the same command again.',
        },
      );
    }
  }
  await folder.create(OWNER_FILE);
  await touch(folder, mine);
  let last = Promise.resolve();
  const timer = setInterval(() => {
    last = touch(folder, mine).catch(() => {});
  }, TOUCH_MILLISECONDS).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await last;
      await folder.remove(OWNER_FILE).catch(() => {});
    },
  };
}

/** Writing, not setting the time: the file system's own clock counts then, whatever ours says. */
async function touch(folder: OwnFolder, mine: string): Promise<void> {
  const file = await folder.openFile(OWNER_FILE, constants.O_WRONLY);
  try {
    await file?.write(mine, 0);
  } finally {
    await file?.close();
  }
}

async function readOwner(folder: OwnFolder): Promise<{ host: string; pid: number; touchedMs: number } | null> {
  const text = await folder.read(OWNER_FILE, MAX_BYTES);
  const stats = await folder.look(OWNER_FILE);
  if (text === null || stats === null) return null;
  try {
    const { host, pid } = JSON.parse(text) as { host: unknown; pid: unknown };
    return { host: String(host).slice(0, 255), pid: Number(pid), touchedMs: stats.mtimeMs };
  } catch {
    return null;
  }
}

/** The time by the clock that stamps files in this folder. */
async function nowIn(folder: OwnFolder): Promise<number> {
  await folder.create(CLOCK_FILE);
  return (await folder.look(CLOCK_FILE))?.mtimeMs ?? Date.now();
}

import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';

/**
 * Who works in a job's folder, for other machines and containers that share it: they do not see the lock. The holder
 * touches its file; one that was not touched for a minute is nobody's.
 */
export interface OwnerMark {
  stop(): Promise<void>;
}

const OWNER_FILE = 'owner.json';
const TOUCH_MILLISECONDS = 15_000;
const FORGOTTEN_MILLISECONDS = 60_000;

/** @throws UpreelError `job-running` if another machine works here. */
export async function markOwner(folder: string): Promise<OwnerMark> {
  const file = join(folder, OWNER_FILE);
  const mine = JSON.stringify({ host: hostname(), pid: process.pid });
  const theirs = await readOwner(file);
  if (theirs !== null && theirs.host !== hostname()) {
    const quietMs = (await nowOn(folder)) - theirs.touchedMs;
    if (quietMs < FORGOTTEN_MILLISECONDS) {
      throw new UpreelError('job-running', `${theirs.host} (process ${theirs.pid}) works on this job in ${folder}.`, {
        hint: 'Wait for it, or a minute if it has ended, and run the same command again.',
      });
    }
  }
  // Writing, not setting the time: the file system's own clock counts then, whatever ours says.
  const touch = () => writeFile(file, mine);
  await touch();
  let last = Promise.resolve();
  const timer = setInterval(() => {
    last = touch().catch(() => {});
  }, TOUCH_MILLISECONDS).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await last;
      await rm(file, { force: true }).catch(() => {});
    },
  };
}

async function readOwner(file: string): Promise<{ host: string; pid: number; touchedMs: number } | null> {
  try {
    const { host, pid } = JSON.parse(await readFile(file, 'utf8')) as { host: unknown; pid: unknown };
    return { host: String(host), pid: Number(pid), touchedMs: (await stat(file)).mtimeMs };
  } catch {
    return null;
  }
}

/** The time by the clock that stamps files in this folder. */
async function nowOn(folder: string): Promise<number> {
  const file = await open(join(folder, 'clock'), 'w');
  try {
    await file.write('.');
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
  }
}

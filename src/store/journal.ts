import { constants } from 'node:fs/promises';
import type { OwnFolder } from '../core/own-folder/index.ts';
import { quietJson } from '../core/quiet-json.ts';

/** The job's history, for people and viewers. Nothing is ever decided by it, so that its loss loses nothing. */
export interface Journal {
  add<T extends { readonly type: string }>(record: T): void;
  /** Waits until everything added is written, or has failed to be. */
  flush(): Promise<void>;
}

export const JOURNAL_FILE = 'events.jsonl';

/** A job that repeats itself for weeks must not fill the disk with its history. */
const MAX_BYTES = 16 * 1024 * 1024;

/** @param inFolder gives the job's folder to what is written there; without a folder nothing is. */
export function openJournal(inFolder: (write: (folder: OwnFolder) => Promise<void>) => Promise<void>): Journal {
  let last: Promise<void> = Promise.resolve();

  async function write(line: string): Promise<void> {
    try {
      await inFolder((folder) => append(folder, line));
    } catch {
      // A full disk, or a folder that was taken away or is not ours, is found by those who need it.
    }
  }

  return {
    add(record) {
      const line = `${quietJson({ at: new Date().toISOString(), ...record })}\n`;
      last = last.then(() => write(line));
    },
    flush: () => last,
  };
}

async function append(folder: OwnFolder, line: string): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  const file = await folder.openFile(JOURNAL_FILE, O_WRONLY | O_APPEND | O_CREAT);
  try {
    const bytes = Buffer.from(line);
    if (file !== null && (await file.stat()).size + bytes.length <= MAX_BYTES) await file.writeFile(bytes);
  } finally {
    await file?.close();
  }
}

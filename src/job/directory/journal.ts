import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The job's history, for people and viewers. Nothing is ever decided by it, so that its loss loses nothing. */
export interface Journal {
  add<T extends { readonly type: string }>(record: T): void;
  /** Waits until everything added is written, or has failed to be. */
  flush(): Promise<void>;
}

export const JOURNAL_FILE = 'events.jsonl';

/** A job that repeats itself for weeks must not fill the disk with its history. */
const MAX_BYTES = 16 * 1024 * 1024;

export function openJournal(folder: string): Journal {
  const file = join(folder, JOURNAL_FILE);
  let bytes: number | null = null;
  let last: Promise<void> = Promise.resolve();

  async function write(line: string): Promise<void> {
    try {
      bytes ??= (await stat(file).catch(() => null))?.size ?? 0;
      bytes += Buffer.byteLength(line);
      if (bytes <= MAX_BYTES) await appendFile(file, line);
    } catch {
      // A full disk, or a folder that was taken away, is found by those who need it.
    }
  }

  return {
    add(record) {
      const line = `${JSON.stringify({ at: new Date().toISOString(), ...record })}\n`;
      last = last.then(() => write(line));
    },
    flush: () => last,
  };
}

import { open } from 'node:fs/promises';
import { inputError } from '../input-errors.ts';
import { type ByteSource, fileSource } from './byte-source.ts';

/** Runs `read` on a file that is closed afterwards. @throws UpreelError `input-missing`, `input-unreadable`. */
export async function withFile<T>(path: string, read: (source: ByteSource) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, 'r');
    try {
      return await read(await fileSource(file));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

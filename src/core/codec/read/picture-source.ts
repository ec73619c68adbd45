import { open } from 'node:fs/promises';
import { type ByteSource, fileSource } from '../bytes/byte-source.ts';
import { inputError } from './sniff.ts';

/** Opens a picture file for as long as `work` takes. @throws UpreelError `input-missing`, `input-unreadable`. */
export async function withPicture<T>(path: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, 'r');
    try {
      return await work(await fileSource(file));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

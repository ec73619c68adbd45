import { readFile, stat } from 'node:fs/promises';
import { systemErrorCode, UpreelError } from '../../errors.ts';
import { refused } from '../import/refusal.ts';

/** Larger than any checkpoint of these families with its optimizer state; bounds what a file can make us hold. */
export const MAX_MODEL_BYTES = 1024 * 1024 * 1024;

/** @throws UpreelError `model-missing`, `model-refused` (too large, not a file, unreadable) */
export async function readModelFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const status = await stat(path);
    if (!status.isFile()) throw refused(`${path} is not a file.`);
    if (status.size === 0) throw refused(`${path} is empty.`);
    if (status.size > MAX_MODEL_BYTES) throw refused(`${path} has ${status.size} bytes, more than ${MAX_MODEL_BYTES}.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof UpreelError) throw error;
    if (systemErrorCode(error) === 'ENOENT') {
      throw new UpreelError('model-missing', `Expected a model file, got no such file: ${path}.`, {
        hint: 'Check the path; an ncnn model needs both its .param and its .bin.',
        cause: error,
      });
    }
    throw refused(`${path} cannot be read.`, error);
  }
}

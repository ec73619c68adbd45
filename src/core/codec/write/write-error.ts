import { asUpreelError, diskFull, isOutOfMemory, outOfMemory, systemErrorCode, UpreelError } from '../../errors.ts';

/**
 * What went wrong while `path` was written, as `disk-full`, `out-of-memory` or `output-unwritable` where it is that.
 */
export function writeError(error: unknown, path: string): UpreelError {
  if (error instanceof UpreelError) return error;
  const code = systemErrorCode(error);
  const text = error instanceof Error ? error.message : '';
  if (code === 'ENOSPC' || code === 'EDQUOT' || /no space left|quota exceeded/i.test(text))
    return diskFull(error, path);
  if (isOutOfMemory(error)) return outOfMemory(`Not enough memory to write ${path}.`, error);
  if (code !== undefined || /unable to (open|write)|write error/i.test(text)) {
    return new UpreelError('output-unwritable', `Cannot write ${path}.`, {
      hint: 'Check that the folder exists and that you may write there, or choose another with -o.',
      cause: error,
    });
  }
  return asUpreelError(error);
}

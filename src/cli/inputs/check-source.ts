import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemErrorCode, UpreelError } from '../../core/errors.ts';
import { isFramePattern } from '../../core/files/frame-sequence.ts';
import { nearestOf } from '../../core/nearest.ts';
import { requireFfmpeg } from '../../video/index.ts';
import { COMMAND_GROUPS } from '../flags/help-groups.ts';

/**
 * Finds out what would end a film's job before it begins: it then is no job, and stays in no list.
 * @throws UpreelError `input-missing`, `input-unreadable`, `ffmpeg-missing`.
 */
export async function checkFilm(path: string): Promise<void> {
  await checkFile(path);
  await requireFfmpeg();
}

/** Before anything is fetched for it. @throws UpreelError `input-missing`, `input-unreadable` */
export async function checkFile(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    if (isFramePattern(path)) return null;
    throw missing(path, error);
  });
  if (stats !== null && !stats.isDirectory() && stats.isFile() && stats.size === 0) {
    throw new UpreelError('input-unreadable', `${path} is empty (0 bytes).`, {
      hint: 'Get the file again from where it came from.',
    });
  }
}

function missing(path: string, cause: unknown): UpreelError {
  const code = systemErrorCode(cause);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') {
    return new UpreelError('input-unreadable', `Cannot open ${path}: ${code ?? String(cause)}.`, {
      hint: 'Check that you may read it and the folders above it.',
      cause,
    });
  }
  const command = mistypedCommand(basename(path));
  return new UpreelError('input-missing', `${path} does not exist.`, {
    hint: command === null ? 'Check the spelling and the folder.' : `Did you mean the command upreel ${command}?`,
    cause,
  });
}

/** A word that has nothing of a file's name, and is near a command's. */
function mistypedCommand(word: string): string | null {
  if (!/^[a-z]+$/i.test(word)) return null;
  return nearestOf(
    word,
    COMMAND_GROUPS.flatMap(({ commands }) => commands),
  );
}

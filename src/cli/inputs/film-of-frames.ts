import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { hasFrameName, isFrameOf, orderFrames } from '../../core/files/frame-sequence.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import type { Input } from './input.ts';

const FILMS = new Set(['.mkv', '.mp4', '.m4v', '.mov', '.webm']);

/** Whether a name of a result can only mean one film: then several pictures are its frames, and no folder is made. */
export async function namesOneFilm(output: string | undefined): Promise<boolean> {
  if (output === undefined || /[/\\]$/.test(output)) return false;
  if (output === '-' || isSequenceName(output)) return true;
  if (!FILMS.has(extname(output).toLowerCase())) return false;
  const found = await stat(output).catch(() => null);
  return found === null || !found.isDirectory();
}

/**
 * The one film that is meant by inputs with a film's name for the result.
 * @param ofPictures the film that pictures are, by their paths; default: of files of this machine
 * @throws UpreelError `usage` where they are several videos, or both kinds.
 */
export async function asOneFilm(
  inputs: readonly Input[],
  output: string,
  ofPictures: (paths: readonly string[]) => Promise<Input> = filmOf,
): Promise<Input> {
  const [first] = inputs;
  if (first === undefined) throw new UpreelError('internal', 'Expected inputs.');
  const videos = inputs.filter(({ kind }) => kind === 'video');
  if (videos.length === 0) return ofPictures(inputs.map(({ path }) => path));
  if (inputs.length === 1) return { ...first, below: null };
  const what = videos.length === inputs.length ? 'videos' : `pictures and videos (${basename(videos[0]!.path)})`;
  throw new UpreelError('usage', `${output} names one film, but the inputs are ${inputs.length} ${what}.`, {
    hint: 'Name a folder with -o (out/), or the pictures alone (frames/*.png).',
  });
}

/** By a pattern where one gives exactly these pictures: a job then need not remember the names. */
async function filmOf(paths: readonly string[]): Promise<Input> {
  const other = paths.find((path) => !hasFrameName(path));
  if (other !== undefined) {
    throw new UpreelError('usage', `${other} cannot be a frame of a film.`, {
      hint: 'Frames are PNG, TIFF, DPX, EXR or JPEG pictures.',
    });
  }
  const { numbering, paths: ordered } = orderFrames(paths);
  const folder = dirname(ordered[0]!);
  const pattern = numbering?.pattern ?? null;
  if (pattern !== null && (await isWhole(pattern, ordered))) return { path: pattern, kind: 'video', below: null };
  return { path: folder, kind: 'video', below: null, frames: ordered };
}

/** Whether the folder has no other pictures of the pattern, and no file of the pattern's own name. */
async function isWhole(pattern: string, paths: readonly string[]): Promise<boolean> {
  if ((await stat(pattern).catch(() => null)) !== null) return false;
  const names = await readdir(dirname(pattern));
  return names.filter((name) => isFrameOf(pattern, name)).length === paths.length;
}

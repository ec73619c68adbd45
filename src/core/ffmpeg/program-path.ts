import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';

export type ProgramName = 'ffmpeg' | 'ffprobe';

/** FFMPEG_PATH and FFPROBE_PATH name the programs; ffprobe is looked for beside a named ffmpeg; else PATH decides. */
export function programPath(name: ProgramName): string {
  const { FFMPEG_PATH, FFPROBE_PATH } = process.env;
  if (name === 'ffmpeg') return wherever(FFMPEG_PATH || 'ffmpeg');
  return wherever(FFPROBE_PATH || (FFMPEG_PATH ? join(dirname(FFMPEG_PATH), 'ffprobe') : 'ffprobe'));
}

/** A program may be started in another folder: only a bare name is looked for on PATH. */
function wherever(path: string): string {
  return basename(path) === path ? path : resolve(path);
}

/** The file that would be started, looked for as the system does; null: there is none. Starts nothing. */
export async function findProgram(name: ProgramName): Promise<string | null> {
  const path = programPath(name);
  const places = basename(path) === path ? (process.env.PATH ?? '').split(delimiter) : [''];
  const files = places.flatMap((place) => EXECUTABLE_ENDINGS.map((ending) => join(place, `${path}${ending}`)));
  const found = await Promise.all(
    files.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.find((_, index) => found[index]) ?? null;
}

const EXECUTABLE_ENDINGS = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : [''];

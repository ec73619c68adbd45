import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pictureKindOf } from '../../core/codec/index.ts';
import { UpreelError } from '../../core/errors.ts';
import { compareFilms } from '../../eval/index.ts';
import { warn } from '../flags/measuring-flags.ts';
import { checkFile } from '../inputs/check-source.ts';
import { printText } from '../print-text.ts';
import { type CompareFlags, withOutputs } from './compare-outputs.ts';
import { filmText } from './evaluation-text.ts';

/**
 * Whether films are to be compared.
 * @throws UpreelError `usage` unless they are two, and both films; `input-missing`.
 */
export async function areFilms(paths: readonly string[]): Promise<boolean> {
  const films = [];
  for (const path of paths) films.push(await isFilm(path));
  if (!films.includes(true)) return false;
  if (films.includes(false)) {
    const [other, picture] = [paths[films.indexOf(true)], paths[films.indexOf(false)]];
    throw new UpreelError('usage', `${other} is no picture, ${picture} is.`, {
      hint: 'Compare films with films, pictures with pictures.',
    });
  }
  if (paths.length === 2) return true;
  throw new UpreelError('usage', `Expected two films to compare, got ${paths.length}.`, {
    hint: 'Compare them in pairs.',
  });
}

export async function compareTwoFilms(paths: readonly [string, string], flags: CompareFlags): Promise<void> {
  const names = namesOf(paths);
  const { border, luma, json } = flags;
  await withOutputs({ title: names.join(', '), inputs: paths }, flags, async (outputs) => {
    const { addData, signal } = outputs;
    const found = await compareFilms(paths, names, {
      measuring: { border, luma },
      addData,
      signal,
      show: outputs.areAny ? outputs.show : null,
    });
    const { measures, size, notes, scenes, film } = found;
    if (json) {
      const [a, b] = paths;
      const { source, result, ratio, stillShare } = measures.flicker;
      const told = {
        psnr: measures.psnr,
        flicker: found.source === 0 ? [source, result] : [result, source],
        flickerSource: paths[found.source],
        flickerRatio: ratio,
        stillShare,
      };
      printText(JSON.stringify({ v: 1, type: 'films', a, b, ...size, frames: measures.psnr.length, ...told, notes }));
    } else printText(filmText(names, found));
    for (const note of notes) warn(note);
    return { notes, scenes, film };
  });
}

/** What is no picture by its first bytes; whether it is a film is found out when it is opened. */
async function isFilm(path: string): Promise<boolean> {
  if ((await stat(path).catch(() => null))?.isDirectory()) return false;
  await checkFile(path);
  return (await pictureKindOf(path)) === null;
}

function namesOf([a, b]: readonly [string, string]): [string, string] {
  if (basename(a) !== basename(b)) return [basename(a), basename(b)];
  const named = (path: string): string => join(basename(dirname(path)), basename(path));
  return named(a) === named(b) ? [a, b] : [named(a), named(b)];
}

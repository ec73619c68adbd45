import { extname } from 'node:path';
import { COMMANDS } from './commands.ts';

/**
 * Whether a command line is likely to upscale pictures: a guess from names alone, for what may be begun early and
 * thrown away. @param words of the command line, without the program
 */
export function meansPictures(words: readonly string[]): boolean {
  const [first = ''] = words;
  if (COMMANDS.some(([names]) => names.includes(first)) || first === 'help') return false;
  if (words.some((word) => OTHERWISE.has(word))) return false;
  return words.some((word) => !word.startsWith('-') && USUAL_ENDINGS.has(extname(word).toLowerCase()));
}

/** With these no picture is made, or it goes through a pipe, which an engine must be started with. */
const OTHERWISE: ReadonlySet<string> = new Set([
  '-',
  '-h',
  '--help',
  '--help-all',
  '-v',
  '-V',
  '--version',
  '--dry-run',
]);

/** Not all that can be read: of others the engine is started when it is needed. */
const USUAL_ENDINGS: ReadonlySet<string> = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.webp',
  '.tif',
  '.tiff',
  '.heic',
  '.bmp',
]);

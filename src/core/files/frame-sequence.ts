import { basename, dirname, extname, join } from 'node:path';
import { UpreelError } from '../errors.ts';
import { greatestCommonDivisor } from '../pixels/divisors.ts';

/** Kinds of pictures that can be the frames of a film, by the names that they have. */
const EXTENSIONS = new Set(['.png', '.tif', '.tiff', '.dpx', '.exr', '.jpg', '.jpeg', '.jpe', '.jfif']);
/** `%06d`, `%6d`, `%d`: where the number stands in a name. */
const NUMBER = /%(?:0?(\d{1,2}))?d/;

/** Whether a file is named like a frame; hidden ones (`._0001.png`, of macOS) are none. */
export function hasFrameName(path: string): boolean {
  return EXTENSIONS.has(extname(path).toLowerCase()) && !basename(path).startsWith('.');
}

/** `frames/%06d.dpx`: one number in the name of a picture. Folders have none. */
export function isFramePattern(path: string): boolean {
  const name = basename(path);
  return EXTENSIONS.has(extname(name).toLowerCase()) && NUMBER.test(name) && !NUMBER.test(name.replace(NUMBER, ''));
}

/** Whether a pattern gives this name, for some number: with as many zeros as it asks for, and no more. */
export function isFrameOf(pattern: string, name: string): boolean {
  const file = basename(pattern);
  const at = file.search(NUMBER);
  const [token = '', digits = '1'] = NUMBER.exec(file) ?? [];
  const after = file.slice(at + token.length);
  if (!name.startsWith(file.slice(0, at)) || !name.endsWith(after)) return false;
  const number = name.slice(at, name.length - after.length);
  const width = Math.max(1, Number(digits));
  return /^\d+$/.test(number) && (number.length === width || (number.length > width && number[0] !== '0'));
}

/** Pictures in the order in which they are shown. */
export interface FrameSequence {
  readonly paths: readonly string[];
  /** null where the names do not count by one number. */
  readonly numbering: Numbering | null;
}

export interface Numbering {
  /** Of each path. */
  readonly numbers: readonly number[];
  /** What the numbers go up by where none is missing. */
  readonly step: number;
  /** Ranges of numbers that are not there, both ends among them. */
  readonly missing: readonly { readonly first: number; readonly last: number }[];
  /** The pattern that gives exactly such names; null where some have more zeros than others. */
  readonly pattern: string | null;
}

/**
 * Puts pictures in their natural order, in which 10 comes after 9, and finds the number that counts them: the only one
 * in the names that is not the same in all.
 * @throws UpreelError `usage` for pictures of several folders, for two with one number, and for several sequences,
 * which
 *   nobody wants one after the other (layers of a rendering).
 */
export function orderFrames(paths: readonly string[]): FrameSequence {
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  if (folders.length > 1) {
    throw ambiguous(`The pictures lie in ${folders.length} folders, ${folders[0]} and ${folders[1]} among them.`);
  }
  const frames = paths.map(splitName).sort((a, b) => compareNames(a, b));
  const sorted = frames.map(({ path }) => path);
  const skeletons = new Set(frames.map(({ texts }) => texts.join('\0')));
  const varying = skeletons.size > 1 ? [] : varyingNumbers(frames);
  if (varying.length !== 1) {
    refuseSeveral(frames);
    return { paths: sorted, numbering: null };
  }
  const digits = frames.map(({ numbers }) => numbers[varying[0]!]!);
  if (digits.some((text) => text.length > MAX_DIGITS)) return { paths: sorted, numbering: null };
  const numbers = digits.map(Number);
  const double = numbers.findIndex((number, index) => index > 0 && number === numbers[index - 1]);
  if (double > 0) throw ambiguous(`${sorted[double - 1]} and ${sorted[double]} have one number.`);
  const step = stepOf(numbers);
  const pattern = patternOf(frames[0]!, varying[0]!, digits);
  return { paths: sorted, numbering: { numbers, step, missing: gapsIn(numbers, step), pattern } };
}

/** More would be no exact number. */
const MAX_DIGITS = 15;

/** "41, 43 to 50 and 3 more"; null: a number of pictures. */
export function describeMissing(missing: Numbering['missing'], step: number): string {
  const shown = missing
    .slice(0, SHOWN_RANGES)
    .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
  const rest = countMissing(missing.slice(SHOWN_RANGES), step);
  return rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
}

const SHOWN_RANGES = 6;

export function countMissing(missing: Numbering['missing'], step: number): number {
  return missing.reduce((sum, { first, last }) => sum + (last - first) / step + 1, 0);
}

interface SplitName {
  readonly path: string;
  /** What stands before, between and after the numbers: one more than those. */
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
}

function splitName(path: string): SplitName {
  const name = basename(path);
  const stem = name.slice(0, name.length - extname(name).length);
  const parts = stem.split(/(\d+)/);
  const texts = parts.filter((_, index) => index % 2 === 0);
  return { path, texts: [...texts, extname(name).toLowerCase()], numbers: parts.filter((_, index) => index % 2 === 1) };
}

function compareNames(a: SplitName, b: SplitName): number {
  for (let at = 0; at < Math.max(a.texts.length, b.texts.length); at++) {
    const text = compare(a.texts[at] ?? '', b.texts[at] ?? '');
    if (text !== 0) return text;
    const number = compareDigits(a.numbers[at] ?? '', b.numbers[at] ?? '');
    if (number !== 0) return number;
  }
  return compare(a.path, b.path);
}

function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compare(left, right);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Places of the numbers that are not the same in all names; of one name, the last. */
function varyingNumbers(frames: readonly SplitName[]): number[] {
  const [first] = frames;
  if (first === undefined) return [];
  const places = [...first.numbers.keys()];
  if (frames.length === 1) return places.slice(-1);
  return places.filter((place) => frames.some(({ numbers }) => numbers[place] !== first.numbers[place]));
}

/** Sequences are several if they count alike: a number comes again under another name. */
function refuseSeveral(frames: readonly SplitName[]): void {
  const names = new Map<string, SplitName>();
  for (const frame of frames) {
    const number = frame.numbers.at(-1);
    if (number === undefined) continue;
    const other = names.get(number);
    if (other !== undefined) {
      throw ambiguous(
        `There are several sequences: ${basename(other.path)} and ${basename(frame.path)} have one number.`,
      );
    }
    names.set(number, frame);
  }
}

function ambiguous(message: string): UpreelError {
  return new UpreelError('usage', message, {
    hint: 'Name the sequence that is meant, for example frames/beauty.%04d.exr.',
  });
}

/** The largest number that divides all distances: sequences rendered on twos count by two. */
function stepOf(numbers: readonly number[]): number {
  const step = numbers.reduce((divisor, number) => greatestCommonDivisor(divisor, number - (numbers[0] ?? 0)), 0);
  return Math.max(1, step);
}

function gapsIn(numbers: readonly number[], step: number): { first: number; last: number }[] {
  return numbers.flatMap((number, index) => {
    const before = numbers[index - 1];
    return before === undefined || number - before === step ? [] : [{ first: before + step, last: number - step }];
  });
}

function patternOf({ path }: SplitName, place: number, digits: readonly string[]): string | null {
  const width = digits.reduce((least, text) => Math.min(least, text.length), MAX_DIGITS);
  if (digits.some((text) => text.length > width && text.startsWith('0'))) return null;
  const name = basename(path);
  let seen = -1;
  const extension = extname(name);
  const token = width === 1 ? '%d' : `%0${width}d`;
  const stem = name
    .slice(0, name.length - extension.length)
    .replace(/\d+/g, (text) => (++seen === place ? token : text));
  const pattern = join(dirname(path), `${stem}${extension}`);
  return isFramePattern(pattern) ? pattern : null;
}

import { createHash } from 'node:crypto';
import { basename, dirname, extname, join } from 'node:path';

/** A result that is to be named after its input. */
export interface NamedResult {
  /** Absolute, of the input. */
  readonly path: string;
  /** Where the result goes, and what its name ends in. */
  readonly folder: string;
  readonly extension: string;
}

/**
 * What each result's name begins with: the input's name without its ending, as long as that is nobody else's. Of those
 * that would share a name, also where case says nothing, each gets the first of these that parts them all: the whole
 * name (`photo.jpg`, `photo.png`), the name after that of its folder (`a-photo`, `b-photo`), or one with a few digits
 * that follow from the path. No name depends on the order of the inputs.
 */
export function distinctStems(results: readonly NamedResult[]): readonly string[] {
  const plain = results.map(({ path }) => stemOf(path));
  const told = [...plain];
  for (const group of clashes(results, plain)) {
    const form = FORMS.find((it) => allDiffer(group.map((index) => it(results[index]!.path)))) ?? withDigits;
    for (const index of group) told[index] = form(results[index]!.path);
  }
  // Another input may have such a name of its own: photo.jpg.webp beside photo.jpg and photo.png.
  for (const index of clashes(results, told).flat()) told[index] = withDigits(results[index]!.path);
  return told;
}

function stemOf(path: string): string {
  return basename(path, extname(path));
}

const FORMS: readonly ((path: string) => string)[] = [
  (path) => basename(path),
  (path) => `${basename(dirname(path))}-${stemOf(path)}`,
  (path) => `${basename(dirname(path))}-${basename(path)}`,
];

function withDigits(path: string): string {
  return `${basename(path)}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}

/** Indexes of results that would have one name. */
function clashes(results: readonly NamedResult[], stems: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [index, { folder, extension }] of results.entries()) {
    const key = folded(join(folder, `${stems[index]}${extension}`));
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function allDiffer(names: readonly string[]): boolean {
  return new Set(names.map(folded)).size === names.length;
}

/** What macOS and Windows take for the same name. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

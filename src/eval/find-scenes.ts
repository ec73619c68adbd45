import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { PICTURE_EXTENSIONS } from '../core/codec/index.ts';
import { UpreelError } from '../core/errors.ts';

/** Files that show one thing, the one that the others are measured against first. */
export interface SceneFiles {
  readonly name: string;
  /** Two or more. */
  readonly paths: readonly string[];
  /** As they are told apart. */
  readonly names: readonly string[];
}

export interface FoundScenes {
  readonly scenes: readonly SceneFiles[];
  /** What has no counterpart, in sentences for people. */
  readonly notes: readonly string[];
}

/**
 * What two or more files or folders hold to be compared: files as they are named, folders by the names of their
 * pictures.
 * @param reference what the others are measured against; null: the first of them
 * @throws UpreelError `usage` for files among folders, and folders that have nothing in common; `input-missing`.
 */
export async function findScenes(inputs: readonly string[], reference: string | null): Promise<FoundScenes> {
  const paths = reference === null ? inputs : [reference, ...inputs];
  const kinds = await Promise.all(paths.map(isFolder));
  if (!kinds.includes(true)) {
    const names = namesOf(paths);
    return { scenes: [{ name: names.join(', '), paths, names }], notes: [] };
  }
  if (kinds.includes(false)) {
    throw new UpreelError('usage', `${paths[kinds.indexOf(false)]} is a file among folders.`, {
      hint: 'Name files alone, or folders alone: their pictures are paired by name.',
    });
  }
  const lists = await Promise.all(paths.map(picturesIn));
  return pairByName(paths.map((folder, index) => ({ folder, files: lists[index]! })));
}

/**
 * Pictures of one name in all folders: `a/photo.png`, `b/photo.jpg`, and `c/photo.upreel-4x.png`, which upreel makes of
 * it. The whole name counts before the name without its ending.
 * @throws UpreelError `usage` where nothing is in all of them, or a folder has two for one name.
 */
export function pairByName(
  folders: readonly { readonly folder: string; readonly files: readonly string[] }[],
): FoundScenes {
  const names = namesOf(folders.map(({ folder }) => folder));
  const [first, ...others] = folders;
  const scenes: SceneFiles[] = [];
  const paired = new Set<string>();
  for (const file of first!.files) {
    const found = others.map(({ folder, files }) => counterpart(file, files, folder));
    if (found.some((path) => path === null)) continue;
    const paths = [join(first!.folder, file), ...found.map((path) => path!)];
    for (const path of paths) paired.add(path);
    scenes.push({ name: stemOf(file), paths, names: paths.map((path, at) => `${names[at]}: ${basename(path)}`) });
  }
  if (scenes.length === 0) {
    throw new UpreelError(
      'usage',
      `No picture has the same name in ${folders.map(({ folder }) => folder).join(', ')}.`,
      {
        hint: 'Pairs are found by name, for example a/photo.png and b/photo.jpg; subfolders are not searched.',
      },
    );
  }
  const alone = folders.flatMap(({ folder, files }) => files.map((file) => join(folder, file)));
  const left = alone.filter((path) => !paired.has(path));
  const few = left.slice(0, 5).join(', ');
  const more = left.length > 5 ? ` and ${left.length - 5} more` : '';
  return { scenes, notes: left.length === 0 ? [] : [`Without a counterpart, left out: ${few}${more}.`] };
}

function counterpart(file: string, files: readonly string[], folder: string): string | null {
  if (files.includes(file)) return join(folder, file);
  const found = files.filter((other) => stemOf(other) === stemOf(file));
  if (found.length > 1) {
    throw new UpreelError('usage', `${folder} has several pictures for ${file}: ${found.join(', ')}.`, {
      hint: 'Leave one of them in the folder, or name files.',
    });
  }
  return found.length === 0 ? null : join(folder, found[0]!);
}

/** Without its ending, and without what upreel and data sets add to the names of results: `.upreel-4x`, `x4`. */
function stemOf(file: string): string {
  return basename(file, extname(file)).replace(/\.upreel-[\w.]+$|[-_.]?x\d$/i, '');
}

/** The last part of each path; with its folder, or whole, where others have the same. */
function namesOf(paths: readonly string[]): string[] {
  const forms = [
    (path: string) => basename(path),
    (path: string) => join(basename(dirname(path)), basename(path)),
    (path: string) => path,
  ];
  return paths.map((path) => {
    const form = forms.find((of) => paths.filter((other) => of(other) === of(path)).length === 1);
    return form?.(path) ?? path;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}

async function picturesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause) => {
    throw new UpreelError('input-unreadable', `${folder} cannot be read.`, {
      hint: 'Check that you may read it.',
      cause,
    });
  });
  return names.filter((name) => PICTURE_EXTENSIONS.has(extname(name).toLowerCase()) && !name.startsWith('.')).sort();
}

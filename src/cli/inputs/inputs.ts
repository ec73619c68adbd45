import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { isAnimation, PICTURE_EXTENSIONS, pictureKindOf } from '../../core/codec/index.ts';
import { UpreelError } from '../../core/errors.ts';
import { hasFrameName, isFramePattern } from '../../core/files/frame-sequence.ts';
import { isResultName } from '../../core/files/output-name.ts';
import { isSequenceName } from '../../core/files/sequence-name.ts';
import { asOneFilm, namesOneFilm } from './film-of-frames.ts';
import { globBase, globDepth, hasGlob, matchesGlob } from './glob.ts';
import type { Input } from './input.ts';
import { listTree, type Tree } from './tree.ts';

export interface ExpandedInputs {
  readonly inputs: readonly Input[];
  /** Sentences on what could not be looked into. */
  readonly warnings: readonly string[];
}

/** Pictures that upreel does not read: named by the picture decoder, which knows what they are. */
const FOREIGN_IMAGE_EXTENSIONS = new Set(
  [
    // Raw files of cameras.
    ...['3fr', 'arw', 'cr2', 'cr3', 'crw', 'dcr', 'dng', 'erf', 'iiq', 'kdc', 'mef', 'mos', 'mrw', 'nef', 'nrw', 'orf'],
    ...['pef', 'raf', 'rw2', 'rwl', 'sr2', 'srf', 'srw', 'x3f'],
    ...[
      'svg',
      'xcf',
      'fits',
      'fit',
      'cin',
      'xpm',
      'xbm',
      'xwd',
      'ras',
      'sun',
      'jxr',
      'wdp',
      'hdp',
      'ktx',
      'mng',
      'jng',
    ],
    ...['iff', 'ilbm', 'lbm', 'pict', 'pct', 'icns', 'ani', 'djvu', 'dcm', 'bpg', 'flif', 'wbmp', 'emf', 'wmf'],
  ].map((name) => `.${name}`),
);
/** Pictures that are not passed over where a folder is to become one film: it is said that some cannot be frames. */
const FILM_IMAGE_EXTENSIONS = new Set(['.gif', '.webp', '.avif']);
export const VIDEO_EXTENSIONS = new Set(
  [
    ...['mp4', 'm4v', 'mov', 'mkv', 'webm', 'avi', 'ts', 'm2ts', 'mts', 'mpg', 'mpeg', 'vob', 'flv', '3gp', 'wmv'],
    ...['ogv', 'y4m'],
  ].map((name) => `.${name}`),
);
const ANY_DEPTH = Number.POSITIVE_INFINITY;
const VIDEO_OUTPUTS = new Set(['.mkv', '.mp4', '.m4v', '.mov', '.webm']);

/**
 * What the arguments of the command name: files as they are, folders as the pictures and videos in them (with
 * `recursive` also below them), patterns as what they match, for shells that leave them alone. A file whose name looks
 * like a pattern is that file; `-` is standard input. Results of earlier runs and folders of jobs are passed over in
 * folders and patterns. `frames/%06d.png` is a film, and so are several pictures if the result has a film's name.
 * @returns each file once, in the order of the arguments, those of one argument sorted by name
 * @throws UpreelError `usage` for a folder or pattern without any, `input-unreadable`.
 */
export async function expandInputs(
  paths: readonly string[],
  { output, recursive }: { readonly output: string | undefined; readonly recursive: boolean },
): Promise<ExpandedInputs> {
  const warnings: string[] = [];
  const isOneFilm = await namesOneFilm(output);
  const found = new Map<string, string | null>();
  for (const path of paths) {
    const { files, unreadable, unnameable } = await expandOne(path, recursive, isOneFilm);
    for (const { path: file, below } of files) if (!found.has(file)) found.set(file, below);
    warnings.push(...unreadable.map((folder) => `The folder ${folder} cannot be read: it was passed over.`));
    if (unnameable.length > 0) warnings.push(describeUnnameable(unnameable));
  }
  const inputs: Input[] = [];
  // One after another: a tree may hold more files than may be open at once.
  const wanted = { output, isOneFilm, isAlone: found.size === 1 };
  for (const [path, below] of found) inputs.push({ path, below, kind: await kindOf(path, wanted) });
  // What pipes carry is refused where outputs are planned.
  const isFile = (inputs.length === 1 && inputs[0]!.below === null) || found.has('-');
  if (!isOneFilm || output === undefined || isFile) return { inputs, warnings };
  return { inputs: [await asOneFilm(inputs, output)], warnings };
}

interface Expansion {
  readonly files: readonly Pick<Input, 'path' | 'below'>[];
  readonly unreadable: readonly string[];
  /** Of what was looked for, names that no program can be told: sharp and ffmpeg take text. */
  readonly unnameable: readonly string[];
}

function describeUnnameable(names: readonly string[]): string {
  const what =
    names.length === 1
      ? `1 name is no UTF-8 and was passed over: `
      : `${names.length} names are no UTF-8 and were passed over: `;
  const more = names.length > 3 ? ', ...' : '';
  return `${what}${names.slice(0, 3).join(', ')}${more}. Rename what has them, for example with convmv.`;
}

async function expandOne(path: string, recursive: boolean, isOneFilm: boolean): Promise<Expansion> {
  if (path === '-') return { files: [{ path, below: null }], unreadable: [], unnameable: [] };
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory())
    return inFolder(path, await listTree(resolve(path), { depth: recursive ? ANY_DEPTH : 0 }), recursive, isOneFilm);
  if (stats !== null || !hasGlob(path)) {
    // Node.js puts U+FFFD where an argument is no UTF-8.
    const unnameable = stats === null && path.includes('\uFFFD') ? [path] : [];
    return { files: [{ path: resolve(path), below: null }], unreadable: [], unnameable };
  }
  return matching(path, recursive, isOneFilm);
}

function inFolder(folder: string, tree: Tree, recursive: boolean, isOneFilm: boolean): Expansion {
  const root = resolve(folder);
  const files = tree.files
    .filter(wantedFor(isOneFilm))
    .map((name) => ({ path: join(root, name), below: parentOf(name) }));
  const unnameable = tree.unnameable.filter(mayBeWanted(isOneFilm)).map((name) => join(root, name));
  if (files.length > 0) return { files, unreadable: tree.unreadable, unnameable };
  throw new UpreelError('usage', `There is no picture or video in ${folder}.`, {
    hint:
      unnameable.length > 0
        ? describeUnnameable(unnameable)
        : recursive
          ? 'Results of upreel do not count.'
          : 'Subfolders are only searched with --recursive.',
  });
}

/** Files that a pattern matches, and what is in the folders that it matches. */
async function matching(pattern: string, recursive: boolean, isOneFilm: boolean): Promise<Expansion> {
  const isWanted = wantedFor(isOneFilm);
  const base = globBase(pattern);
  const root = resolve(base);
  const tree = await listTree(root, { depth: globDepth(pattern), folders: true }).catch(() => ({
    files: [],
    folders: [],
    unreadable: [],
    unnameable: [],
  }));
  const matches = (name: string) => matchesGlob(pattern, join(base, name));
  const files = tree.files
    .filter((name) => isWanted(name) && matches(name))
    .map((name) => ({ path: join(root, name), below: parentOf(name) }));
  const unreadable = [...tree.unreadable];
  const unnameable = tree.unnameable
    .filter((name) => mayBeWanted(isOneFilm)(name) && matches(name))
    .map((name) => join(root, name));
  for (const folder of tree.folders.filter(matches)) {
    const inside = await listTree(join(root, folder), { depth: recursive ? ANY_DEPTH : 0 });
    unreadable.push(...inside.unreadable);
    const lost = inside.unnameable.filter(mayBeWanted(isOneFilm));
    unnameable.push(...lost.map((name) => join(root, folder, name)));
    for (const name of inside.files.filter(isWanted))
      files.push({ path: join(root, folder, name), below: join(folder, parentOf(name)) });
  }
  if (files.length > 0) return { files, unreadable: [...new Set(unreadable)], unnameable: [...new Set(unnameable)] };
  throw new UpreelError('usage', `No picture or video matches ${pattern}.`, {
    hint:
      unnameable.length > 0
        ? describeUnnameable(unnameable)
        : 'Patterns know *, ?, [a-z], {a,b} and ** for folders at any depth.',
  });
}

function wantedFor(isOneFilm: boolean): (name: string) => boolean {
  return (name) => isWanted(name, isOneFilm);
}

/**
 * Whether a file of such a name is taken from folders and patterns. Where a film is made of pictures, kinds that cannot
 * be its frames lie there for other reasons.
 */
export function isWanted(name: string, isOneFilm: boolean): boolean {
  const extension = extname(name).toLowerCase();
  const isPicture = isOneFilm ? FILM_IMAGE_EXTENSIONS.has(extension) : PICTURE_EXTENSIONS.has(extension);
  const isKnown = isPicture || VIDEO_EXTENSIONS.has(extension);
  // What macOS leaves beside files on disks of others (`._photo.jpg`) has their names, and no picture.
  const isShadow = basename(name).startsWith('._');
  return (isKnown || (isOneFilm && hasFrameName(name))) && !isShadow && !isResultName(name);
}

/** Of a file that is not at hand. */
export function kindByName(path: string): Input['kind'] {
  const extension = extname(path).toLowerCase();
  return PICTURE_EXTENSIONS.has(extension) || FOREIGN_IMAGE_EXTENSIONS.has(extension) ? 'image' : 'video';
}

/** The same of names that are no UTF-8: what a folder of such a name holds is not known. */
function mayBeWanted(isOneFilm: boolean): (name: string) => boolean {
  return (name) => name.endsWith(sep) || wantedFor(isOneFilm)(name);
}

/** Folders of a relative name, '' for none. */
function parentOf(name: string): string {
  const folder = dirname(name);
  return folder === '.' ? '' : folder;
}

interface Wanted {
  readonly output: string | undefined;
  /** Whether `output` can only mean one film. */
  readonly isOneFilm: boolean;
  /** Whether there is no other input: PNG pictures among others are frames, whatever they hold. */
  readonly isAlone: boolean;
}

/**
 * By the first bytes, then by the name. A GIF or another animation that ffmpeg reads is a video if one is asked for.
 */
async function kindOf(path: string, { output, isOneFilm, isAlone }: Wanted): Promise<Input['kind']> {
  if (path === '-') return 'video';
  if (isFramePattern(path) && (await stat(path).catch(() => null)) === null) return 'video';
  // Of many frames none is opened here.
  if (isOneFilm && !isAlone && hasFrameName(path)) return 'image';
  const isFilm =
    output === '-' || VIDEO_OUTPUTS.has(extname(output ?? '').toLowerCase()) || isSequenceName(output ?? '');
  const kind = await pictureKindOf(path);
  if (isFilm && kind !== null && kind !== 'foreign' && (await isAnimation(path, kind))) return 'video';
  return kind !== null ? 'image' : kindByName(path);
}

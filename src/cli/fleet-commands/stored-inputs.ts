import { posix } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { hasFrameName, isFrameOf, isFramePattern } from '../../core/files/frame-sequence.ts';
import type { SharedStore } from '../../store/index.ts';
import { asOneFilm, namesOneFilm } from '../inputs/film-of-frames.ts';
import { globBase, hasGlob, matchesGlob } from '../inputs/glob.ts';
import type { Input } from '../inputs/input.ts';
import { isWanted, kindByName } from '../inputs/inputs.ts';

/** What is named in a bucket: `path` is its way from the store's prefix. */
export interface StoredInput extends Input {
  /** As the store is asked for it: `s3://...`. */
  readonly named: string;
}

/**
 * What names in a bucket mean, as those of files do: an object as it is, a folder (what lies below a slash) as the
 * films in it, a pattern as what it matches, `frames/%06d.png` as one film, and pictures as one where the result has a
 * film's name. What the objects are, their names say.
 * @param names `s3://...`
 * @throws UpreelError `usage` for names of another store, and for folders and patterns without any film.
 */
export async function expandStored(
  names: readonly string[],
  store: SharedStore,
  { output, recursive }: { readonly output: string | undefined; readonly recursive: boolean },
): Promise<readonly StoredInput[]> {
  const isOneFilm = await namesOneFilm(output);
  const inputs = new Map<string, StoredInput>();
  for (const name of names) {
    for (const input of await expandOne(name, store, { isOneFilm, recursive })) {
      if (!inputs.has(input.path)) inputs.set(input.path, input);
    }
  }
  const found = [...inputs.values()];
  const isNamed = found.length === 1 && found[0]!.below === null;
  if (!isOneFilm || output === undefined || isNamed || found.length === 0) return found;
  const film = await asOneFilm(found, output, (ways) => filmOf(ways, store));
  return [{ ...film, named: store.nameOf(film.path) }];
}

const { basename, dirname } = posix;

interface How {
  readonly isOneFilm: boolean;
  readonly recursive: boolean;
}

async function expandOne(name: string, store: SharedStore, { isOneFilm, recursive }: How): Promise<StoredInput[]> {
  const way = wayInBucket(store, name);
  const asInput = (path: string, below: string | null): StoredInput => {
    return { path, kind: kindByName(path), below, named: store.nameOf(path) };
  };
  const found = (ways: readonly string[], from: string, what: string): StoredInput[] => {
    const wanted = ways.filter((path) => isWanted(path, isOneFilm));
    if (wanted.length > 0) return wanted.map((path) => asInput(path, parentBelow(path, from)));
    throw new UpreelError('usage', `No picture or video ${what}.`, {
      hint: 'Patterns know *, ?, [a-z], {a,b} and ** for folders at any depth; --recursive looks below folders.',
    });
  };
  const mayBeFile = way !== '' && !way.endsWith('/');
  if (mayBeFile && (await store.holds(way))) return [asInput(way, null)];
  if (mayBeFile && isFramePattern(way)) return [await framesOf(way, store)];
  if (hasGlob(way)) {
    const base = globBase(way) === '.' ? '' : `${globBase(way)}/`;
    const ways = await store.waysBelow(base);
    return found(ways.filter(matching(way, recursive)), base, `matches ${name}`);
  }
  const folder = way === '' || way.endsWith('/') ? way : `${way}/`;
  const ways = await store.waysBelow(folder);
  // That it is not there is told when it is asked for.
  if (mayBeFile && ways.length === 0) return [asInput(way, null)];
  const direct = (path: string) => recursive || !path.slice(folder.length).includes('/');
  return found(ways.filter(direct), folder, `is in ${name}`);
}

/** Objects that a pattern matches, and what lies in folders that it matches. */
function matching(pattern: string, recursive: boolean): (way: string) => boolean {
  return (way) => {
    if (matchesGlob(pattern, way)) return true;
    const [parent, ...above] = foldersOf(way);
    return [...(parent === undefined ? [] : [parent]), ...(recursive ? above : [])].some((folder) => {
      return matchesGlob(pattern, folder);
    });
  };
}

/** The nearest first. */
function foldersOf(way: string): string[] {
  const folder = dirname(way);
  return folder === '.' ? [] : [folder, ...foldersOf(folder)];
}

function parentBelow(way: string, from: string): string {
  const folder = dirname(way.slice(from.length));
  return folder === '.' ? '' : folder;
}

/** @throws UpreelError `input-missing` */
async function framesOf(pattern: string, store: SharedStore): Promise<StoredInput> {
  const folder = dirname(pattern) === '.' ? '' : `${dirname(pattern)}/`;
  const ways = (await store.waysBelow(folder)).filter((way) => {
    return !way.slice(folder.length).includes('/') && isFrameOf(pattern, basename(way));
  });
  const named = store.nameOf(pattern);
  if (ways.length === 0) throw new UpreelError('input-missing', `No picture is named like ${named}.`);
  return { path: pattern, kind: 'video', below: null, frames: ways.map((way) => store.nameOf(way)), named };
}

/** @throws UpreelError `usage` */
async function filmOf(ways: readonly string[], store: SharedStore): Promise<Input> {
  const other = ways.find((way) => !hasFrameName(way));
  const frames = ways.map((way) => store.nameOf(way));
  if (other === undefined) return { path: foldersOf(ways[0]!)[0] ?? '', kind: 'video', below: null, frames };
  throw new UpreelError('usage', `${other} cannot be a frame of a film.`, {
    hint: 'Frames are PNG, TIFF, DPX, EXR or JPEG pictures.',
  });
}

/** `s3://bucket/prefix/NAME` is NAME; that of the store itself is empty. @throws UpreelError `usage`. */
function wayInBucket({ address, isFolder }: SharedStore, name: string): string {
  if (name === address) return '';
  if (name.startsWith(`${address}/`)) return name.slice(address.length + 1);
  throw new UpreelError('usage', `The source ${name} is not in the store ${address}.`, {
    hint: isFolder
      ? 'Name its bucket as the store: --store s3://bucket/prefix.'
      : 'Films lie below the store’s prefix: name one there.',
  });
}

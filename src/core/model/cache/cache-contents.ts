import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Catalogue, readCatalogue } from '../catalogue.ts';
import { withPullLock } from '../fetch/fetch-lock.ts';
import { type CacheFolders, cacheFolders, openCacheFolder, requireOwnCache } from './cache-folder.ts';

/**
 * `models`: fetched, can be fetched again. `imported`: the user's own. `networks`: made from either, made again when
 * needed. `findings`: what devices, encoders and files have shown when they were tried or read.
 */
export type CacheKind = 'models' | 'imported' | 'networks' | 'findings';

export interface CachedFile {
  readonly kind: CacheKind;
  readonly path: string;
  readonly bytes: number;
}

/** All files of the cache. Nothing is made. @throws UpreelError `place-untrusted`. */
export async function listCache(folders: CacheFolders = cacheFolders()): Promise<CachedFile[]> {
  await requireOwnCache(folders);
  const kindOfWeights = weightsKind(readCatalogue());
  const all = [
    await filesIn(folders.models, kindOfWeights),
    await filesIn(folders.onnx, () => 'networks'),
    await filesIn(folders.devices, () => 'findings'),
    await filesIn(folders.probes, () => 'findings'),
    await filesIn(folders.trials, () => 'findings'),
    await filesIn(folders.lists, () => 'findings'),
  ];
  return all.flat();
}

/** What is being written has a name with a dot, and is left alone. */
async function filesIn(folder: string, kindOf: (name: string, bytes: number) => CacheKind): Promise<CachedFile[]> {
  const names = await readdir(folder).catch(() => []);
  const files: CachedFile[] = [];
  for (const name of names.filter((it) => !it.startsWith('.')).sort()) {
    const stats = await lstat(join(folder, name)).catch(() => null);
    if (stats?.isFile()) files.push({ kind: kindOf(name, stats.size), path: join(folder, name), bytes: stats.size });
  }
  return files;
}

/** An imported checkpoint may have the name of a file of the catalogue, but not its size as well. */
function weightsKind({ models }: Catalogue): (name: string, bytes: number) => CacheKind {
  const known = new Set(models.flatMap((model) => model.sources.flatMap(({ files }) => files.map(nameAndSize))));
  return (name, bytes) => (known.has(nameAndSize({ name, bytes })) ? 'models' : 'imported');
}

function nameAndSize({ name, bytes }: { readonly name: string; readonly bytes: number }): string {
  return `${name} ${bytes}`;
}

/** Removes files of the cache; no model is fetched or imported meanwhile. @throws UpreelError `place-untrusted`. */
export async function removeCached(files: readonly CachedFile[], signal: AbortSignal): Promise<void> {
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    const names = files.filter(({ path }) => dirname(path) === folder).map(({ path }) => basename(path));
    const remove = () => removeNames(folder, names);
    await (folder === cacheFolders().models ? withPullLock(folder, signal, remove) : remove());
  }
}

async function removeNames(folder: string, names: readonly string[]): Promise<void> {
  const own = await openCacheFolder(folder);
  try {
    for (const name of names) await own.remove(name);
  } finally {
    await own.close();
  }
}

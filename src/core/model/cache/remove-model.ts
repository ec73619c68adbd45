import { basename, dirname } from 'node:path';
import { UpreelError } from '../../errors.ts';
import { readCatalogue } from '../catalogue.ts';
import { loadModel, locateWeights } from '../import/load-model.ts';
import { type CachedFile, listCache, removeCached } from './cache-contents.ts';
import { cacheFolders, offlineFolder } from './cache-folder.ts';
import { findOwn } from './store.ts';

/**
 * Removes a model from the cache, fetched or imported, with the networks that were made from it.
 * @returns what was removed. @throws UpreelError `model-missing`, `usage` for one in UPREEL_MODELS, `place-untrusted`.
 */
export async function removeModel(id: string, signal: AbortSignal): Promise<readonly CachedFile[]> {
  const names = await namesOf(id);
  const cached = await listCache();
  const weights = cached.filter(({ path }) => dirname(path) === cacheFolders().models && names.has(basename(path)));
  if (weights.length === 0) {
    if (offlineFolder() === undefined && readCatalogue().models.some((model) => model.id === id)) {
      throw new UpreelError(
        'model-missing',
        `The model ${id} is not in ${cacheFolders().models}: there is nothing to remove.`,
      );
    }
    // Says what there is instead, or that it is the user's.
    const { files } = await locateWeights(id, { offline: true });
    throw new UpreelError('usage', `${files.path} is not in upreel's cache: it is yours to remove.`);
  }
  const made = await networksOf(id, cached);
  await removeCached([...weights, ...made], signal);
  return [...weights, ...made];
}

/** File names of the model and of no other. */
async function namesOf(id: string): Promise<ReadonlySet<string>> {
  const { models } = readCatalogue();
  const model = models.find((it) => it.id === id);
  if (model === undefined) {
    const own = offlineFolder() === undefined ? await findOwn(cacheFolders().models, id) : undefined;
    const paths = own === undefined ? [] : [own.path, ...(own.paramPath === undefined ? [] : [own.paramPath])];
    return new Set(paths.map((path) => basename(path)));
  }
  const filesOf = (it: typeof model) => it.sources.flatMap(({ files }) => files.map(({ name }) => name));
  const others = new Set(models.filter((it) => it !== model).flatMap(filesOf));
  return new Set(filesOf(model).filter((name) => !others.has(name)));
}

/** Of a model that cannot be read any more, they stay for `upreel cache clean`. */
async function networksOf(id: string, cached: readonly CachedFile[]): Promise<CachedFile[]> {
  const model = await loadModel(id, { offline: true, onlyLook: true }).catch(() => null);
  if (model === null) return [];
  const mark = model.descriptor.contentHash.slice(0, 32);
  return cached.filter(({ kind, path }) => kind === 'networks' && basename(path).startsWith(mark));
}

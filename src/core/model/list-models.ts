import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UpreelError } from '../errors.ts';
import { cacheFolders, offlineFolder } from './cache/cache-folder.ts';
import { listOwn, type WeightFiles } from './cache/store.ts';
import { readCatalogue } from './catalogue.ts';
import { type LoadModelOptions, locateWeights } from './import/load-model.ts';

export interface ListedModel {
  readonly id: string;
  readonly isDefault: boolean;
  /** null for checkpoints of the user's own, which are not read for a list. */
  readonly scale: number | null;
  readonly licence: string | null;
  readonly suits: string | null;
  /** Whether its strength of removing noise can be set: it has a twin that keeps noise. */
  readonly denoise: boolean;
  /** Of the files on this machine, or of those that would be tried first. */
  readonly bytes: number;
  /** "folder": in the one of UPREEL_MODELS; "absent": would be fetched on first use. */
  readonly state: 'cached' | 'folder' | 'damaged' | 'absent';
}

/** The catalogue in its order, then the user's own; hashes of what is on this machine are checked. */
export async function listModels(
  options: Pick<LoadModelOptions, 'cacheFolder' | 'catalogue'> = {},
): Promise<ListedModel[]> {
  const catalogue = options.catalogue ?? readCatalogue();
  const catalogued = catalogue.models.map(
    async ({ id, scale, licence, suits, twin, sources }): Promise<ListedModel> => {
      const facts = { id, isDefault: id === catalogue.default, scale, licence, suits, denoise: twin !== undefined };
      const here = await look(id, options);
      const absentBytes = sources[0]!.files.reduce((sum, { bytes }) => sum + bytes, 0);
      return { ...facts, bytes: here.files === undefined ? absentBytes : await sizeOf(here.files), state: here.state };
    },
  );
  const folders = [
    cacheFolders(options.cacheFolder).models,
    ...(offlineFolder() === undefined ? [] : [offlineFolder()!]),
  ];
  const ownIds = new Set((await Promise.all(folders.map(listOwn))).flat());
  const own = [...ownIds]
    .filter((id) => !catalogue.models.some((model) => model.id === id))
    .map(async (id): Promise<ListedModel> => {
      const { files, state } = await look(id, options);
      const bytes = files === undefined ? 0 : await sizeOf(files);
      return { id, isDefault: false, scale: null, licence: null, suits: null, denoise: false, bytes, state };
    });
  return [...(await Promise.all(catalogued)), ...(await Promise.all(own)).filter(({ state }) => state !== 'absent')];
}

async function look(
  id: string,
  options: LoadModelOptions,
): Promise<{ state: ListedModel['state']; files?: WeightFiles }> {
  try {
    const { files } = await locateWeights(id, { ...options, offline: true });
    return { state: dirname(files.path) === offlineFolder() ? 'folder' : 'cached', files };
  } catch (error) {
    if (error instanceof UpreelError && error.code === 'model-missing') return { state: 'absent' };
    if (error instanceof UpreelError && error.code === 'model-refused') return { state: 'damaged' };
    throw error;
  }
}

async function sizeOf({ path, paramPath }: WeightFiles): Promise<number> {
  const sizes = [path, ...(paramPath === undefined ? [] : [paramPath])].map(async (file) => (await stat(file)).size);
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

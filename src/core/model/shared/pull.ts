import { UpreelError } from '../../errors.ts';
import { nearestIds } from '../../nearest.ts';
import { cacheFolders } from '../cache/cache-folder.ts';
import type { WeightFiles } from '../cache/store.ts';
import { type CatalogueModel, readCatalogue } from '../catalogue.ts';
import { type PullOptions, pullModel } from '../fetch/fetch.ts';
import { type LoadModelOptions, locateWeights } from '../import/load-model.ts';
import { directFile } from './find.ts';
import { readSharedList } from './list.ts';

/**
 * Brings a network of the list into the cache, checked by the list's size and sha256; from then on its id means it.
 * @throws UpreelError `model-missing` (no such network), `model-download-failed` (only for a browser, too),
 * `model-refused`
 *   (other bytes came), `usage` (an id of the catalogue), `interrupted`, `disk-full`
 */
export async function pullShared(
  id: string,
  options: PullOptions & Pick<LoadModelOptions, 'signal'> = {},
): Promise<{ id: string; files: WeightFiles }> {
  const { models } = await readSharedList(options.signal ?? new AbortController().signal);
  const model = models.find((it) => it.id === id);
  if (model === undefined) {
    const near = nearestIds(
      id,
      models.map((it) => it.id),
    );
    throw new UpreelError('model-missing', `The list of models has no "${id}".`, {
      hint: `${near.length > 0 ? `Did you mean ${near.map((it) => `omdb:${it}`).join(' or ')}? ` : ''}upreel models find WORDS looks through it.`,
    });
  }
  const catalogue = readCatalogue();
  if (catalogue.models.some((it) => it.id === id)) {
    throw new UpreelError('usage', `upreel's own catalogue has ${id}, too.`, { hint: `upreel models pull ${id}` });
  }
  const file = directFile(model);
  if (file === null) {
    throw new UpreelError('model-download-failed', `${id} can only be fetched with a browser.`, {
      hint: `${model.page} leads to it; then upreel models import FILE --id ${id}.`,
    });
  }
  const { extension, bytes, sha256, url } = file;
  const listed: CatalogueModel = {
    id,
    architecture: 'rrdb',
    scale: 1,
    licence: model.licence ?? 'unknown',
    author: model.authors.join(', '),
    homepage: model.page,
    summary: model.name,
    suits: '',
    sources: [{ kind: 'url', files: [{ name: `${id}${extension}`, bytes, sha256, url }] }],
  };
  await pullModel({ ...catalogue, models: [listed] }, listed, cacheFolders().models, options);
  return await locateWeights(id, options);
}

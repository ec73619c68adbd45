import { constants, copyFile, rm } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { UpreelError } from '../errors.ts';
import { publishFile, temporaryNameFor } from '../publish.ts';
import { cacheFolders } from './cache-folder.ts';
import { readCatalogue } from './catalogue.ts';
import type { ModelDescriptor } from './descriptor.ts';
import { withPullLock } from './fetch-lock.ts';
import { unwritable } from './fetch-sink.ts';
import { importNetwork } from './import-network.ts';
import { type LoadModelOptions, locateWeights } from './load-model.ts';
import { findOwn, stemOf } from './store.ts';

/**
 * Copies a checkpoint that upreel can read into the cache, so that `id` (default: the file's name without its
 * extension) means it from now on.
 * @throws UpreelError `model-missing`, `model-refused`, `model-unsupported`, `usage` (an id that cannot be had),
 * `output-exists`, `output-unwritable`, `disk-full`.
 */
export async function importModel(
  file: string,
  options: Pick<LoadModelOptions, 'cacheFolder' | 'catalogue' | 'signal'> & { readonly id?: string } = {},
): Promise<ModelDescriptor> {
  const id = options.id ?? stemOf(file);
  checkId(
    id,
    (options.catalogue ?? readCatalogue()).models.map((model) => model.id),
  );
  // An absolute path is never taken for an id.
  const { files } = await locateWeights(resolve(file), options);
  const { descriptor } = await importNetwork(files, id);
  const folder = cacheFolders(options.cacheFolder).models;
  await withPullLock(folder, options.signal ?? new AbortController().signal, async () => {
    if ((await findOwn(folder, id)) !== undefined) throw idTaken(id, folder);
    // The weights last: without them there is no model.
    if (files.paramPath !== undefined) await place(files.paramPath, join(folder, `${id}.param`), true);
    await place(files.path, join(folder, `${id}${extname(files.path).toLowerCase()}`), false);
  });
  return descriptor;
}

function checkId(id: string, catalogued: readonly string[]): void {
  if (!/^\w[\w.+-]{0,99}$/.test(id)) {
    throw new UpreelError('usage', `Expected an id of letters, digits, ".", "+", "-" and "_", got "${id}".`, {
      hint: 'Choose one with --id.',
    });
  }
  if (catalogued.includes(id)) {
    throw new UpreelError('usage', `The id ${id} is that of a model of the catalogue.`, {
      hint: 'Choose another with --id.',
    });
  }
}

function idTaken(id: string, folder: string): UpreelError {
  return new UpreelError('output-exists', `There is an imported model ${id} already.`, {
    hint: `Choose another id with --id, or remove it from ${folder}: upreel models remove ${id}`,
  });
}

async function place(from: string, destination: string, overwrite: boolean): Promise<void> {
  const temporary = temporaryNameFor(destination);
  try {
    await copyFile(from, temporary, constants.COPYFILE_EXCL).catch((error: unknown) => {
      throw unwritable(error, destination);
    });
    await publishFile(temporary, destination, { overwrite });
  } finally {
    await rm(temporary, { force: true });
  }
}

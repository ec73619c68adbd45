import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Catalogue, CatalogueFile, CatalogueModel, ModelSource } from '../catalogue.ts';

/** The weights of one network as they lie on the disk: what the importer reads. */
export interface WeightFiles {
  readonly path: string;
  /** The ncnn graph that goes with a .bin. */
  readonly paramPath?: string;
  /** Of the weights, where they have just been checked. */
  readonly sha256?: string;
}

export type Found =
  | { readonly state: 'right'; readonly files: WeightFiles }
  | { readonly state: 'missing' }
  /** A file has the catalogue's size and not its hash. */
  | { readonly state: 'damaged'; readonly path: string; readonly sha256: string; readonly expected: string };

/** Looks in a folder for a catalogue model's files, from any of its sources, and checks their hashes. */
export async function findCatalogued(catalogue: Catalogue, model: CatalogueModel, folder: string): Promise<Found> {
  let worst: Found = { state: 'missing' };
  for (const source of model.sources) {
    const found = await findSource(catalogue, source, folder);
    if (found.state === 'right') return found;
    if (found.state === 'damaged') worst = found;
  }
  return worst;
}

/** A checkpoint that lies in a folder under an id of its own. */
export async function findOwn(folder: string, id: string): Promise<WeightFiles | undefined> {
  for (const extension of WEIGHTS) {
    const path = join(folder, `${id}${extension}`);
    if ((await sizeOf(path)) === undefined) continue;
    if (extension !== '.bin') return { path };
    const paramPath = join(folder, `${id}.param`);
    if ((await sizeOf(paramPath)) !== undefined) return { path, paramPath };
  }
  return undefined;
}

/** The ids under which checkpoints lie in a folder, sorted; none if there is no such folder. */
export async function listOwn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const ids = names.filter((name) => !name.startsWith('.') && WEIGHTS.has(extname(name))).map(stemOf);
  return [...new Set(ids)].sort();
}

/** Whether this very file, right to the last byte, is in the folder. */
export async function holdsFile(folder: string, file: CatalogueFile): Promise<boolean> {
  return (await findFile(folder, file)).state === 'right';
}

export function stemOf(path: string): string {
  return basename(path, extname(path));
}

/** Lower-case hexadecimal; reads into one buffer: pieces of a large file would wait in memory to be collected. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** In the order in which they are looked for. */
const WEIGHTS = new Set(['.safetensors', '.pth', '.pt', '.ckpt', '.onnx', '.bin']);

async function findSource(catalogue: Catalogue, source: ModelSource, folder: string): Promise<Found> {
  for (const file of source.files) {
    const found = await findFile(folder, file);
    if (found.state !== 'right') return found;
  }
  return { state: 'right', files: weightFilesOf(catalogue, source, folder) };
}

async function findFile(folder: string, file: CatalogueFile): Promise<Found> {
  const path = join(folder, file.name);
  if ((await sizeOf(path)) !== file.bytes) return { state: 'missing' };
  const sha256 = await fileSha256(path);
  if (sha256 !== file.sha256) return { state: 'damaged', path, sha256, expected: file.sha256 };
  return { state: 'right', files: { path } };
}

function weightFilesOf(catalogue: Catalogue, source: ModelSource, folder: string): WeightFiles {
  const weights = source.files.find(({ name }) => WEIGHTS.has(extname(name)))!;
  const param = source.files.find(({ name }) => extname(name) === '.param');
  const checked = { path: join(folder, weights.name), sha256: weights.sha256 };
  if (param !== undefined) return { ...checked, paramPath: join(folder, param.name) };
  if (source.kind === 'npm' && source.graph !== undefined) {
    return { ...checked, paramPath: join(catalogue.folder, source.graph) };
  }
  return checked;
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? found.size : undefined;
}

import { createHash } from 'node:crypto';
import { dirname, extname, join } from 'node:path';
import { readModelFile } from '../checkpoint/read-model-file.ts';
import { externalFiles } from '../onnx/external-data.ts';
import { sidecarFiles } from '../onnx/sidecar.ts';
import { fileSha256, type WeightFiles } from './store.ts';

/**
 * Every file that a network is read from, the one that was named first: with the .param of a .bin, and what an ONNX
 * file keeps beside it.
 * @throws UpreelError `model-missing`, `model-refused`
 */
export async function networkFiles({ path, paramPath }: WeightFiles): Promise<readonly string[]> {
  if (paramPath !== undefined) return [path, paramPath];
  if (extname(path).toLowerCase() !== '.onnx') return [path];
  const beside = await sidecarFiles(path);
  const names = [
    ...externalFiles(await readModelFile(path)),
    ...(beside === null ? [] : [beside.sidecar, ...beside.others]),
  ];
  return [path, ...names.map((name) => join(dirname(path), name))];
}

/** sha256 of the file, or of the hashes of all of them, that a network is read from. */
export async function networkFilesSha256(files: WeightFiles): Promise<string> {
  const hashes: string[] = [];
  for (const path of await networkFiles(files)) hashes.push(await fileSha256(path));
  const [first = ''] = hashes;
  return hashes.length === 1 ? first : createHash('sha256').update(hashes.join('')).digest('hex');
}

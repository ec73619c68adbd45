import { createHash } from 'node:crypto';
import { isIndexTensor, isTensor } from '../tensor.ts';

/**
 * sha256 of plain data with tensors in it, such as a graph's nodes and output: equal for equal networks, whatever files
 * they came from.
 */
export function contentHash(network: unknown): string {
  const hash = createHash('sha256');
  const numbers: (Float32Array | Int32Array)[] = [];
  const wiring = JSON.stringify(network, (_key, value: unknown) => {
    if (isTensor(value)) return { shape: value.shape, tensor: numbers.push(value.data) };
    if (isIndexTensor(value)) return { shape: value.shape, indices: numbers.push(value.indices) };
    return value;
  });
  hash.update(wiring);
  for (const { buffer, byteOffset, byteLength } of numbers) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

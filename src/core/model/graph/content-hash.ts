import { createHash } from 'node:crypto';
import type { Tensor } from '../tensor.ts';
import type { Graph } from './graph.ts';
import { isTensor } from './wiring.ts';

/** sha256 of the graph's wiring, numbers and weights: equal for equal networks, whatever files they came from. */
export function contentHash(graph: Graph): string {
  const hash = createHash('sha256');
  const tensors: Tensor[] = [];
  const wiring = JSON.stringify([graph.nodes, graph.output], (_key, value: unknown) => {
    if (!isTensor(value)) return value;
    return { shape: value.shape, tensor: tensors.push(value) };
  });
  hash.update(wiring);
  for (const { data } of tensors) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

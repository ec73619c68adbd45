import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, type Model } from '../../src/core/model/index.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import type { Weights } from './reference-evaluator.ts';

/** A network of made-up weights, by way of a checkpoint file as a user would give it. `dispose` removes its files. */
export async function modelOf(weights: Weights): Promise<{ model: Model; path: string; dispose: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'upreel-random-model-'));
  const path = join(folder, 'made-up.safetensors');
  await writeFile(path, writeSafetensors(weights));
  return {
    model: await loadModel(path, { cacheFolder: folder }),
    path,
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Two equal features, offset + factor * (red + green + blue), that the last layer multiplies by gain and subtracts from
 * each other: zero, until they overflow as half precision does sooner, and it is infinity less infinity.
 */
export function overflowingWeights({
  factor,
  offset,
  gain,
}: {
  factor: number;
  offset: number;
  gain: number;
}): Weights {
  const centres = (shape: readonly [number, number], value: (input: number) => number) => ({
    shape: [...shape, 3, 3],
    data: Float32Array.from({ length: shape[0] * shape[1] * 9 }, (_, i) =>
      i % 9 === 4 ? value(Math.floor(i / 9) % shape[1]) : 0,
    ),
  });
  return new Map([
    ['body.0.weight', centres([2, 3], () => factor)],
    ['body.0.bias', { shape: [2], data: new Float32Array(2).fill(offset) }],
    ['body.1.weight', { shape: [2], data: new Float32Array(2).fill(1) }],
    ['body.2.weight', centres([12, 2], (input) => (input === 0 ? gain : -gain))],
    ['body.2.bias', { shape: [12], data: new Float32Array(12) }],
  ]);
}

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

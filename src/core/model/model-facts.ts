import { UpreelError } from '../errors.ts';
import { readCatalogue } from './catalogue.ts';
import type { ModelDescriptor } from './descriptor.ts';
import { loadModel, locateWeights, type NetworkOptions } from './import/load-model.ts';

/** What can be known of a network without fetching it or writing anything. */
export interface ModelFacts {
  readonly scale: number;
  /** null: its weights are not on this machine. */
  readonly descriptor: ModelDescriptor | null;
  /** To be fetched first. */
  readonly bytesToFetch: number;
}

/** @throws UpreelError as `loadModel` does, but for a model of the catalogue that is not here. */
export async function modelFacts(idOrFile: string, options: NetworkOptions): Promise<ModelFacts> {
  const known = readCatalogue().models.find(({ id }) => id === idOrFile);
  const offline = { ...options, offline: true, onlyLook: true };
  try {
    const { files } = await locateWeights(idOrFile, offline);
    // What trying an ONNX file of others has shown would be written down.
    const isForeign = files.path.toLowerCase().endsWith('.onnx');
    const { descriptor } = isForeign
      ? await (await import('./import/import-network.ts')).importNetwork(files, idOrFile, options.onnx)
      : await loadModel(idOrFile, offline);
    return { scale: descriptor.scale, descriptor, bytesToFetch: 0 };
  } catch (error) {
    const isToFetch = error instanceof UpreelError && error.code === 'model-missing' && !process.env.UPREEL_MODELS;
    if (known === undefined || !isToFetch) throw error;
    const bytesToFetch = known.sources[0]!.files.reduce((sum, { bytes }) => sum + bytes, 0);
    return { scale: known.scale, descriptor: null, bytesToFetch };
  }
}

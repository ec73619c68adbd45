import { basename, extname } from 'node:path';
import { UpreelError } from '../../errors.ts';
import { stemOf } from '../cache/store.ts';
import { writeSafetensors } from '../checkpoint/write-safetensors.ts';
import type { ModelDescriptor } from '../descriptor.ts';
import { describeNetwork, readNetwork } from '../import/import-network.ts';
import { type LoadModelOptions, locateWeights } from '../import/load-model.ts';
import { unsupported } from '../import/refusal.ts';
import { blendNetworks, namedWeights } from './blend-networks.ts';

export interface BlendedModel {
  readonly descriptor: ModelDescriptor;
  /** Content of the file. */
  readonly bytes: Uint8Array;
}

/**
 * Network interpolation: (1 - alpha) * a + alpha * b, as the content of `output`: .safetensors (weights under their
 * family's names) or .onnx (the wrapped network, as `models export` writes it).
 * @param a id or file of a network, like `b`
 * @throws UpreelError as `loadModel`; `usage` (alpha, name); `model-unsupported`, naming the first mismatch
 */
export async function blendModels(
  a: string,
  b: string,
  { alpha, output, ...options }: LoadModelOptions & { readonly alpha: number; readonly output: string },
): Promise<BlendedModel> {
  if (!(alpha >= 0 && alpha <= 1)) throw new UpreelError('usage', `Expected an alpha from 0 to 1, got ${alpha}.`);
  const extension = extname(output).toLowerCase();
  if (extension !== '.safetensors' && extension !== '.onnx') {
    throw new UpreelError('usage', `Expected a result named .safetensors or .onnx, got ${output}.`);
  }
  const read = async (idOrFile: string) => readNetwork((await locateWeights(idOrFile, options)).files, options.onnx);
  const network = blendNetworks(await read(a), await read(b), alpha, basename(output));
  const { descriptor, wrap } = describeNetwork(network, stemOf(output));
  if (extension === '.onnx') return { descriptor, bytes: wrap({ bytesPerSample: 1, channels: 3 }) };
  const weights = namedWeights(network);
  if (weights === undefined) {
    throw unsupported(
      'The layers of these networks have no names that a .safetensors file could give them.',
      'Write the result as .onnx instead.',
    );
  }
  return { descriptor, bytes: writeSafetensors(weights) };
}

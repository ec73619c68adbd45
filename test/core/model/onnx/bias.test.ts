import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { expect, it } from 'vitest';
import { coreOfForeign } from '../../../../src/core/model/onnx/foreign-core.ts';
import { readForeignModel } from '../../../../src/core/model/onnx/read-foreign.ts';
import { wrapNetwork } from '../../../../src/core/model/onnx/wrap-network.ts';
import { importBytes } from '../run-network.ts';
import { ForeignOnnx } from '../writers/onnx-writer.ts';
import { RandomLayers, randomRrdb } from '../writers/random-networks.ts';
import { randomOmnisr } from '../writers/random-omnisr.ts';
import { writeSafetensors } from '../writers/safetensors-writer.ts';

/** Without one, the WebGPU provider of onnxruntime 1.30 crashes. */
it.each<[string, () => Promise<Uint8Array>]>([
  ['a checkpoint with convolutions that have none, for gray', () => wrapped(rrdbWithoutBias(), 1)],
  ['pixel-unshuffle', () => wrapped(randomRrdb({ ...SMALL, doublings: 2, unshuffle: 2 }, 1), 3)],
  ['attention', () => wrapped(randomOmnisr({ features: 16, groups: 1, blocks: 1, window: 4, scale: 2 }, 1).weights, 3)],
  ['an ONNX file of others', async () => foreign(false)],
  ['an ONNX file of others in half precision', async () => foreign(true)],
])('every convolution is written with a bias: %s', async (_name, write) => {
  const { graph } = fromBinary(ModelProtoSchema, await write());
  const convolutions = graph!.node.filter(({ opType }) => opType === 'Conv');
  expect(convolutions.length).toBeGreaterThan(0);
  expect(convolutions.filter(({ input }) => input.length < 3 || input[2] === '')).toEqual([]);
});

const SMALL = { features: 4, growth: 2, blocks: 1, doublings: 1 };

async function wrapped(weights: RandomLayers['weights'] | ReturnType<typeof randomRrdb>, channels: 1 | 3) {
  const network = await importBytes({ 'n.safetensors': writeSafetensors(weights) });
  return network.wrap({ bytesPerSample: 1, channels });
}

function rrdbWithoutBias() {
  return new Map([...randomRrdb(SMALL, 1)].filter(([key]) => !key.endsWith('.bias')));
}

function foreign(half: boolean): Uint8Array {
  const onnx = new ForeignOnnx({ elements: half ? 'float16' : 'float32' });
  const layers = new RandomLayers(1);
  layers.conv('conv', 3, 3);
  const made = onnx.node('Conv', ['input', onnx.floats(layers.weights.get('conv.weight')!)], { pads: [1, 1, 1, 1] });
  const model = readForeignModel(onnx.finish(onnx.node('Neg', [made])));
  const use = {
    channels: 3,
    layout: 'nchw',
    samples: { white: 1, black: 0, order: 'rgb' },
    fixedPx: null,
    enlargeFirst: 1,
  } as const;
  return wrapNetwork(coreOfForeign(model, use, 1), { bytesPerSample: 1, channels: 3 });
}

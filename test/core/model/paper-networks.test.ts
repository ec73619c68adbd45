import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { coreOf, emitBare } from '../../../src/core/model/onnx/wrap-network.ts';
import { PAPER_NETWORKS, type PaperNetwork, paperPicture } from './paper-facts.ts';
import { writeTorchZip } from './writers/torch-writer.ts';

describe('networks of papers make what PyTorch makes of their definitions', () => {
  it.each(PAPER_NETWORKS.map((network) => [network.file, network] as const))('%s', async (file, network) => {
    const built = buildFromWeights(readCheckpoint(writeTorchZip(network.weights)), `${file}.pth`);
    if (built.kind !== 'graph') throw new Error('Expected a graph.');
    const { recognition, graph } = built;
    expect(recognition).toMatchObject({ architecture: network.architecture, summary: network.summary });
    const made = await runBare(emitBare(coreOf(graph)), network);
    const { facts } = network;
    const samples = facts.samples.map((_, index) => made[Math.floor((index * (made.length - 1)) / 7)]!);
    const differences = samples.map((sample, index) => Math.abs(sample - facts.samples[index]!));
    expect(Math.max(...differences), `samples ${samples}`).toBeLessThan(1e-4);
    const mean = made.reduce((sum, value) => sum + value, 0) / made.length;
    expect(Math.abs(mean - facts.mean)).toBeLessThan(1e-5);
  });
});

async function runBare(onnx: Uint8Array, { channels, scale }: PaperNetwork): Promise<Float32Array> {
  const { data, height, width } = paperPicture(channels);
  const session = await InferenceSession.create(onnx);
  const { upscaled } = await session.run({
    source: new Tensor('float32', Float32Array.from(data), [1, channels, height, width]),
  });
  await session.release();
  expect(upscaled?.dims).toEqual([1, channels, height * scale, width * scale]);
  return upscaled?.data as Float32Array;
}

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { NetworkVariant } from '../../../../src/core/model/descriptor.ts';
import { importBytes } from '../run-network.ts';
import { randomCompact, randomRrdb, randomSpan, seededRandom } from '../writers/random-networks.ts';
import { writeSafetensors } from '../writers/safetensors-writer.ts';

const NETWORKS = [
  ['Compact', randomCompact(16, 3, 4, 21)],
  ['RRDB', randomRrdb({ features: 16, growth: 8, blocks: 1, doublings: 2 }, 22)],
  ['SPAN without a mean', randomSpan(16, 2, false, 23)],
] as const;
const SIDE = 24;

describe.each(NETWORKS)('%s written in float16', (_name, weights) => {
  test.each([1, 3] as const)('gives what float32 gives, within two levels, on %i channels', async (channels) => {
    const network = await importBytes({ 'n.safetensors': writeSafetensors(weights) });
    const variant: NetworkVariant = { bytesPerSample: 1, channels, target: 'gpu' };
    const [single, half] = [network.wrap(variant), network.wrap({ ...variant, precision: 'float16' })];
    expect(half.length).toBeLessThan(0.75 * single.length);
    const [expected, got] = [await run(single, channels), await run(half, channels)];
    const differences = expected.map((level, index) => Math.abs(level - got[index]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(2);
    // Not saturated, or it would show nothing; and really other arithmetic.
    expect(new Set(expected).size).toBeGreaterThan(20);
    expect(Buffer.from(got).equals(Buffer.from(expected))).toBe(false);
  });
});

async function run(network: Uint8Array, channels: number): Promise<number[]> {
  const session = await InferenceSession.create(network, { intraOpNumThreads: 1 });
  const random = seededRandom(5);
  const samples = Uint8Array.from({ length: SIDE * SIDE * channels }, () => 128 + 127 * random());
  const { upscaled } = await session.run({ source: new Tensor('uint8', samples, [1, SIDE, SIDE, channels]) });
  await session.release();
  return [...(upscaled!.data as Uint8Array)];
}

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { importBytes } from '../run-network.ts';
import { writeNcnnCompact } from '../writers/ncnn-writer.ts';
import { randomCompact, randomRrdb } from '../writers/random-networks.ts';
import { writeTorchZip } from '../writers/torch-writer.ts';

const SIZE = 48;

it.each([
  ['Compact', () => ({ 'n.pth': writeTorchZip(randomCompact(8, 2, 4, 3)) })],
  ['Compact with a bicubic x3 tail', () => ncnnWithTail('7.500000e-01')],
  ['Compact with a bicubic x2 tail', () => ncnnWithTail('5.000000e-01')],
  ['RRDB', () => ({ 'n.pth': writeTorchZip(randomRrdb({ features: 4, growth: 4, blocks: 1, doublings: 2 }, 3)) })],
  [
    'RRDB on folded pixels',
    () => ({
      'n.pth': writeTorchZip(randomRrdb({ features: 12, growth: 4, blocks: 1, doublings: 2, unshuffle: 2 }, 3)),
    }),
  ],
])('changing one pixel of the source of %s changes nothing beyond the receptive field', async (_name, files) => {
  const network = await importBytes(files());
  const { scale, receptiveFieldPx, alignPx } = network.descriptor;
  const reach = receptiveFieldPx ?? Number.NaN;
  const session = await InferenceSession.create(network.wrap({ bytesPerSample: 2, channels: 3 }));
  const run = async (samples: Uint16Array) =>
    (await session.run({ source: new Tensor('uint16', samples, [1, SIZE, SIZE, 3]) })).upscaled!.data as Uint16Array;

  const plain = Uint16Array.from({ length: SIZE * SIZE * 3 }, (_, index) => (index * 7919) % 65536);
  const before = await run(plain);
  let farthest = 0;
  for (let shift = 0; shift < alignPx; shift++) {
    const changed = Uint16Array.from(plain);
    const centre = SIZE / 2 + shift;
    for (let c = 0; c < 3; c++)
      changed[(centre * SIZE + centre) * 3 + c] = plain[(centre * SIZE + centre) * 3 + c]! ^ 0xffff;
    const after = await run(changed);
    for (let index = 0; index < after.length; index++) {
      if (after[index] === before[index]) continue;
      const pixel = Math.floor(index / 3);
      const x = Math.floor((pixel % (SIZE * scale)) / scale);
      const y = Math.floor(pixel / (SIZE * scale) / scale);
      farthest = Math.max(farthest, Math.abs(x - centre), Math.abs(y - centre));
    }
  }
  await session.release();
  expect(farthest).toBeLessThanOrEqual(reach);
  // The outermost pixels have the least weight and may vanish in the rounding, but not many of them.
  expect(farthest).toBeGreaterThan(reach * 0.6);
});

function ncnnWithTail(factor: string): Record<string, Uint8Array | string> {
  const { param, bin } = writeNcnnCompact(randomCompact(8, 2, 4, 3), 4, false, `0=3 1=${factor} 2=${factor}`);
  return { 'n.bin': bin, 'n.param': param };
}

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { makeRaster } from '../../../../src/core/pixels/raster.ts';
import { cropInto } from '../../../../src/core/pixels/rows.ts';
import { testPicture } from '../../../support/rasters.ts';
import { importBytes } from '../run-network.ts';
import { writeNcnnCompact } from '../writers/ncnn-writer.ts';
import { randomCompact, randomMsrResNet, randomRrdb, randomSpan, seededRandom } from '../writers/random-networks.ts';
import { writeSafetensors } from '../writers/safetensors-writer.ts';

const RGB16 = { channels: 3, bytesPerSample: 2 } as const;
const fileOf = (weights: ReturnType<typeof randomCompact>) => ({ 'n.safetensors': writeSafetensors(weights) });
const halved = (factor: string) => {
  const { param, bin } = writeNcnnCompact(randomCompact(16, 2, 4, 3), 4, true, `0=3 1=${factor} 2=${factor}`);
  return { 'n.bin': bin, 'n.param': param };
};

describe('isWindowExact', () => {
  test.each([
    ['Compact of whole blocks', fileOf(randomCompact(64, 1, 4, 1)), true],
    ['Compact that enlarges three times', fileOf(randomCompact(16, 1, 3, 1)), true],
    ['a bicubic tail of one half', halved('5.000000e-01'), true],
    ['a bicubic tail of three quarters', halved('7.500000e-01'), false],
    ['Compact of 24 channels', fileOf(randomCompact(24, 1, 4, 1)), false],
    [
      'RRDB that grows by whole blocks',
      fileOf(randomRrdb({ features: 32, growth: 16, blocks: 1, doublings: 1 }, 1)),
      true,
    ],
    ['RRDB that grows by 12', fileOf(randomRrdb({ features: 32, growth: 12, blocks: 1, doublings: 1 }, 1)), false],
    ['SPAN, which has sigmoids', fileOf(randomSpan(16, 2, false, 1)), false],
  ])('tells %s', async (_, files, isExact) => {
    expect((await importBytes(files)).descriptor.windowExact).toBe(isExact);
  });

  // The claim itself, in 16 bits, where a difference in the last bits of a float shows in every thousandth sample.
  test.each([
    ['Compact', fileOf(randomCompact(16, 2, 2, 3))],
    ['RRDB', fileOf(randomRrdb({ features: 16, growth: 16, blocks: 1, doublings: 1 }, 3))],
    ['a bilinear base', fileOf(randomMsrResNet(16, 1, [2], 3))],
    ['a bicubic tail of one half', halved('5.000000e-01')],
  ])('means that every window gives the same bytes: %s', async (_, files) => {
    const network = await importBytes(files);
    const { receptiveFieldPx: field, scale, windowExact } = network.descriptor;
    expect(windowExact).toBe(true);
    const session = await InferenceSession.create(network.wrap({ ...RGB16, target: 'x64' }), { intraOpNumThreads: 1 });
    const run = async (x: number, y: number, width: number, height: number) => {
      const window = makeRaster(width, height, RGB16);
      cropInto(window.data, picture, { x, y, width, height });
      const source = new Tensor('uint16', new Uint16Array(window.data.buffer), [1, height, width, 3]);
      return (await session.run({ source })).upscaled!.data as Uint16Array;
    };
    const size = 2 * field! + 40;
    const picture = testPicture(size, size, RGB16);
    const whole = await run(0, 0, size, size);
    const random = seededRandom(5);
    const below = (limit: number) => Math.floor(((random() + 1) / 2) * limit);
    let compared = 0;
    for (let round = 0; round < 12; round++) {
      const [x, y] = [below(20), below(20)];
      const [width, height] = [size - x - below(20), size - y - below(20)];
      const part = await run(x, y, width, height);
      const left = (x === 0 ? 0 : field!) * scale;
      const right = (x + width === size ? width : width - field!) * scale;
      for (let row = y === 0 ? 0 : field! * scale; row < (height - (y + height === size ? 0 : field!)) * scale; row++) {
        const inWhole = ((row + y * scale) * size * scale + x * scale) * 3;
        const inPart = row * width * scale * 3;
        const expected = whole.subarray(inWhole + left * 3, inWhole + right * 3);
        const actual = part.subarray(inPart + left * 3, inPart + right * 3);
        compared += actual.length;
        if (Buffer.compare(bytesOf(actual), bytesOf(expected)) !== 0)
          expect.fail(`row ${row} of window ${round} differs`);
      }
    }
    await session.release();
    expect(compared).toBeGreaterThan(10_000);
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

import { describe, expect, it } from 'vitest';
import { evaluateCunet } from '../../../support/reference-cunet.ts';
import { expectEqual, importBytes } from '../run-network.ts';
import { type CunetDialect, randomCunet, writeNcnnCunet } from '../writers/ncnn-cunet-writer.ts';
import { NcnnWriter } from '../writers/ncnn-writer.ts';

describe('CUNet, the network of waifu2x and Real-CUGAN', () => {
  it.each<[CunetDialect]>([['waifu2x'], ['real-cugan']])('x2 as the converters of %s write it', async (dialect) => {
    const weights = randomCunet(3, false, 5);
    const network = await importNcnn(writeNcnnCunet(weights, dialect));
    expect(network.descriptor).toMatchObject({
      architecture: 'graph',
      summary: 'CUNet (waifu2x, Real-CUGAN), 3 feat',
      scale: 2,
      alignPx: 2,
      receptiveFieldPx: null,
    });
    await expectEqual(network, (picture) => evaluateCunet(weights, picture));
  });

  it('x4, whose file lacks that the enlarged input is added', async () => {
    const weights = randomCunet(3, true, 6);
    const network = await importNcnn(writeNcnnCunet(weights, 'real-cugan'));
    expect(network.descriptor).toMatchObject({ scale: 4, alignPx: 2, receptiveFieldPx: null });
    await expectEqual(network, (picture) => evaluateCunet(weights, picture, { isX4: true, border: 19 }));
  });
});

describe('ncnn networks of convolutions without padding', () => {
  it('see beyond the border what is at it, as far as they shrink the picture', async () => {
    const writer = new NcnnWriter(false);
    const data = Float32Array.from({ length: 81 }, (_, index) => (Math.floor(index / 9) % 4 === 0 ? 1 / 9 : 0));
    writer.one('Convolution', ['data'], '0=3 1=3 6=81');
    writer.tagged(data);
    const network = await importNcnn(writer.finish());
    expect(network.descriptor).toMatchObject({ scale: 1, receptiveFieldPx: 1 });
    await expectEqual(network, (picture) => {
      const { height, width } = picture;
      const inside = (index: number, length: number) => Math.min(length - 1, Math.max(0, index));
      const blurred = picture.data.map((_, index) => {
        const [x, y, c] = [index % width, Math.floor(index / width) % height, Math.floor(index / (width * height))];
        let sum = 0;
        for (let k = 0; k < 9; k++) {
          const row = inside(y + Math.floor(k / 3) - 1, height);
          sum += picture.data[(c * height + row) * width + inside(x + (k % 3) - 1, width)]! / 9;
        }
        return sum;
      });
      return { ...picture, data: blurred };
    });
  });

  it.each([
    ['Pooling', '0=0 4=1', 'Pooling with anything but the mean'],
    ['InnerProduct', '0=3 1=1 2=9', 'InnerProduct with a whole picture'],
    ['Deconvolution', '0=3 1=2 3=2 6=36 18=1', 'Deconvolution with setting 18'],
    ['Crop', '-23309=1,1 -23310=1,2 -23311=1,0', 'Crop with the cut'],
    ['Scale', '0=3', 'Scale with factors of its own'],
  ])('names what it cannot do: %s %s', async (type, settings, message) => {
    const writer = new NcnnWriter(false);
    writer.one(type, ['data'], settings);
    await expect(importNcnn({ ...writer.finish(), bin: Buffer.alloc(4) })).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining(message),
    });
  });
});

function importNcnn({ param, bin }: { param: string; bin: Buffer }) {
  return importBytes({ 'n.bin': bin, 'n.param': param });
}

import { describe, expect, it } from 'vitest';
import { expectEqual, importBytes } from '../run-network.ts';
import { NcnnWriter } from '../writers/ncnn-writer.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const IDENTITY = { shape: [3, 3, 1, 1], data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) };
const NO_BIAS = { shape: [3], data: new Float32Array(3) };

/** A network of a convolution that changes nothing and of the layers that the test puts behind it. */
async function expectFunction(
  write: (writer: NcnnWriter, input: string) => void,
  value: (sample: number) => number,
): Promise<void> {
  const writer = new NcnnWriter(false);
  write(writer, writer.conv('data', IDENTITY, NO_BIAS));
  const { param, bin } = writer.finish();
  const network = await importBytes({ 'n.bin': bin, 'n.param': param });
  await expectEqual(network, (picture) => ({ ...picture, data: picture.data.map(value) }));
}

describe('an ncnn layer of one input', () => {
  it.each<[string, string, (x: number) => number]>([
    ['Sigmoid', '', sigmoid],
    ['TanH', '', Math.tanh],
    ['Swish', '', (x) => x * sigmoid(x)],
    ['Clip', '0=2.000000e-01 1=7.000000e-01', (x) => Math.min(0.7, Math.max(0.2, x))],
    ['BinaryOp', '0=0 1=1 2=1.100000e-01', (x) => x + 0.11],
    ['BinaryOp', '0=1 1=1 2=1.100000e-01', (x) => x - 0.11],
    ['BinaryOp', '0=2 1=1 2=4.700000e-01', (x) => x * 0.47],
    ['BinaryOp', '0=3 1=1 2=3.700000e+00', (x) => x / 3.7],
    ['BinaryOp', '0=7 1=1 2=1.000000e+00', (x) => 1 - x],
  ])('%s %s', async (type, settings, value) => {
    await expectFunction((writer, input) => writer.one(type, [input], settings), value);
  });

  it.each<[string, boolean, (x: number, c: number) => number]>([
    ['0=0', false, (x, c) => x + c],
    ['0=1', false, (x, c) => x - c],
    ['0=1', true, (x, c) => c - x],
    ['0=2', true, (x, c) => x * c],
    ['0=3', false, (x, c) => x / c],
    ['0=7', false, (x, c) => c - x],
    ['0=8', true, (x, c) => x / c],
  ])('BinaryOp %s with MemoryData, first: %s', async (settings, isFirst, value) => {
    const numbers = Float32Array.of(0.6137, 0.3871, 0.4713);
    const writer = new NcnnWriter(false);
    const held = writer.memory(numbers);
    const input = writer.conv('data', IDENTITY, NO_BIAS);
    writer.one('BinaryOp', isFirst ? [held, input] : [input, held], settings);
    const { param, bin } = writer.finish();
    const network = await importBytes({ 'n.bin': bin, 'n.param': param });
    await expectEqual(network, (picture) => {
      const pixels = picture.width * picture.height;
      const data = picture.data.map((x, index) => value(x, numbers[Math.floor(index / pixels)]!));
      return { ...picture, data };
    });
  });

  it('MemoryData of other shapes, or read by other layers, is refused by name', async () => {
    for (const write of [
      (writer: NcnnWriter, input: string) =>
        writer.one('BinaryOp', [input, writer.memory(Float32Array.of(1, 2))], '0=0'),
      (writer: NcnnWriter, input: string) => writer.one('Concat', [input, writer.memory(new Float32Array(3))], '0=0'),
      (writer: NcnnWriter, input: string) =>
        writer.one('BinaryOp', [input, writer.memory(new Float32Array(3), '0=3 1=1 2=1')], '0=0'),
    ]) {
      const writer = new NcnnWriter(false);
      write(writer, writer.conv('data', IDENTITY, NO_BIAS));
      const { param, bin } = writer.finish();
      await expect(importBytes({ 'n.bin': bin, 'n.param': param })).rejects.toMatchObject({
        code: expect.stringMatching(/^model-(refused|unsupported)$/),
      });
    }
  });

  it.each([
    ['', 0],
    ['0=2.500000e-01', 0.25],
  ])('ReLU %s of negative values', async (settings, slope) => {
    const shifted = (x: number) => x - 0.5;
    await expectFunction(
      (writer, input) => {
        const below = writer.one('BinaryOp', [input], '0=1 1=1 2=5.000000e-01');
        writer.one('BinaryOp', [writer.one('ReLU', [below], settings)], '0=0 1=1 2=2.500000e-01');
      },
      (x) => (shifted(x) < 0 ? slope * shifted(x) : shifted(x)) + 0.25,
    );
  });

  it('Reorg and PixelShuffle undo each other', async () => {
    await expectFunction(
      (writer, input) => writer.one('PixelShuffle', [writer.one('Reorg', [input], '0=2')], '0=2'),
      (x) => x,
    );
  });
});

describe('an ncnn layer of two inputs', () => {
  it.each<[string, string, (x: number, s: number) => number]>([
    ['BinaryOp', '0=0', (x, s) => x + s - 0.5],
    ['BinaryOp', '0=1', (x, s) => s - x],
    ['BinaryOp', '0=2', (x, s) => x * s],
    ['BinaryOp', '0=3', (x, s) => x / s],
    ['BinaryOp', '0=4', (x, s) => Math.max(x, s)],
    ['BinaryOp', '0=5', (x, s) => Math.min(x, s)],
    ['Eltwise', '0=0', (x, s) => x * s],
    ['Eltwise', '0=2', (x, s) => Math.max(x, s)],
    ['Eltwise', '0=1 -23301=2,2.500000e-01,5.000000e-01', (x, s) => 0.25 * x + 0.5 * s],
  ])('%s %s', async (type, settings, value) => {
    await expectFunction(
      (writer, input) => {
        const [one = '', two = ''] = writer.layer('Split', [input], '', 2);
        const squashed = writer.one('Sigmoid', [two], '');
        const isSwapped = settings === '0=1' && type === 'BinaryOp';
        const made = writer.one(type, isSwapped ? [squashed, one] : [one, squashed], settings);
        if (settings === '0=0' && type === 'BinaryOp') writer.one('BinaryOp', [made], '0=1 1=1 2=5.000000e-01');
      },
      (x) => value(x, sigmoid(x)),
    );
  });
});

describe('the activation fused into a convolution', () => {
  it.each<[string, (x: number) => number]>([
    ['9=1', (x) => Math.max(0, x)],
    ['9=2 -23310=1,4.700000e-01', (x) => (x < 0 ? x * 0.47 : x)],
    ['9=3 -23310=2,-2.000000e-01,3.000000e-01', (x) => Math.min(0.3, Math.max(-0.2, x))],
    ['9=4', sigmoid],
  ])('%s', async (activation, value) => {
    const bias = { shape: [3], data: new Float32Array(3).fill(-0.5) };
    await expectFunction(
      (writer, input) =>
        writer.one('BinaryOp', [writer.conv(input, IDENTITY, bias, activation)], '0=0 1=1 2=2.500000e-01'),
      (x) => value(x - 0.5) + 0.25,
    );
  });
});

import { describe, expect, it } from 'vitest';
import { normedConvolution } from '../../../../src/core/model/program/batch-norm.ts';
import { dySample } from '../../../../src/core/model/program/dysample.ts';
import type { Activation } from '../../../../src/core/model/program/program-layers.ts';
import { tensor } from '../../../../src/core/model/tensor.ts';
import { placesPicture, randomPicture, randomTensor, runBlock } from './run-blocks.ts';

describe('layers by themselves', () => {
  it.each<[Activation, (x: number) => number]>([
    ['relu', (x) => Math.max(x, 0)],
    ['sigmoid', (x) => 1 / (1 + Math.exp(-x))],
    ['silu', (x) => x / (1 + Math.exp(-x))],
    ['gelu', (x) => (x * (1 + erf(x / Math.SQRT2))) / 2],
    ['mish', (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  ])('%s', async (kind, activation) => {
    const data = Float32Array.from([-90, -20, -3, -1, -0.2, 0, 0.2, 1, 3, 19.9, 21, 90]);
    const { data: made } = await runBlock({ channels: 1, height: 1, width: 12, data }, (layers, input) =>
      layers.activate(input, kind),
    );
    made.forEach((value, index) => void expect(value).toBeCloseTo(activation(data[index]!), 5));
  });

  it('a group norm takes mean and variance of the picture', async () => {
    const picture = randomPicture(3, 4, 5);
    const { data } = await runBlock(picture, (layers, input) => layers.groupNorm(input, 'norm', 1), {
      'norm.weight': tensor([3], Float32Array.of(1, 2, 3)),
      'norm.bias': tensor([3], Float32Array.of(0, 0.5, 1)),
    });
    const values = [...picture.data];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    data.forEach((value, index) => {
      const channel = Math.floor(index / 20);
      const expected = ((values[index]! - mean) / Math.sqrt(variance + 1e-5)) * (channel + 1) + channel / 2;
      expect(value).toBeCloseTo(expected, 4);
    });
  });

  it('a convolution and the batch norm behind it are one', async () => {
    const weights = {
      'conv.weight': randomTensor([3, 1, 1, 1], 2),
      'conv.bias': randomTensor([3], 3),
      'norm.weight': randomTensor([3], 4),
      'norm.bias': randomTensor([3], 5),
      'norm.running_mean': randomTensor([3], 6),
      'norm.running_var': tensor([3], Float32Array.of(0.5, 1, 2)),
    };
    const picture = randomPicture(3, 2, 2);
    const { data } = await runBlock(
      picture,
      (layers, input) => normedConvolution(layers, input, 'conv', 'norm', { groups: 3 }),
      weights,
    );
    data.forEach((value, index) => {
      const of = (key: keyof typeof weights) => weights[key].data[Math.floor(index / 4)]!;
      const convolved = picture.data[index]! * of('conv.weight') + of('conv.bias');
      const normed = (convolved - of('norm.running_mean')) / Math.sqrt(of('norm.running_var') + 1e-5);
      expect(value).toBeCloseTo(normed * of('norm.weight') + of('norm.bias'), 5);
    });
  });

  it('a norm with a variance below zero is refused', async () => {
    const weights = Object.fromEntries(
      ['norm.weight', 'norm.bias', 'norm.running_mean', 'norm.running_var'].map((key) => {
        return [key, tensor([3], Float32Array.of(1, 1, key.endsWith('var') ? -1 : 1))];
      }),
    );
    const run = runBlock(
      randomPicture(3, 2, 2),
      (layers, input) => normedConvolution(layers, input, 'conv', 'norm', { groups: 3 }),
      { ...weights, 'conv.weight': randomTensor([3, 1, 1, 1], 2) },
    );
    await expect(run).rejects.toMatchObject({ code: 'model-refused', message: expect.stringMatching(/variance/) });
  });

  it('DySample whose offsets are zero reads between the pixels where it begins', async () => {
    const [height, width] = [3, 4];
    // The middles of two by two parts of a pixel, from its own middle, for three groups: x, then y.
    const starts = [
      ...new Array(3).fill([-0.25, 0.25, -0.25, 0.25]).flat(),
      ...new Array(3).fill([-0.25, -0.25, 0.25, 0.25]).flat(),
    ];
    const zeros = (...shape: number[]) => tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
    const { shape, data } = await runBlock(
      placesPicture(3, height, width),
      (layers, input) => dySample(layers, input, 'up', 2),
      {
        'up.offset.weight': zeros(24, 3, 1, 1),
        'up.scope.weight': zeros(24, 3, 1, 1),
        'up.init_pos': tensor([1, 24, 1, 1], Float32Array.from(starts)),
      },
    );
    expect(shape).toEqual([1, 3, 2 * height, 2 * width]);
    const place = (index: number, length: number) => Math.min(Math.max((index + 0.5) / 2 - 0.5, 0), length - 1);
    data.forEach((value, index) => {
      const [y, x] = [Math.floor(index / (2 * width)) % (2 * height), index % (2 * width)];
      const channel = Math.floor(index / (4 * height * width));
      expect(value).toBeCloseTo(channel * 10_000 + place(y, height) * 100 + place(x, width), 2);
    });
  });
});

/** Abramowitz and Stegun 7.1.26: within 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}

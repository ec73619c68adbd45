import { expect, it } from 'vitest';
import { foldResiduals } from '../../../../src/core/model/graph/fold-residuals.ts';
import { GraphBuilder } from '../../../../src/core/model/graph/graph-builder.ts';
import { tensor } from '../../../../src/core/model/tensor.ts';

const weight = (out: number, channels: number) =>
  tensor(
    [out, channels, 3, 3],
    Float32Array.from({ length: out * channels * 9 }, (_, index) => index),
  );
const bias = tensor([3], Float32Array.of(10, 20, 30));

it('makes one convolution of x + 0.2 * conv(concat(x, y))', () => {
  const builder = new GraphBuilder();
  const x = builder.input(3);
  const y = builder.leakyRelu(x, 0.5);
  const both = builder.append({ op: 'concat', inputs: [x, y] }, 'both');
  const scaled = builder.times(builder.conv(both, weight(3, 6), bias, 'conv'), 0.5);
  const { nodes, output } = foldResiduals(builder.finish(builder.add(scaled, x)));

  expect(nodes.map((node) => node.op)).toEqual(['input', 'leaky-relu', 'concat', 'conv']);
  const conv = nodes[output];
  if (conv?.op !== 'conv') throw new Error('no convolution');
  expect([...(conv.bias?.data ?? [])]).toEqual([5, 10, 15]);
  const expected = Array.from({ length: 3 * 6 * 9 }, (_, index) => index / 2);
  // Output channel c takes input channel c, middle of nine: (c * 6 + c) * 9 + 4.
  for (const middle of [4, 67, 130]) expected[middle]! += 1;
  expect([...conv.weight.data]).toEqual(expected);
});

it.each<[string, (builder: GraphBuilder) => number]>([
  [
    'a convolution that is read elsewhere too',
    (b) => {
      const x = b.input(3);
      const conv = b.conv(x, weight(3, 3), null, 'conv');
      return b.add(b.times(conv, 0.5), b.leakyRelu(conv, 0.1));
    },
  ],
  [
    'an addition of something that the convolution does not read',
    (b) => {
      const x = b.input(3);
      return b.add(b.conv(b.leakyRelu(x, 0.1), weight(3, 3), null, 'conv'), x);
    },
  ],
  [
    'an addition of the second part of what the convolution reads',
    (b) => {
      const x = b.input(3);
      const both = b.append({ op: 'concat', inputs: [b.leakyRelu(x, 0.1), x] }, 'both');
      return b.add(b.conv(both, weight(3, 6), null, 'conv'), x);
    },
  ],
])('leaves %s as it is', (_name, build) => {
  const builder = new GraphBuilder();
  const graph = builder.finish(build(builder));
  expect(foldResiduals(graph)).toEqual(graph);
});

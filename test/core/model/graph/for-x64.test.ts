import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { forX64 } from '../../../../src/core/model/graph/for-x64.ts';
import type { Graph, Value } from '../../../../src/core/model/graph/graph.ts';
import { GraphBuilder } from '../../../../src/core/model/graph/graph-builder.ts';
import { coreOf, emitBare, wrapNetwork } from '../../../../src/core/model/onnx/wrap-network.ts';
import { tensor } from '../../../../src/core/model/tensor.ts';
import { seededRandom } from '../writers/random-networks.ts';

const random = seededRandom(3);
const values = (count: number) => Float32Array.from({ length: count }, random);

/** A convolution to `channels`, and what `build` does with it. */
function graphOf(channels: number, build: (builder: GraphBuilder, value: Value) => Value): Graph {
  const builder = new GraphBuilder();
  const conv = builder.conv(builder.input(3), tensor([channels, 3, 3, 3], values(channels * 27)), null, 'conv');
  return builder.finish(build(builder, conv));
}

function prelu(channels: number, slope: Float32Array<ArrayBuffer>): Graph {
  return graphOf(channels, (builder, input) => {
    const activated = builder.append({ op: 'prelu', input, slope: tensor([slope.length], slope) }, 'PReLU');
    return builder.conv(activated, tensor([3, channels, 3, 3], values(27 * channels)), null, 'conv');
  });
}

const operators = (graph: Graph) => graph.nodes.map((node) => (node.op === 'unary' ? node.kind : node.op));

async function run(graph: Graph, [width, height]: readonly [number, number]): Promise<Float32Array> {
  const session = await InferenceSession.create(emitBare(coreOf(graph)), { intraOpNumThreads: 1 });
  const picture = seededRandom(9);
  const source = Float32Array.from({ length: 3 * width * height }, picture);
  const { upscaled } = await session.run({ source: new Tensor('float32', source, [1, 3, height, width]) });
  await session.release();
  return upscaled?.data as Float32Array;
}

/** Values are some units: a few roundings of float32. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  const errors = expected.map((value, index) => Math.abs(value - actual[index]!));
  expect(Math.max(...errors)).toBeLessThan(2e-5);
}

it.each([16, 48])('gives what PReLU gives with %i slopes, some negative, some above 1', async (channels) => {
  const graph = prelu(
    channels,
    values(channels).map((value) => 2 * value),
  );
  const fast = forX64(graph);
  expect(operators(fast)).toEqual(['input', 'conv', 'conv', 'relu', 'conv', 'binary', 'conv']);
  const [expected, actual] = [await run(graph, [37, 23]), await run(fast, [37, 23])];
  expect(Math.max(...expected)).toBeGreaterThan(1);
  expectClose(actual, expected);
});

it('makes a leaky ReLU of equal slopes', async () => {
  const graph = prelu(24, new Float32Array(24).fill(0.25));
  const fast = forX64(graph);
  expect(operators(fast)).toEqual(['input', 'conv', 'leaky-relu', 'conv']);
  expect(await run(fast, [20, 12])).toEqual(await run(graph, [20, 12]));
});

it('leaves PReLU alone where the channels do not fill blocks', () => {
  const graph = prelu(24, values(24));
  expect(forX64(graph)).toEqual(graph);
});

it.each(['cubic', 'catmull-rom'] as const)('halves by %s as the resize does, borders and all', async (mode) => {
  const graph = graphOf(3, (builder, input) => builder.append({ op: 'resize', input, mode, scale: 0.5 }, 'resize'));
  const fast = forX64(graph);
  expect(operators(fast)).toEqual(['input', 'conv', 'pad', 'conv']);
  for (const size of [[36, 22] as const, [37, 23] as const, [2, 2] as const]) {
    const [expected, actual] = [await run(graph, size), await run(fast, size)];
    expectClose(actual, expected);
  }
});

it.each([
  { mode: 'nearest', scale: 4 },
  { mode: 'linear', scale: 0.5 },
  { mode: 'cubic', scale: 2 },
] as const)('leaves a resize by $scale, $mode, as it is', ({ mode, scale }) => {
  const graph = graphOf(3, (builder, input) => builder.append({ op: 'resize', input, mode, scale }, 'resize'));
  expect(forX64(graph)).toEqual(graph);
});

// The session that runs a network written for x64 makes the enlarged picture when the other term is there.
it.each<[string, (builder: GraphBuilder, enlarged: Value, input: Value) => Value]>([
  ['the size of another picture', (b, enlarged, input) => b.add(shuffled(b, input), enlarged)],
  ['no size from one number for each channel', (b, enlarged, input) => b.add(enlarged, mean(b, input))],
  ['its own size where it is read twice', (b, enlarged, input) => b.add(b.add(shuffled(b, input), enlarged), enlarged)],
])('an enlarged picture takes %s', async (_name, build) => {
  const builder = new GraphBuilder();
  const input = builder.input(3);
  const enlarged = builder.append({ op: 'resize', input, mode: 'nearest', scale: 2 }, 'enlarged');
  const graph = builder.finish(build(builder, enlarged, input));
  const written = async (target: 'any' | 'x64') => runBytes(wrapNetwork(coreOf(graph, target), { ...RGB8, target }));
  const expected = await written('any');
  expect(await written('x64')).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(20);
});

const RGB8 = { bytesPerSample: 1, channels: 3 } as const;

function shuffled(builder: GraphBuilder, input: Value): Value {
  const conv = builder.conv(
    input,
    tensor(
      [12, 3, 3, 3],
      values(324).map((value) => value / 50),
    ),
    null,
    'conv',
  );
  return builder.append({ op: 'pixel-shuffle', input: conv, factor: 2, order: 'crd' }, 'shuffle');
}

function mean(builder: GraphBuilder, input: Value): Value {
  return builder.times(builder.append({ op: 'global-mean', input }, 'mean'), 0.1);
}

async function runBytes(network: Uint8Array): Promise<Uint8Array> {
  const session = await InferenceSession.create(network, { intraOpNumThreads: 1 });
  const random = seededRandom(5);
  const source = Uint8Array.from({ length: 3 * 14 * 10 }, () => Math.round(100 * (random() + 1)));
  const { upscaled } = await session.run({ source: new Tensor('uint8', source, [1, 10, 14, 3]) });
  await session.release();
  return upscaled?.data as Uint8Array;
}

import { type Tensor, tensor } from '../tensor.ts';
import type { Graph, Node, Value } from './graph.ts';
import { GraphBuilder, rebuild } from './graph-builder.ts';

/**
 * The same function in operators that onnxruntime's CPU provider computes fast on x64 (docs/performance.md has the
 * gain): PReLU without a branch and in the layout of the convolutions around it, and the halving of a picture as a
 * convolution. Both up to the rounding of float32.
 */
export function forX64(graph: Graph): Graph {
  const builder = new GraphBuilder();
  return rebuild(graph, builder, (node) => appendFast(builder, node));
}

function appendFast(builder: GraphBuilder, node: Node): Value {
  if (node.op === 'prelu') {
    const channels = builder.shapeOf(node.input).channels;
    const [slope] = node.slope.data;
    if (slope !== undefined && node.slope.data.every((value) => value === slope)) {
      return builder.leakyRelu(node.input, slope);
    }
    if (channels === node.slope.data.length && channels % BLOCK_CHANNELS === 0) {
      return appendPrelu(builder, node.input, node.slope);
    }
  }
  if (node.op === 'resize' && node.scale === 0.5 && node.mode in CUBIC_COEFFICIENTS) {
    return appendHalving(builder, node.input, CUBIC_COEFFICIENTS[node.mode as keyof typeof CUBIC_COEFFICIENTS]);
  }
  return builder.append(node, `a ${node.op}`);
}

/** Other counts fall out of the blocked layout, and depthwise convolutions outside of it are slow. */
const BLOCK_CHANNELS = 16;

/**
 * x + (1 - slope) * relu(-x), the factors as depthwise convolutions: Mul is not computed in the blocked layout. Two
 * passes, because onnxruntime makes the ReLU and the sum a part of the convolution before. Its own PRelu branches for
 * each sample, and mispredicts on pictures.
 */
function appendPrelu(builder: GraphBuilder, input: Value, slope: Tensor): Value {
  const minus = new Float32Array(slope.data.length).fill(-1);
  const turned = appendFactors(builder, input, minus);
  const negative = builder.append({ op: 'unary', kind: 'relu', input: turned }, 'a part of PReLU');
  const lifted = slope.data.map((value) => 1 - value);
  return builder.add(input, appendFactors(builder, negative, lifted));
}

function appendFactors(builder: GraphBuilder, input: Value, factors: Float32Array<ArrayBuffer>): Value {
  const channels = factors.length;
  return builder.append(
    {
      op: 'conv',
      input,
      weight: tensor([channels, 1, 1, 1], factors),
      bias: null,
      groups: channels,
      stride: [1, 1],
      dilation: [1, 1],
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
    },
    'a part of PReLU',
  );
}

/** Keys' cubic convolution kernel: its coefficient a. */
const CUBIC_COEFFICIENTS = { cubic: -0.75, 'catmull-rom': -0.5 } as const;

/**
 * Half the size: each pixel lies in the middle of four by four. The weights are the cubic kernel's (Keys 1981) at
 * distances 0.5 and 1.5. Zeros for the other channels, because convolutions in groups are slow outside of blocks.
 */
function appendHalving(builder: GraphBuilder, input: Value, a: number): Value {
  const near = (a + 2) / 8 - (a + 3) / 4 + 1;
  const taps = [0.5 - near, near, near, 0.5 - near];
  const kernel = taps.flatMap((y) => taps.map((x) => y * x));
  const { channels } = builder.shapeOf(input);
  const weight = new Float32Array(channels * channels * kernel.length);
  for (let channel = 0; channel < channels; channel++) {
    weight.set(kernel, channel * (channels + 1) * kernel.length);
  }
  const padding = { top: 1, left: 1, bottom: 1, right: 1 };
  const padded = builder.append({ op: 'pad', input, padding }, 'the border of a halving');
  return builder.append(
    {
      op: 'conv',
      input: padded,
      weight: tensor([channels, channels, 4, 4], weight),
      bias: null,
      groups: 1,
      stride: [2, 2],
      dilation: [1, 1],
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
    },
    'a halving',
  );
}

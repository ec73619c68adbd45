import { refused } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';
import type { Extent } from './extent.ts';
import { type Convolution, type Graph, type Node, type Shape, type Value, withInputs } from './graph.ts';
import { inferShape } from './infer-shape.ts';

/** Builds a graph node by node, checking that each layer fits its inputs. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #shapes: Shape[] = [];

  /**
   * @param label names the layer in errors ("Convolution conv_first").
   * @throws UpreelError `model-refused`
   */
  append(node: Node, label: string): Value {
    if (this.#nodes.length >= MAX_NODES) throw refused(`it has more than ${MAX_NODES} layers.`);
    const shape = inferShape(node, this.#shapes, label);
    if (shape.channels > MAX_CHANNELS) throw refused(`${label} makes ${shape.channels} channels.`);
    if (!isReasonable(shape.height) || !isReasonable(shape.width)) {
      throw refused(`${label} makes the picture absurdly large or small.`);
    }
    this.#shapes.push(shape);
    return this.#nodes.push(node) - 1;
  }

  input(channels: number): Value {
    return this.append({ op: 'input', channels }, 'the input');
  }

  /** A convolution that keeps the size: stride 1, zeros around, odd kernel. */
  conv(input: Value, weight: Tensor, bias: Tensor | null, label: string): Value {
    const [, , height = 1, width = 1] = weight.shape;
    if (height % 2 === 0 || width % 2 === 0) throw refused(`${label} has a kernel of ${height}x${width}.`);
    return this.append(sameSizeConvolution(input, weight, bias), label);
  }

  leakyRelu(input: Value, slope: number): Value {
    return this.append({ op: 'leaky-relu', input, slope }, 'LeakyReLU');
  }

  add(left: Value, right: Value): Value {
    return this.append({ op: 'binary', kind: 'add', left, right }, 'an addition');
  }

  /** input * factor */
  times(input: Value, factor: number): Value {
    return this.append({ op: 'affine', input, factor: scalar(factor), offset: scalar(0) }, 'a factor');
  }

  shapeOf(value: Value): Shape {
    const shape = this.#shapes[value];
    if (shape === undefined) throw refused('it names a value that no layer makes.');
    return shape;
  }

  finish(output: Value): Graph {
    this.shapeOf(output);
    return { nodes: this.#nodes, shapes: this.#shapes, output };
  }
}

/**
 * The graph anew: `place` puts down each node, whose inputs are already the new ones, or others in its stead.
 * @param finish makes the output of what has taken the old output's place
 */
export function rebuild(
  graph: Graph,
  builder: GraphBuilder,
  place: (node: Node) => Value,
  finish: (output: Value) => Value = (output) => output,
): Graph {
  const places: Value[] = [];
  for (const node of graph.nodes) places.push(place(withInputs(node, (input) => places[input] ?? -1)));
  return builder.finish(finish(places[graph.output] ?? -1));
}

export function scalar(value: number): Tensor {
  return tensor([1], Float32Array.of(value));
}

/** See `GraphBuilder.conv`. */
export function sameSizeConvolution(input: Value, weight: Tensor, bias: Tensor | null): Convolution {
  const [, , height = 1, width = 1] = weight.shape;
  const [y, x] = [(height - 1) >> 1, (width - 1) >> 1];
  const padding = { top: y, left: x, bottom: y, right: x };
  return { op: 'conv', input, weight, bias, stride: [1, 1], dilation: [1, 1], padding, groups: 1 };
}

/** Factors far beyond any network's, and within what the arithmetic of sizes can hold. */
function isReasonable({ numerator, denominator, offset }: Extent): boolean {
  return numerator <= 1024 && denominator <= 1024 && Math.abs(offset) <= 1 << 20;
}

/** x4plus has about 1,000; the cap only bounds what a hostile file can ask for. */
const MAX_NODES = 20_000;
const MAX_CHANNELS = 16_384;

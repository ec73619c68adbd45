import { tensor } from '../tensor.ts';
import type { Convolution, Graph, Node, Value } from './graph.ts';
import { countUses, inputsOf, withInputs } from './graph.ts';

/**
 * Rewrites `x + 0.2 * conv(concat(x, ...))` as one convolution: the factor goes into its weights, and `x` into the
 * middle of its kernel. RRDB networks have 92 of these; onnxruntime loads them faster and copies less between layouts.
 * The network is the same up to the rounding of float32 weights (a factor's) and of sums (their order).
 */
export function foldResiduals(graph: Graph): Graph {
  return dropUnused(foldIdentities(foldFactors(graph)));
}

/** Moves a factor that follows a convolution into its weights. */
function foldFactors(graph: Graph): Graph {
  const uses = countUses(graph);
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== 'affine' || node.factor.data.length !== 1 || node.offset.data.some((value) => value !== 0))
      return node;
    const source = graph.nodes[node.input];
    if (source?.op !== 'conv' || uses[node.input] !== 1) return node;
    const factor = node.factor.data[0] ?? 1;
    return scaledConvolution(source, factor);
  });
  return { ...graph, nodes };
}

/** Moves the addition of a convolution's own input (or of the first part of it) into the middle of its kernel. */
function foldIdentities(graph: Graph): Graph {
  const uses = countUses(graph);
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== 'binary' || node.kind !== 'add') return node;
    for (const [branch, trunk] of [
      [node.left, node.right],
      [node.right, node.left],
    ] as const) {
      const source = graph.nodes[branch];
      if (source?.op === 'conv' && uses[branch] === 1 && readsFirst(graph, source, trunk)) return withIdentity(source);
    }
    return node;
  });
  return { ...graph, nodes };
}

function readsFirst(graph: Graph, conv: Convolution, trunk: Value): boolean {
  const input = graph.nodes[conv.input];
  const first = input?.op === 'concat' ? input.inputs[0] : conv.input;
  const [out, , height = 0, width = 0] = conv.weight.shape;
  const { top, left, bottom, right } = conv.padding;
  const keepsSize = top === bottom && left === right && 2 * top === height - 1 && 2 * left === width - 1;
  const isPlain = conv.groups === 1 && [...conv.stride, ...conv.dilation].every((step) => step === 1);
  return first === trunk && keepsSize && isPlain && graph.shapes[trunk]?.channels === out;
}

function scaledConvolution(conv: Convolution, factor: number): Convolution {
  const scaled = (data: Float32Array<ArrayBuffer>) => data.map((value) => value * factor);
  return {
    ...conv,
    weight: tensor(conv.weight.shape, scaled(conv.weight.data)),
    bias: conv.bias === null ? null : tensor(conv.bias.shape, scaled(conv.bias.data)),
  };
}

function withIdentity(conv: Convolution): Convolution {
  const [out = 0, channels = 0, height = 0, width = 0] = conv.weight.shape;
  const data = conv.weight.data.slice();
  const middle = (height * width - 1) / 2;
  for (let channel = 0; channel < out; channel++) {
    const index = (channel * channels + channel) * height * width + middle;
    data[index] = (data[index] ?? 0) + 1;
  }
  return { ...conv, weight: tensor(conv.weight.shape, data) };
}

function dropUnused(graph: Graph): Graph {
  const needed = new Array<boolean>(graph.nodes.length).fill(false);
  needed[graph.output] = true;
  for (let value = graph.output; value >= 0; value--) {
    const node = graph.nodes[value];
    if (node === undefined || !needed[value]) continue;
    for (const input of inputsOf(node)) needed[input] = true;
  }
  const places: Value[] = [];
  let kept = 0;
  for (const isNeeded of needed) places.push(isNeeded ? kept++ : -1);
  return {
    nodes: graph.nodes
      .filter((_, value) => needed[value])
      .map((node) => withInputs(node, (value) => places[value] ?? -1)),
    shapes: graph.shapes.filter((_, value) => needed[value]),
    output: places[graph.output] ?? -1,
  };
}

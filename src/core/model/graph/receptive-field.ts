import { leastCommonMultiple } from '../../pixels/divisors.ts';
import { toFraction } from './extent.ts';
import { type Graph, inputsOf, type Node, type Value } from './graph.ts';

/** Closed interval of sample indices along one axis. */
interface Span {
  readonly low: number;
  readonly high: number;
}

/**
 * How far, in input pixels, an output pixel looks from the input pixel it lies in: exact for the graph as wired
 * (weights that happen to be zero count as looked at). null when it cannot be told.
 */
export function receptiveField(graph: Graph): number | null {
  if (graph.nodes.some((node) => node.op === 'global-mean' || node.op === 'resize-to')) return null;
  const align = alignment(graph);
  const output = graph.shapes[graph.output];
  if (output === undefined) return null;
  const scale = output.height.numerator / output.height.denominator;
  let radius = 0;
  // The field is periodic: one period of input pixels, each with its `scale` output pixels, shows every case.
  for (let pixel = 0; pixel < align; pixel++) {
    for (let phase = 0; phase < scale; phase++) {
      for (const axis of [0, 1] as const) {
        const index = pixel * scale + phase;
        const seen = spanOfInput(graph, { low: index, high: index }, axis);
        radius = Math.max(radius, pixel - seen.low, seen.high - pixel);
      }
    }
  }
  return radius;
}

/** Sizes and origins of windows must be multiples of this for the graph to see the same grid. */
export function alignment(graph: Graph): number {
  const onGrid = valuesOnGrid(graph);
  return graph.shapes.reduce(
    (align, { height, width }, value) =>
      onGrid[value] === true
        ? leastCommonMultiple(leastCommonMultiple(align, height.denominator), width.denominator)
        : align,
    1,
  );
}

/** Which values lie on the output's grid: not those that are stretched to another's size, whatever theirs. */
function valuesOnGrid(graph: Graph): boolean[] {
  const onGrid = new Array<boolean>(graph.nodes.length).fill(false);
  onGrid[graph.output] = true;
  for (let value = graph.output; value >= 0; value--) {
    const node = graph.nodes[value];
    if (node === undefined || onGrid[value] !== true) continue;
    for (const input of node.op === 'resize-to' ? [node.like] : inputsOf(node)) onGrid[input] = true;
  }
  return onGrid;
}

/** Walks back from the output: which samples of each value are needed, down to the input. */
function spanOfInput(graph: Graph, wanted: Span, axis: 0 | 1): Span {
  const needed: (Span | undefined)[] = new Array(graph.nodes.length).fill(undefined);
  needed[graph.output] = wanted;
  let input: Span = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  for (let value = graph.output; value >= 0; value--) {
    const span = needed[value];
    const node = graph.nodes[value];
    if (span === undefined || node === undefined) continue;
    if (node.op === 'input') input = union(input, span);
    for (const [source, from] of spansBefore(node, span, axis)) {
      const known = needed[source];
      needed[source] = known === undefined ? from : union(known, from);
    }
  }
  return input;
}

function spansBefore(node: Node, span: Span, axis: 0 | 1): (readonly [Value, Span])[] {
  switch (node.op) {
    case 'input':
      return [];
    case 'conv': {
      const kernel = node.weight.shape[2 + axis] ?? 1;
      const before = axis === 0 ? node.padding.top : node.padding.left;
      const low = span.low * node.stride[axis] - before;
      const high = span.high * node.stride[axis] - before + node.dilation[axis] * (kernel - 1);
      return [[node.input, { low, high }]];
    }
    case 'deconv': {
      const kernel = node.weight.shape[2 + axis] ?? 1;
      const before = axis === 0 ? node.padding.top : node.padding.left;
      const stride = node.stride[axis];
      const low = Math.ceil((span.low + before - kernel + 1) / stride);
      return [[node.input, { low, high: Math.floor((span.high + before) / stride) }]];
    }
    case 'pad':
    case 'crop': {
      const { top, left } = node.padding;
      const shift = (axis === 0 ? top : left) * (node.op === 'pad' ? -1 : 1);
      return [[node.input, { low: span.low + shift, high: span.high + shift }]];
    }
    case 'binary':
      return [
        [node.left, span],
        [node.right, span],
      ];
    case 'concat':
      return node.inputs.map((input) => [input, span] as const);
    case 'resize': {
      const { numerator, denominator } = toFraction(node.scale) ?? { numerator: 1, denominator: 1 };
      const low = Math.floor((span.low * denominator) / numerator);
      const high = Math.floor((span.high * denominator) / numerator);
      if (node.mode === 'nearest') return [[node.input, { low, high }]];
      const centreLow = Math.floor(((span.low + 0.5) * denominator) / numerator - 0.5);
      const centreHigh = Math.floor(((span.high + 0.5) * denominator) / numerator - 0.5);
      const reach = node.mode === 'linear' ? 0 : 1;
      return [[node.input, { low: centreLow - reach, high: centreHigh + 1 + reach }]];
    }
    case 'pixel-shuffle':
      return [[node.input, { low: Math.floor(span.low / node.factor), high: Math.floor(span.high / node.factor) }]];
    case 'pixel-unshuffle':
      return [[node.input, { low: span.low * node.factor, high: span.high * node.factor + node.factor - 1 }]];
    default:
      return [[node.input, span]];
  }
}

function union(a: Span, b: Span): Span {
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

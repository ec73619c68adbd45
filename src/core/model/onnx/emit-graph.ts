import { sameExtent } from '../graph/extent.ts';
import {
  type BinaryKind,
  type Convolution,
  countUses,
  type Deconvolution,
  type Graph,
  type Node,
  type ResizeMode,
  type UnaryKind,
  type Value,
} from '../graph/graph.ts';
import { type Tensor, tensor } from '../tensor.ts';
import type { Attributes, OnnxWriter } from './onnx-writer.ts';

/**
 * Writes the graph's nodes; `input` names the float NCHW tensor that feeds it. Returns the name of its output.
 * @param lateResizes see `resizesToDelay`
 */
export function emitGraph(graph: Graph, writer: OnnxWriter, input: string, lateResizes = false): string {
  const names: string[] = [];
  const delayed = lateResizes ? resizesToDelay(graph) : new Map<Value, Value>();
  graph.nodes.forEach((node, value) => {
    const channels = graph.shapes[value]?.channels ?? 0;
    const nameOf = (index: Value): string => {
      const resize = graph.nodes[index];
      const other = delayed.get(index);
      if (resize?.op !== 'resize' || other === undefined) return names[index] ?? '';
      const size = writer.node('Shape', [names[other] ?? '']);
      return writer.node('Resize', [names[resize.input] ?? '', '', '', size], RESIZE_ATTRIBUTES[resize.mode]);
    };
    if (delayed.has(value)) names.push('');
    else names.push(node.op === 'input' ? input : emitNode(node, writer, nameOf, channels));
  });
  return names[graph.output] ?? '';
}

/**
 * The enlarged input that is added to the end of many networks, with what it is added to. onnxruntime makes it first,
 * as soon as it can, and keeps it all the time (192 bytes for each pixel, beside 256 of each layer). If it takes its
 * size from the other term, it is made when that is there.
 */
function resizesToDelay(graph: Graph): Map<Value, Value> {
  const uses = countUses(graph);
  const delayed = new Map<Value, Value>();
  for (const node of graph.nodes) {
    if (node.op !== 'binary' || node.kind !== 'add') continue;
    const [resize, other] = graph.nodes[node.left]?.op === 'resize' ? [node.left, node.right] : [node.right, node.left];
    const isTaken = delayed.has(other) || graph.nodes[resize]?.op !== 'resize' || uses[resize] !== 1;
    if (!isTaken && haveSameSize(graph, resize, other)) delayed.set(resize, other);
  }
  return delayed;
}

/** Not so for a term that is one number for each channel. */
function haveSameSize({ shapes }: Graph, left: Value, right: Value): boolean {
  const [one, two] = [shapes[left], shapes[right]];
  return !!one && !!two && sameExtent(one.height, two.height) && sameExtent(one.width, two.width);
}

type ComputedNode = Exclude<Node, { op: 'input' }>;

function emitNode(node: ComputedNode, writer: OnnxWriter, nameOf: (value: number) => string, channels: number): string {
  switch (node.op) {
    case 'conv':
      return emitConvolution(node, writer, nameOf(node.input));
    case 'deconv':
      return emitDeconvolution(node, writer, nameOf(node.input));
    case 'pad': {
      const { top, left, bottom, right } = node.padding;
      const amounts = writer.integers(0, 0, top, left, 0, 0, bottom, right);
      return writer.node('Pad', [nameOf(node.input), amounts], { mode: 'edge' });
    }
    case 'crop': {
      const { top, left, bottom, right } = node.padding;
      const ends = writer.integers(...[bottom, right].map((margin) => (margin === 0 ? MAX_INT32 : -margin)));
      return writer.node('Slice', [nameOf(node.input), writer.integers(top, left), ends, writer.integers(2, 3)]);
    }
    case 'global-mean':
      return writer.node('GlobalAveragePool', [nameOf(node.input)]);
    case 'unary':
      return emitUnary(node.kind, writer, nameOf(node.input));
    case 'leaky-relu':
      return writer.node('LeakyRelu', [nameOf(node.input)], { alpha: { float: node.slope } });
    case 'prelu':
      return writer.node('PRelu', [nameOf(node.input), writer.weight(perChannel(node.slope))]);
    case 'clip':
      return writer.node('Clip', [nameOf(node.input), writer.constant(node.low), writer.constant(node.high)]);
    case 'affine':
      return emitAffine(node.factor, node.offset, writer, nameOf(node.input));
    case 'binary':
      return writer.node(BINARY_OPERATORS[node.kind], [nameOf(node.left), nameOf(node.right)]);
    case 'concat':
      return writer.node('Concat', node.inputs.map(nameOf), { axis: 1 });
    case 'channels': {
      const [start, end] = [writer.integers(node.start), writer.integers(node.end)];
      return writer.node('Slice', [nameOf(node.input), start, end, writer.integers(1)]);
    }
    case 'max-pool': {
      const { size, stride } = node;
      return writer.node('MaxPool', [nameOf(node.input)], { kernel_shape: [size, size], strides: [stride, stride] });
    }
    case 'pad-to':
      return emitPadTo(node.least, writer, nameOf(node.input));
    case 'resize-to': {
      const size = writer.node('Shape', [nameOf(node.like)]);
      return writer.node('Resize', [nameOf(node.input), '', '', size], RESIZE_ATTRIBUTES.linear);
    }
    case 'resize':
      return writer.node(
        'Resize',
        [nameOf(node.input), '', writer.exact(1, 1, node.scale, node.scale)],
        RESIZE_ATTRIBUTES[node.mode],
      );
    case 'pixel-shuffle':
      return writer.node('DepthToSpace', [nameOf(node.input)], {
        blocksize: node.factor,
        mode: node.order === 'crd' ? 'CRD' : 'DCR',
      });
    case 'pixel-unshuffle':
      return emitPixelUnshuffle(node.factor, channels / node.factor ** 2, writer, nameOf(node.input));
  }
}

const BINARY_OPERATORS: Record<BinaryKind, string> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  max: 'Max',
  min: 'Min',
};

/** An end that Slice takes for the end of the axis. */
const MAX_INT32 = 0x7fffffff;

export const RESIZE_ATTRIBUTES: Record<ResizeMode, Attributes> = {
  nearest: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  linear: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
  cubic: { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', cubic_coeff_a: { float: -0.75 } },
  'catmull-rom': { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', cubic_coeff_a: { float: -0.5 } },
};

/** Inputs of a Resize by one factor. Before version 13 it has to have a region, be it empty. */
export function resizeInputs(writer: OnnxWriter, value: string, factor: number, opset: number): string[] {
  return [value, opset < 13 ? writer.exact() : '', writer.exact(1, 1, factor, factor)];
}

function emitConvolution(node: Convolution, writer: OnnxWriter, input: string): string {
  const { top, left, bottom, right } = node.padding;
  return writer.convolution(input, node.weight, node.bias, {
    kernel_shape: node.weight.shape.slice(2),
    strides: node.stride,
    dilations: node.dilation,
    pads: [top, left, bottom, right],
    group: node.groups,
  });
}

function emitDeconvolution(node: Deconvolution, writer: OnnxWriter, input: string): string {
  const { top, left, bottom, right } = node.padding;
  const inputs = [input, writer.weight(node.weight), ...(node.bias === null ? [] : [writer.weight(node.bias)])];
  return writer.node('ConvTranspose', inputs, {
    kernel_shape: node.weight.shape.slice(2),
    strides: node.stride,
    pads: [top, left, bottom, right],
    group: node.groups,
  });
}

function emitUnary(kind: UnaryKind, writer: OnnxWriter, input: string): string {
  switch (kind) {
    case 'relu':
      return writer.node('Relu', [input]);
    case 'sigmoid':
      return writer.node('Sigmoid', [input]);
    case 'tanh':
      return writer.node('Tanh', [input]);
    case 'sqrt':
      return writer.node('Sqrt', [input]);
    case 'silu':
      return writer.node('Mul', [input, writer.node('Sigmoid', [input])]);
  }
}

function emitAffine(factor: Tensor, offset: Tensor, writer: OnnxWriter, input: string): string {
  const scaled = factor.data.every((value) => value === 1)
    ? input
    : writer.node('Mul', [input, writer.weight(perChannel(factor))]);
  if (offset.data.every((value) => value === 0)) return scaled;
  return writer.node('Add', [scaled, writer.weight(perChannel(offset))]);
}

function emitPadTo(least: number, writer: OnnxWriter, input: string): string {
  const size = writer.node('Slice', [writer.node('Shape', [input]), writer.integers(2), writer.integers(4)]);
  const missing = writer.node('Sub', [writer.integers(least, least), size]);
  const ends = writer.node('Max', [missing, writer.integers(0, 0)]);
  // Before each axis, then behind batch and channels: nothing.
  const pads = writer.node('Concat', [writer.integers(0, 0, 0, 0, 0, 0), ends], { axis: 0 });
  return writer.node('Pad', [input, pads], { mode: 'edge' });
}

/** ONNX's SpaceToDepth orders channels y, x, c; a strided convolution that picks one pixel each gives c, y, x. */
function emitPixelUnshuffle(factor: number, channels: number, writer: OnnxWriter, input: string): string {
  const area = factor * factor;
  const picks = new Float32Array(channels * area * area);
  for (let out = 0; out < channels * area; out++) picks[out * area + (out % area)] = 1;
  return writer.convolution(input, tensor([channels * area, 1, factor, factor], picks), null, {
    kernel_shape: [factor, factor],
    strides: [factor, factor],
    group: channels,
  });
}

function perChannel(values: Tensor): Tensor {
  return tensor([values.data.length, 1, 1], values.data);
}

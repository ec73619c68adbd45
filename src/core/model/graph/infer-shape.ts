import { refused } from '../import/refusal.ts';
import {
  type Extent,
  isSingle,
  SINGLE_EXTENT,
  SOURCE_EXTENT,
  sameExtent,
  scaleExtent,
  shiftExtent,
  toFraction,
} from './extent.ts';
import type { Convolution, Deconvolution, Node, Padding, Shape, Value } from './graph.ts';

/**
 * Shape of what a node makes.
 * @throws UpreelError `model-refused` if the layer does not fit its inputs; `label` names it.
 */
export function inferShape(node: Node, shapes: readonly Shape[], label: string): Shape {
  const of = (value: Value): Shape => {
    const shape = shapes[value];
    if (shape === undefined) throw refused(`${label} uses a value that no layer before it makes.`);
    return shape;
  };
  switch (node.op) {
    case 'input':
      return { channels: node.channels, height: SOURCE_EXTENT, width: SOURCE_EXTENT };
    case 'conv':
      return convolved(node, of(node.input), label);
    case 'deconv':
      return deconvolved(node, of(node.input), label);
    case 'pad':
      return margined(of(node.input), node.padding, 1);
    case 'crop':
      return margined(of(node.input), node.padding, -1);
    case 'global-mean':
      return { channels: of(node.input).channels, height: SINGLE_EXTENT, width: SINGLE_EXTENT };
    case 'unary':
    case 'leaky-relu':
    case 'clip':
      return of(node.input);
    case 'prelu':
      return perChannel(of(node.input), [node.slope.data.length], label);
    case 'affine':
      return perChannel(of(node.input), [node.factor.data.length, node.offset.data.length], label);
    case 'binary':
      return combined(of(node.left), of(node.right), label);
    case 'concat':
      return joined(node.inputs.map(of), label);
    case 'channels': {
      const input = of(node.input);
      const { start, end } = node;
      if (start < 0 || end <= start || end > input.channels) {
        throw refused(`${label} takes channels ${start} to ${end} of ${input.channels}.`);
      }
      return { ...input, channels: end - start };
    }
    case 'max-pool': {
      const input = of(node.input);
      const pooled = (extent: Extent) => convolvedExtent(extent, 1 - node.size, node.stride);
      return { ...input, height: pooled(input.height), width: pooled(input.width) };
    }
    case 'pad-to':
      return of(node.input);
    case 'resize-to': {
      const [input, like] = [of(node.input), of(node.like)];
      if (input.channels !== like.channels) throw refused(`${label} combines values of different shapes.`);
      return like;
    }
    case 'resize': {
      const ratio = toFraction(node.scale);
      if (ratio === undefined) throw refused(`${label} resizes by ${node.scale}.`);
      return resized(of(node.input), ratio.numerator, ratio.denominator, label);
    }
    case 'pixel-shuffle': {
      const input = of(node.input);
      const channels = input.channels / node.factor ** 2;
      if (!Number.isInteger(channels)) {
        throw refused(`${label} spreads ${input.channels} channels over ${node.factor}x${node.factor} pixels.`);
      }
      return { ...resized(input, node.factor, 1, label), channels };
    }
    case 'pixel-unshuffle': {
      const input = of(node.input);
      return { ...resized(input, 1, node.factor, label), channels: input.channels * node.factor ** 2 };
    }
  }
}

function convolved(node: Convolution, input: Shape, label: string): Shape {
  const [out, perGroup, kernelHeight, kernelWidth] = node.weight.shape;
  if (out === undefined || perGroup === undefined || kernelHeight === undefined || kernelWidth === undefined) {
    throw refused(`${label} has weights of shape [${node.weight.shape}], not four dimensions.`);
  }
  if (perGroup * node.groups !== input.channels || out % node.groups !== 0) {
    throw refused(
      `${label} takes ${perGroup} x ${node.groups} channels and makes ${out}, but gets ${input.channels} channels.`,
    );
  }
  if (node.bias !== null && node.bias.data.length !== out) {
    throw refused(`${label} has ${node.bias.data.length} biases for ${out} channels.`);
  }
  const { top, bottom, left, right } = node.padding;
  return {
    channels: out,
    height: convolvedExtent(input.height, top + bottom - node.dilation[0] * (kernelHeight - 1), node.stride[0]),
    width: convolvedExtent(input.width, left + right - node.dilation[1] * (kernelWidth - 1), node.stride[1]),
  };
}

function convolvedExtent(extent: Extent, growth: number, stride: number): Extent {
  const grown = shiftExtent(extent, growth);
  if (stride === 1) return grown;
  return { ...scaleExtent(extent, 1, stride), offset: Math.floor((grown.offset - 1) / stride) + 1 };
}

function deconvolved(node: Deconvolution, input: Shape, label: string): Shape {
  const [channels, perGroup, kernelHeight, kernelWidth] = node.weight.shape;
  if (channels === undefined || perGroup === undefined || kernelHeight === undefined || kernelWidth === undefined) {
    throw refused(`${label} has weights of shape [${node.weight.shape}], not four dimensions.`);
  }
  const out = perGroup * node.groups;
  if (channels !== input.channels || channels % node.groups !== 0) {
    throw refused(`${label} takes ${channels} channels, but gets ${input.channels}.`);
  }
  if (node.bias !== null && node.bias.data.length !== out) {
    throw refused(`${label} has ${node.bias.data.length} biases for ${out} channels.`);
  }
  const spread = resized(input, node.stride[0], 1, label);
  const { top, bottom, left, right } = node.padding;
  return {
    channels: out,
    height: shiftExtent(spread.height, kernelHeight - node.stride[0] - top - bottom),
    width: shiftExtent(scaleExtent(input.width, node.stride[1], 1), kernelWidth - node.stride[1] - left - right),
  };
}

function margined(input: Shape, { top, bottom, left, right }: Padding, sign: 1 | -1): Shape {
  return {
    ...input,
    height: shiftExtent(input.height, sign * (top + bottom)),
    width: shiftExtent(input.width, sign * (left + right)),
  };
}

function perChannel(input: Shape, lengths: readonly number[], label: string): Shape {
  for (const length of lengths) {
    if (length !== 1 && length !== input.channels) {
      throw refused(`${label} has ${length} values for ${input.channels} channels.`);
    }
  }
  return input;
}

function combined(left: Shape, right: Shape, label: string): Shape {
  const sameSize = sameExtent(left.height, right.height) && sameExtent(left.width, right.width);
  const isSpread = isSingle(right.height) && isSingle(right.width);
  if (isSpread && left.channels === right.channels) return left;
  if (left.channels !== right.channels || !sameSize) throw refused(`${label} combines values of different shapes.`);
  return left;
}

function joined(inputs: readonly Shape[], label: string): Shape {
  const [first] = inputs;
  if (first === undefined) throw refused(`${label} joins nothing.`);
  if (!inputs.every((shape) => sameExtent(shape.height, first.height) && sameExtent(shape.width, first.width))) {
    throw refused(`${label} joins values of different sizes.`);
  }
  return { ...first, channels: inputs.reduce((sum, shape) => sum + shape.channels, 0) };
}

function resized(input: Shape, numerator: number, denominator: number, label: string): Shape {
  const height = scaleExtent(input.height, numerator, denominator);
  const width = scaleExtent(input.width, numerator, denominator);
  if (height.numerator > MAX_SCALE * height.denominator || height.denominator > MAX_SCALE) {
    throw refused(`${label} makes the picture more than ${MAX_SCALE} times larger or smaller.`);
  }
  return { channels: input.channels, height, width };
}

/** No network of these families goes beyond 16; more would only be a way to ask for absurd amounts of memory. */
const MAX_SCALE = 32;

import { tensor } from '../tensor.ts';
import { RESIZE_ATTRIBUTES, resizeInputs } from './emit-graph.ts';
import type { OnnxWriter } from './onnx-writer.ts';
import type { NetworkCore } from './wrap-network.ts';

/**
 * Where a result's colours come from: the network alone; its low frequencies from the source, for networks shift
 * levels; or the source's mean and deviation for each channel of the whole picture (adaptive instance normalization).
 */
export const COLOUR_SOURCES = ['network', 'source', 'adain'] as const;
export type ColourSource = (typeof COLOUR_SOURCES)[number];

const LEVELS = 4;
/** Source pixels that a level of 1, 2, 4, 8 px reaches; their sum is what all do. */
const BLUR_REACH_PX = 2 ** LEVELS - 1;
/** By how much the field grows: the blur, and the neighbour that enlarging it by linear interpolation looks at. */
export const SOURCE_COLOUR_REACH_PX = BLUR_REACH_PX + 1;

/** The network with colours from elsewhere, as nodes behind its own: other ones raise COLOUR_FIX_VERSION. */
export function withColours(core: NetworkCore, colour: ColourSource): NetworkCore {
  switch (colour) {
    case 'network':
      return core;
    case 'source':
      return { ...core, emit: (writer, input) => emitSourceColours(core, writer, input) };
    case 'adain':
      // Squares of halves are coarse.
      return { ...core, canBeHalf: false, emit: (writer, input) => emitSourceStatistics(core, writer, input) };
  }
}

/**
 * StableSR's wavelet fix replaces the low frequencies of a result by those of the enlarged source: result - low(result)
 * + low(source). Both are linear, so low(source - result) is added, and as it is smooth, it is taken at the source's
 * size, from the result averaged down: a 1/scale^2 of the work, and the mean of the sum is the source's.
 */
function emitSourceColours(core: NetworkCore, writer: OnnxWriter, input: string): string {
  const { scale, channels } = core;
  // What will be cut off is no part of its level.
  const made = writer.node('Clip', [core.emit(writer, input), writer.constant(0), writer.constant(1)]);
  const sides = { kernel_shape: [scale, scale], strides: [scale, scale] };
  const small = scale === 1 ? made : writer.node('AveragePool', [made], sides);
  const low = blurred(writer, writer.node('Sub', [input, small]), channels);
  return writer.node('Add', [made, scale === 1 ? low : enlarged(writer, low, scale, core.opset)]);
}

/** The a-trous algorithm: [1 2 1] / 4 both ways, with holes that double each time; the border repeats. */
function blurred(writer: OnnxWriter, value: string, channels: number): string {
  const [around, ring] = [BLUR_REACH_PX, [1, 2, 1]];
  const kernel = ring.flatMap((y) => ring.map((x) => (x * y) / 16));
  const weight = tensor([channels, 1, 3, 3], Float32Array.from(Array.from({ length: channels }, () => kernel).flat()));
  const amounts = writer.integers(0, 0, around, around, 0, 0, around, around);
  let blur = writer.node('Pad', [value, amounts], { mode: 'edge' });
  for (let level = 0; level < LEVELS; level++) {
    const dilations = [2 ** level, 2 ** level];
    blur = writer.convolution(blur, weight, null, { kernel_shape: [3, 3], group: channels, dilations });
  }
  return blur;
}

function enlarged(writer: OnnxWriter, value: string, factor: number, opset: number): string {
  return writer.node('Resize', resizeInputs(writer, value, factor, opset), RESIZE_ATTRIBUTES.linear);
}

/** (result - its mean) * deviation of the source / deviation of the result + mean of the source, for each channel. */
function emitSourceStatistics(core: NetworkCore, writer: OnnxWriter, input: string): string {
  const op = (operator: string, ...inputs: string[]): string => writer.node(operator, inputs);
  const around = (value: string) => {
    const mean = op('GlobalAveragePool', value);
    const centred = op('Sub', value, mean);
    const variance = op('GlobalAveragePool', op('Mul', centred, centred));
    return { mean, centred, variance: op('Add', variance, writer.exact(VARIANCE_FLOOR)) };
  };
  const [source, made] = [around(input), around(core.emit(writer, input))];
  const gain = op('Sqrt', op('Div', source.variance, made.variance));
  return op('Add', op('Mul', made.centred, gain), source.mean);
}

/** As StableSR's: a picture of one colour has no deviation to divide by. */
const VARIANCE_FLOOR = 1e-5;

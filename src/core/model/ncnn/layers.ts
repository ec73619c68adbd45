import type { BinaryKind, Node, ResizeMode, UnaryKind, Value } from '../graph/graph.ts';
import { scalar } from '../graph/graph-builder.ts';
import { refused } from '../import/refusal.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { translateConvolution, translateDeconvolution, translateInnerProduct } from './convolution.ts';
import { translateCrop } from './crop.ts';
import {
  countSetting,
  type HeldConstant,
  type LayerContext,
  only,
  smallCount,
  unsupportedSetting,
} from './layer-context.ts';

type Translation = (context: LayerContext) => readonly Value[];

/** ncnn's layers as the ESRGAN family uses them; setting numbers and defaults as in ncnn's operator list. */
export const LAYERS: Readonly<Record<string, Translation>> = {
  Input: ({ builder }) => [builder.input(3)],
  Split: (context) => context.layer.outputs.map(() => only(context)),
  Noop: (context) => [only(context)],
  Dropout: (context) => [only(context)],
  Convolution: (context) => [translateConvolution(context, 1)],
  ConvolutionDepthWise: (context) => [translateConvolution(context, countSetting(context, 7, 1))],
  Deconvolution: (context) => [translateDeconvolution(context)],
  InnerProduct: (context) => [translateInnerProduct(context)],
  Pooling: (context) => {
    const { settings } = context.layer;
    const isGlobalMean = settings.number(0, 0) === 1 && settings.number(4, 0) === 1;
    if (!isGlobalMean) throw unsupportedSetting(context, 'anything but the mean of the whole picture');
    return [append(context, { op: 'global-mean', input: only(context) })];
  },
  Scale: (context) => {
    const [left, right] = context.inputs;
    if (context.layer.settings.number(0, 0) !== FROM_SECOND_INPUT || context.inputs.length !== 2) {
      throw unsupportedSetting(context, 'factors of its own');
    }
    return [append(context, { op: 'binary', kind: 'mul', left: left!, right: right! })];
  },
  Crop: (context) => [translateCrop(context)],
  PReLU: (context) => [prelu(context)],
  ReLU: (context) => [relu(context)],
  Sigmoid: (context) => [unary(context, 'sigmoid')],
  TanH: (context) => [unary(context, 'tanh')],
  Swish: (context) => [unary(context, 'silu')],
  Clip: (context) => {
    const { settings } = context.layer;
    const [low, high] = [settings.number(0, -FLOAT_MAX), settings.number(1, FLOAT_MAX)];
    return [append(context, { op: 'clip', input: only(context), low, high })];
  },
  BinaryOp: (context) => [binaryOp(context)],
  Eltwise: (context) => [eltwise(context)],
  Concat: (context) => [concat(context)],
  Interp: (context) => [interp(context)],
  PixelShuffle: (context) => {
    const order = context.layer.settings.number(1, 0) === 0 ? 'crd' : 'dcr';
    return [append(context, { op: 'pixel-shuffle', input: only(context), factor: smallCount(context, 0, 1), order })];
  },
  Reorg: (context) => {
    if (context.layer.settings.number(1, 0) !== 0) throw unsupportedSetting(context, 'channels ordered y, x, c');
    return [append(context, { op: 'pixel-unshuffle', input: only(context), factor: smallCount(context, 0, 1) })];
  },
};

const FROM_SECOND_INPUT = -233;
const FLOAT_MAX = 3.4028234663852886e38;

function append({ builder, layer }: LayerContext, node: Node): Value {
  return builder.append(node, `layer ${layer.name} (${layer.type})`);
}

function unary(context: LayerContext, kind: UnaryKind): Value {
  return append(context, { op: 'unary', kind, input: only(context) });
}

function relu(context: LayerContext): Value {
  const slope = context.layer.settings.number(0, 0);
  return slope === 0 ? unary(context, 'relu') : append(context, { op: 'leaky-relu', input: only(context), slope });
}

function prelu(context: LayerContext): Value {
  const slopes = countSetting(context, 0, 0);
  const slope = tensor([slopes], context.weights.plain(slopes, context.layer.name));
  return append(context, { op: 'prelu', input: only(context), slope });
}

function binaryOp(context: LayerContext): Value {
  const { layer, inputs } = context;
  const kind = layer.settings.number(0, 0);
  if (context.constant !== null) return withConstant(context, kind, context.constant);
  if (layer.settings.number(1, 0) !== 0) {
    return withConstant(context, kind, { values: scalar(layer.settings.number(2, 0)), isFirst: false });
  }
  const [left, right] = inputs;
  const operator = BINARY_KINDS[kind];
  if (left === undefined || right === undefined || inputs.length !== 2)
    throw refused(`layer ${layer.name} needs two inputs.`);
  if (operator === undefined) throw unsupportedSetting(context, `operator ${kind}`);
  return append(context, { op: 'binary', kind: operator, left, right });
}

const BINARY_KINDS: readonly BinaryKind[] = ['add', 'sub', 'mul', 'div', 'max', 'min'];

/** Of one number, or of one for each channel. */
function withConstant(context: LayerContext, kind: number, { values, isFirst }: HeldConstant): Value {
  const input = only(context);
  const { channels } = context.builder.shapeOf(input);
  const count = values.data.length;
  if (count !== 1 && count !== channels)
    throw refused(`layer ${context.layer.name} has ${count} numbers for ${channels} channels.`);
  const mapped = (map: (value: number) => number) => tensor(values.shape, values.data.map(map));
  const affine = (factor: Tensor, offset: Tensor) => append(context, { op: 'affine', input, factor, offset });
  // ncnn's operators 7 and 8 are subtraction and division the other way round.
  const operator = isFirst ? (TURNED[kind] ?? kind) : kind;
  switch (operator) {
    case 0:
      return affine(scalar(1), values);
    case 1:
      return affine(
        scalar(1),
        mapped((value) => -value),
      );
    case 2:
      return affine(values, scalar(0));
    case 3:
      return affine(
        mapped((value) => 1 / value),
        scalar(0),
      );
    case 7:
      return affine(scalar(-1), values);
    default:
      throw unsupportedSetting(context, `operator ${kind} with a number`);
  }
}

const TURNED: Readonly<Record<number, number>> = { 1: 7, 7: 1, 3: 8, 8: 3 };

function eltwise(context: LayerContext): Value {
  const { layer, inputs, builder } = context;
  const kind = ELTWISE_KINDS[layer.settings.number(0, 0)];
  const coefficients = layer.settings.array(1);
  if (kind === undefined) throw unsupportedSetting(context, `operator ${layer.settings.number(0, 0)}`);
  if (inputs.length < 2 || (coefficients.length !== 0 && coefficients.length !== inputs.length)) {
    throw refused(`layer ${layer.name} has ${inputs.length} inputs and ${coefficients.length} coefficients.`);
  }
  const terms = inputs.map((input, index) => {
    const coefficient = coefficients[index] ?? 1;
    return kind !== 'add' || coefficient === 1 ? input : builder.times(input, coefficient);
  });
  return terms.reduce((left, right) => append(context, { op: 'binary', kind, left, right }));
}

const ELTWISE_KINDS: readonly BinaryKind[] = ['mul', 'add', 'max'];

function concat(context: LayerContext): Value {
  const axis = context.layer.settings.number(0, 0);
  if (axis !== 0 && axis !== -3) throw unsupportedSetting(context, `axis ${axis}`);
  return append(context, { op: 'concat', inputs: context.inputs });
}

function interp(context: LayerContext): Value {
  const { settings } = context.layer;
  const mode = INTERP_MODES[settings.number(0, 0)];
  const [height, width] = [settings.number(1, 1), settings.number(2, 1)];
  if (mode === undefined) throw unsupportedSetting(context, `type ${settings.number(0, 0)}`);
  if (settings.number(3, 0) !== 0 || settings.number(4, 0) !== 0) throw unsupportedSetting(context, 'a fixed size');
  if (settings.number(6, 0) !== 0) throw unsupportedSetting(context, 'aligned corners');
  if (height !== width) throw unsupportedSetting(context, `scales ${height} and ${width}`);
  return append(context, { op: 'resize', input: only(context), mode, scale: height });
}

const INTERP_MODES: readonly (ResizeMode | undefined)[] = [undefined, 'nearest', 'linear', 'cubic'];

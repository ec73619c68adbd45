import { refused } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { countTo } from './padding.ts';
import type { Operand, StepIndex } from './program.ts';
import { floatScalar, indexVector, type LengthVector, type Planes } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/**
 * LDA-AQU (Du et al. 2024): a pixel of the enlarged picture is a mean of nine places near it, which a convolution
 * chooses, and which are weighed by how much what lies there resembles it. Beyond the border lie zeros.
 * @throws UpreelError `model-refused`
 */
export function attendNearby(layers: ProgramLayers, planes: Planes, name: string, scale: number): Planes {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => layers.step(operator, inputs);
  const normed = layers.layerNormPlanes(planes, `${name}.layer_norm`, NORM_EPSILON);
  const queries = spread(layers, layers.conv(normed, `${name}.proj_q`, { kernel: 1 }), scale);
  const keys = layers.conv(normed, `${name}.proj_k`, { kernel: 1 });
  const { channels } = keys;
  if (queries.channels !== channels || channels % GROUPS !== 0 || planes.channels % GROUPS !== 0) {
    throw refused(`${name} compares ${queries.channels} of ${planes.channels} channels with ${channels}.`);
  }
  const size = layers.sizeOf(queries);
  const places = chosenPlaces(layers, queries, size, `${name}.conv_offset`);
  const asked = op('Unsqueeze', op('Mul', queries.step, floatScalar(channels ** -0.5)), indexVector([2]));
  const found = op('Add', readAt(layers, keys, size, places), placeBias(layers, name, channels));
  const alike = layers.step('ReduceSum', [op('Mul', asked, found), indexVector([1])], { keepdims: 1 });
  const weights = layers.step('Softmax', [alike], { axis: 2 });
  const weighed = op('Mul', readAt(layers, planes, size, places), weights);
  layers.countWork(PLACES * (channels + planes.channels) * queries.density);
  const step = layers.step('ReduceSum', [weighed, indexVector([2])], { keepdims: 0 });
  return { ...queries, step, channels: planes.channels };
}

/** Linear, with the corners in place. */
function spread(layers: ProgramLayers, planes: Planes, factor: number): Planes {
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'align_corners' };
  const scales = tensor([4], Float32Array.of(1, 1, factor, factor));
  const step = layers.step('Resize', [planes.step, null, scales], attributes);
  return { ...planes, step, density: planes.density * factor ** 2, extent: step };
}

/** For each group of channels nine places for each pixel, [groups, 9 * height, width, 2] from -1 to 1. */
function chosenPlaces(layers: ProgramLayers, queries: Planes, size: LengthVector, name: string): StepIndex {
  const op = (operator: string, ...inputs: Operand[]): StepIndex => layers.step(operator, inputs);
  const channels = queries.channels / GROUPS;
  // The groups are seen as pictures of a batch.
  const batch = { ...queries, channels, step: op('Reshape', queries.step, indexVector([GROUPS, channels, 0, 0])) };
  const seen = layers.conv(batch, `${name}.0`, { groups: channels, kernel: 3 });
  const factor = layers.weight(`${name}.1.weight`, [channels]);
  const offset = layers.weight(`${name}.1.bias`, [channels]);
  const behind = layers.step('Transpose', [seen.step], { perm: [0, 2, 3, 1] });
  const attributes = { axis: -1, epsilon: { float: NORM_EPSILON } };
  const normed = layers.step('LayerNormalization', [behind, factor, offset], attributes);
  const turned = { ...seen, step: layers.step('Transpose', [normed], { perm: [0, 3, 1, 2] }) };
  const moved = layers.conv(layers.activate(turned, 'silu'), `${name}.3`);
  if (moved.channels !== 2 * PLACES) throw refused(`${name}.3 makes ${moved.channels} channels.`);
  const far = layers.times(layers.activate(moved, 'tanh'), FARTHEST);
  // y and x of each place by turns.
  const split = op('Reshape', far.step, indexVector([GROUPS, PLACES, 2, -1]));
  const axis = (index: number, own: number[], length: StepIndex, shape: number[]): StepIndex => {
    const part = layers.step('Gather', [split, indexVector([index])], { axis: 2 });
    const planesOfAxis = op('Reshape', part, shapeOf(layers, [GROUPS, PLACES], size));
    const near = tensor([PLACES, 1, 1], Float32Array.from(own));
    const float = (step: StepIndex) => layers.step('Cast', [step], { to: FLOAT });
    const steps = op('Reshape', float(countTo(layers, length)), indexVector(shape));
    const doubled = op('Mul', op('Add', op('Add', planesOfAxis, near), steps), floatScalar(2));
    const last = op('Sub', float(length), floatScalar(1));
    return op('Unsqueeze', op('Sub', op('Div', doubled, last), floatScalar(1)), indexVector([4]));
  };
  const y = axis(0, [-1, -1, -1, 0, 0, 0, 1, 1, 1], size.height, [1, 1, -1, 1]);
  const x = axis(1, [-1, 0, 1, -1, 0, 1, -1, 0, 1], size.width, [1, 1, 1, -1]);
  const pairs = layers.step('Concat', [x, y], { axis: 4 });
  const shape = layers.step('Concat', [indexVector([GROUPS, -1]), size.width, indexVector([2])], { axis: 0 });
  return op('Reshape', pairs, shape);
}

/** [1, channels, 9, height, width] */
function readAt(layers: ProgramLayers, planes: Planes, size: LengthVector, places: StepIndex): StepIndex {
  const grouped = layers.step('Reshape', [planes.step, indexVector([GROUPS, planes.channels / GROUPS, 0, 0])]);
  const read = layers.step('GridSample', [grouped, places], {
    mode: 'bilinear',
    padding_mode: 'zeros',
    align_corners: 1,
  });
  return layers.step('Reshape', [read, shapeOf(layers, [1, planes.channels, PLACES], size)]);
}

function shapeOf(layers: ProgramLayers, before: readonly number[], { height, width }: LengthVector): StepIndex {
  return layers.step('Concat', [indexVector(before), height, width], { axis: 0 });
}

/** A trained vector for each of the nine, added to what lies there: [1, channels, 9, 1, 1]. */
function placeBias(layers: ProgramLayers, name: string, channels: number) {
  const { data } = layers.weight(`${name}.relative_position_bias_table`, [1, 1, 1, PLACES, channels]);
  const turned = Float32Array.from(data, (_, index) => data[(index % PLACES) * channels + Math.floor(index / PLACES)]!);
  return tensor([1, channels, PLACES, 1, 1], turned);
}

const GROUPS = 2;
/** Three by three. */
const PLACES = 9;
/** By so many pixels of the enlarged picture a place is moved at most, either way. */
const FARTHEST = 11;
const NORM_EPSILON = 1e-6;
/** TensorProto.DataType */
const FLOAT = 1;

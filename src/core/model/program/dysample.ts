import { refused } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import { countTo } from './padding.ts';
import type { StepIndex } from './program.ts';
import { floatScalar, indexVector, type Planes } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/**
 * DySample (Liu et al. 2023): enlarges by reading each pixel from a place that a convolution chooses near it,
 * bilinearly, one place for each group of channels. `name.end_conv`, where there is one, makes colours of what was
 * read.
 * @throws UpreelError `model-refused`
 */
export function dySample(layers: ProgramLayers, planes: Planes, name: string, scale: number): Planes {
  const offsets = layers.conv(planes, `${name}.offset`);
  const groups = offsets.channels / (2 * scale ** 2);
  if (!Number.isInteger(groups) || planes.channels % groups !== 0) {
    throw refused(`${name}.offset makes ${offsets.channels} channels of ${planes.channels}.`);
  }
  const scope = layers.activate(layers.conv(planes, `${name}.scope`), 'sigmoid');
  const start = layers.weight(`${name}.init_pos`, [1, offsets.channels, 1, 1]);
  const moved = layers.scaled(
    layers.multiply(offsets, scope),
    tensor([1], Float32Array.of(0.5)),
    tensor([offsets.channels], start.data),
  );
  const half = offsets.channels / 2;
  const { height, width } = layers.sizeOf(planes);
  const x = place(layers, layers.channels(moved, 0, half), width, [1, 1, 1, -1]);
  const y = place(layers, layers.channels(moved, half, 2 * half), height, [1, 1, -1, 1]);
  const places = layers.pixelShuffle(layers.concat([x, y]), scale);
  // [1, 2 groups, H, W] -> [groups, H, W, 2]
  const split = layers.step('Reshape', [places.step, indexVector([2, groups, 0, 0])]);
  const grid = layers.step('Transpose', [split], { perm: [1, 2, 3, 0] });
  const grouped = layers.step('Reshape', [planes.step, indexVector([groups, planes.channels / groups, 0, 0])]);
  const read = layers.step('GridSample', [grouped, grid], {
    mode: 'bilinear',
    padding_mode: 'border',
    align_corners: 0,
  });
  const joined = layers.step('Reshape', [read, indexVector([1, planes.channels, 0, 0])]);
  const made: Planes = { ...places, step: joined, channels: planes.channels };
  return layers.has(`${name}.end_conv.weight`) ? layers.conv(made, `${name}.end_conv`) : made;
}

/** Offsets in pixels as places from -1 to 1 of the whole axis: 2 (index + 0.5 + offset) / length - 1. */
function place(layers: ProgramLayers, offsets: Planes, length: StepIndex, shape: readonly number[]): Planes {
  const float = (step: StepIndex) => layers.step('Cast', [step], { to: FLOAT });
  const centres = layers.step('Add', [float(countTo(layers, length)), floatScalar(0.5)]);
  const shaped = layers.step('Reshape', [centres, indexVector(shape)]);
  const doubled = layers.step('Mul', [layers.step('Add', [offsets.step, shaped]), floatScalar(2)]);
  return { ...offsets, step: layers.step('Sub', [layers.step('Div', [doubled, float(length)]), floatScalar(1)]) };
}

/** TensorProto.DataType */
const FLOAT = 1;

import { refused } from '../import/refusal.ts';
import { tensor } from '../tensor.ts';
import type { Planes } from './program-builder.ts';
import type { ConvolutionOptions, ProgramLayers } from './program-layers.ts';

/**
 * The convolution `name` and the batch norm `norm` behind it, as one convolution: a batch norm that is trained is a
 * factor and an offset for each channel. @throws UpreelError `model-refused`
 */
export function normedConvolution(
  layers: ProgramLayers,
  planes: Planes,
  name: string,
  norm: string,
  options: ConvolutionOptions = {},
): Planes {
  const weight = layers.weight(`${name}.weight`, [null, planes.channels / (options.groups ?? 1), null, null]);
  const [channels = 0] = weight.shape;
  const bias = layers.optionalWeight(`${name}.bias`, [channels]);
  const [gain, offset, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => layers.weight(`${norm}.${part}`, [channels]).data,
  );
  const factor = Float64Array.from(gain!, (value, channel) => value / Math.sqrt(variance![channel]! + EPSILON));
  if (!factor.every(Number.isFinite)) throw refused(`${norm} has a variance below zero.`);
  const perChannel = weight.data.length / channels;
  return layers.convolved(
    planes,
    tensor(
      weight.shape,
      weight.data.map((value, index) => value * factor[Math.floor(index / perChannel)]!),
    ),
    tensor(
      [channels],
      offset!.map((value, channel) => value + ((bias?.data[channel] ?? 0) - mean![channel]!) * factor[channel]!),
    ),
    options,
  );
}

/** A batch norm by itself. @throws UpreelError `model-refused` */
export function batchNorm(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const { channels } = planes;
  const [gain, offset, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => layers.weight(`${name}.${part}`, [channels]).data,
  );
  const factor = gain!.map((value, channel) => value / Math.sqrt(variance![channel]! + EPSILON));
  if (!factor.every(Number.isFinite)) throw refused(`${name} has a variance below zero.`);
  const shift = offset!.map((value, channel) => value - mean![channel]! * factor[channel]!);
  return layers.scaled(planes, tensor([channels], factor), tensor([channels], shift));
}

/** torch's default, which all of these networks keep. */
const EPSILON = 1e-5;

import type { Planes } from './program-builder.ts';
import type { Activation, ProgramLayers } from './program-layers.ts';

/**
 * Squeeze and excitation (Hu et al. 2018): each channel times a weight that two small layers make of all means.
 * @param seen whose means they are; default: its own
 */
export function weighChannels(
  layers: ProgramLayers,
  planes: Planes,
  first: string,
  second: string,
  activation: Activation = 'relu',
  seen: Planes = planes,
): Planes {
  const narrow = layers.activate(layers.conv(layers.globalMean(seen), first, { kernel: 1 }), activation);
  return layers.multiply(planes, layers.activate(layers.conv(narrow, second, { kernel: 1 }), 'sigmoid'));
}

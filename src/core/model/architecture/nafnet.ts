import { unsupported } from '../import/refusal.ts';
import { cropToSize, padToMultiple } from '../program/padding.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface NafnetPlan {
  readonly channels: 1 | 3;
  readonly features: number;
  /** Blocks of each size on the way down and on the way up. */
  readonly encoders: readonly number[];
  readonly decoders: readonly number[];
  readonly middle: number;
}

/**
 * NAFNet (Chen et al. 2022), a restorer: a U-Net of blocks in which products of halves of the channels stand for
 * activations.
 */
export const nafnet = defineArchitecture<NafnetPlan>({
  architecture: 'nafnet',
  title: 'NAFNet',
  requiredKeys: ['intro.weight', 'ending.weight', 'downs.0.weight', 'middle_blks.0.beta', 'encoders.0.0.sca.1.weight'],

  recognise: (state) =>
    state.has('intro.weight') && state.has('ending.weight') && state.has('middle_blks.0.beta') ? state : undefined,

  plan(state) {
    const [channels, made] = [axis(state, 'intro.weight', 1), axis(state, 'ending.weight', 0)];
    if ((channels !== 1 && channels !== 3) || made !== channels) {
      throw unsupported(`The NAFNet network makes ${made} channels of ${channels}; upreel runs those of RGB or gray.`);
    }
    const blocks = (name: string) => countConsecutive(state, (index) => `${name}.${index}.beta`);
    const levels = countConsecutive(state, (level) => `downs.${level}.weight`);
    if (levels < 1 || levels > MAX_LEVELS) throw unsupported(`The NAFNet network halves the size ${levels} times.`);
    const each = (name: string) => Array.from({ length: levels }, (_, level) => blocks(`${name}.${level}`));
    return {
      channels,
      features: axis(state, 'intro.weight', 0),
      encoders: each('encoders'),
      decoders: each('decoders'),
      middle: blocks('middle_blks'),
    };
  },

  summarise: ({ features, encoders, middle, decoders }) =>
    `${features} feat, ${[...encoders, middle, ...decoders].join('+')} blocks`,

  build({ channels, encoders, middle, decoders }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(channels);
    const multiple = 2 ** encoders.length;
    const padded = padToMultiple(layers, input, multiple, 'zeros');
    const chain = (planes: Planes, name: string, count: number): Planes => {
      let value = planes;
      for (let index = 0; index < count; index++) value = block(layers, value, `${name}.${index}`);
      return value;
    };
    let value = layers.conv(padded, 'intro');
    const before = encoders.map((count, level) => {
      const encoded = chain(value, `encoders.${level}`, count);
      value = layers.conv(encoded, `downs.${level}`, { kernel: 2, stride: 2, padding: 'none' });
      return encoded;
    });
    value = chain(value, 'middle_blks', middle);
    decoders.forEach((count, level) => {
      const enlarged = layers.pixelShuffle(layers.conv(value, `ups.${level}.0`, { kernel: 1 }), 2);
      value = chain(layers.add(enlarged, before[encoders.length - 1 - level]!), `decoders.${level}`, count);
    });
    const picture = layers.add(layers.conv(value, 'ending'), padded);
    return layers.finish(cropToSize(layers, picture, layers.sizeOf(input), 1), 1, multiple);
  },
});

/** Five would be the most in use. */
const MAX_LEVELS = 6;

function block(layers: ProgramLayers, input: Planes, name: string): Planes {
  const wide = layers.conv(layers.layerNormPlanes(input, `${name}.norm1`, 1e-6), `${name}.conv1`);
  const seen = product(layers, layers.conv(wide, `${name}.conv2`, { groups: wide.channels }));
  const weighed = layers.multiply(seen, layers.conv(layers.globalMean(seen), `${name}.sca.1`, { kernel: 1 }));
  const sum = layers.add(input, scaled(layers, layers.conv(weighed, `${name}.conv3`), `${name}.beta`));
  const gated = product(layers, layers.conv(layers.layerNormPlanes(sum, `${name}.norm2`, 1e-6), `${name}.conv4`));
  return layers.add(sum, scaled(layers, layers.conv(gated, `${name}.conv5`), `${name}.gamma`));
}

/** Of the first half of the channels with the second. */
function product(layers: ProgramLayers, planes: Planes): Planes {
  const half = planes.channels / 2;
  return layers.multiply(layers.channels(planes, 0, half), layers.channels(planes, half, planes.channels));
}

function scaled(layers: ProgramLayers, planes: Planes, key: string): Planes {
  return layers.scaled(planes, layers.weight(key, [1, planes.channels, 1, 1]));
}

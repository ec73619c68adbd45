import { unsupported } from '../import/refusal.ts';
import { dySample } from '../program/dysample.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface PlksrPlan {
  /** RealPLKSR normalises each block, by groups over the picture or by layers over the channels. */
  readonly norm: 'none' | 'group' | 'layer';
  readonly features: number;
  /** Channels that the large kernel sees. */
  readonly seen: number;
  readonly blocks: number;
  readonly scale: number;
  readonly mixer: 'channe_mixer' | 'channel_mixer';
  readonly tail: 'PixelShuffle' | 'DySample';
  /** Number of the last convolution. */
  readonly last: number;
}

/**
 * PLKSR and RealPLKSR (partial large kernel CNNs, Lee et al. 2024): blocks that mix channels, look far with a kernel of
 * some 17 pixels in a part of them, and weigh by a sigmoid; PixelShuffle or DySample.
 */
export const plksr = defineArchitecture<PlksrPlan>({
  architecture: 'plksr',
  title: 'PLKSR or RealPLKSR',
  requiredKeys: ['feats.0.weight', 'feats.1.lk.conv.weight', 'feats.1.refine.weight'],

  recognise: (state) =>
    state.has('feats.0.weight') &&
    state.has('feats.1.refine.weight') &&
    state.keys.some((key) => key.startsWith('feats.1.lk.'))
      ? state
      : undefined,

  plan(state) {
    const mixer = state.has('feats.1.channel_mixer.0.weight') ? 'channel_mixer' : 'channe_mixer';
    const blocks = countConsecutive(state, (index) => `feats.${index}.refine.weight`, 1);
    const last = mixer === 'channel_mixer' ? blocks + 2 : blocks + 1;
    const made = axis(state, `feats.${last}.weight`, 0);
    const scale = Math.sqrt(made / 3);
    if (axis(state, 'feats.0.weight', 1) !== 3 || !Number.isInteger(scale)) {
      throw unsupported(`The PLKSR network makes ${made} channels; upreel runs those from RGB to RGB.`);
    }
    if (state.has('feats.1.lk.convs.0.weight')) {
      throw unsupported(
        'This is a PLKSR network with several sparse kernels, whose distances its weights do not tell.',
      );
    }
    const kernel = FAR_KERNELS.find((name) => state.has(`feats.1.lk.${name}.weight`)) ?? FAR_KERNELS[0];
    const seen = axis(state, `feats.1.lk.${kernel}.weight`, 0);
    const norm = state.has('feats.1.layer_norm.weight') ? 'layer' : state.has('feats.1.norm.weight') ? 'group' : 'none';
    const tail = state.has('to_img.init_pos') ? 'DySample' : 'PixelShuffle';
    return { norm, features: axis(state, 'feats.0.weight', 0), seen, blocks, scale, mixer, tail, last };
  },

  summarise: ({ norm, features, blocks, mixer, tail }) =>
    [
      ...(mixer === 'channel_mixer' ? ['RealPLKSR'] : ['PLKSR']),
      ...[`${features} feat`, `${blocks} blocks`],
      ...(norm === 'none' ? [] : [`${norm} norm`]),
      ...(tail === 'DySample' ? [tail] : []),
    ].join(', '),

  build({ norm, seen, blocks, scale, mixer, tail, last }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    let value = layers.conv(input, 'feats.0');
    for (let index = 1; index <= blocks; index++) {
      const name = `feats.${index}`;
      const normed = norm === 'layer' ? layers.layerNormPlanes(value, `${name}.layer_norm`, 1e-6) : value;
      const refined = layers.conv(mixed(layers, normed, name, { mixer, seen }), `${name}.refine`);
      value = layers.add(value, norm === 'group' ? layers.groupNorm(refined, `${name}.norm`, NORM_GROUPS) : refined);
    }
    const made = layers.conv(value, `feats.${last}`);
    if (tail === 'PixelShuffle') {
      const enlarged = layers.pixelShuffle(made, scale);
      return layers.finish(layers.add(enlarged, layers.nearest(input, scale)), scale, 1);
    }
    const sum = layers.add(made, repeated(layers, input, scale ** 2));
    return layers.finish(dySample(layers, sum, 'to_img', scale), scale, 1);
  },
});

/** Not in the file, and the same in every implementation. */
const NORM_GROUPS = 4;

/** A block without its norms, the last convolution and the addition. */
function mixed(
  layers: ProgramLayers,
  input: Planes,
  name: string,
  { mixer, seen }: Pick<PlksrPlan, 'mixer' | 'seen'>,
): Planes {
  const activation = mixer === 'channel_mixer' ? 'mish' : 'gelu';
  const wide = layers.activate(layers.conv(input, `${name}.${mixer}.0`), activation);
  const far = farLooking(layers, layers.conv(wide, `${name}.${mixer}.2`), `${name}.lk`, seen);
  if (!layers.has(`${name}.attn.f.0.weight`)) return far;
  return layers.multiply(far, layers.activate(layers.conv(far, `${name}.attn.f.0`), 'sigmoid'));
}

/** The large kernel, on the first channels only: one, or the sum of an upright, a lying and a small one. */
function farLooking(layers: ProgramLayers, input: Planes, name: string, seen: number): Planes {
  const [first = FAR_KERNELS[0], ...others] = FAR_KERNELS.filter((kernel) => layers.has(`${name}.${kernel}.weight`));
  const part = layers.channels(input, 0, seen);
  const made = others.reduce(
    (sum, kernel) => layers.add(sum, layers.conv(part, `${name}.${kernel}`)),
    layers.conv(part, `${name}.${first}`),
  );
  return seen === input.channels ? made : layers.concat([made, layers.channels(input, seen, input.channels)]);
}

const FAR_KERNELS = ['conv', 'mn_conv', 'nm_conv', 'nn_conv'] as const;

/** Each channel so many times, one after the other. */
function repeated(layers: ProgramLayers, input: Planes, times: number): Planes {
  const { channels } = input;
  const weight = new Float32Array(channels * times * channels);
  for (let out = 0; out < channels * times; out++) weight[out * channels + Math.floor(out / times)] = 1;
  return layers.convolved(input, tensor([channels * times, channels, 1, 1], weight), null);
}

import type { StateDict } from '../checkpoint/state-dict.ts';
import { unsupported } from '../import/refusal.ts';
import { weighChannels } from '../program/channel-weights.ts';
import { cropToSize, reflectAround, trim } from '../program/padding.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis } from './key-shapes.ts';

interface CuganPlan {
  readonly kind: keyof typeof KINDS;
  readonly isPro: boolean;
}

const DOUBLING = { kernel: 4, stride: 2, crop: 3 };
const TRIPLING = { kernel: 5, stride: 3, crop: 2 };

/**
 * Each has two U-Nets without padding. `marginPx` is what they take off on each side, in input pixels; `multiplePx`
 * what the sides are brought to, so that every halving is of an even number.
 */
const KINDS = {
  x2: { scale: 2, marginPx: 18, multiplePx: 2, unshuffle: 1, bottom: DOUBLING },
  x3: { scale: 3, marginPx: 14, multiplePx: 4, unshuffle: 1, bottom: TRIPLING },
  x4: { scale: 4, marginPx: 19, multiplePx: 2, unshuffle: 1, bottom: DOUBLING },
  /** Works at half the size. */
  'x2 fast': { scale: 2, marginPx: 38, multiplePx: 4, unshuffle: 2, bottom: DOUBLING },
} as const;

/**
 * Real-CUGAN (bilibili 2022), with its "pro" files: waifu2x's CUNet for x2 and x3; for x4, and x2 at half the size, one
 * that makes what is to be added to the picture enlarged by repetition.
 */
export const realCugan = defineArchitecture<CuganPlan>({
  architecture: 'real-cugan',
  title: 'Real-CUGAN',
  requiredKeys: ['unet1.conv1.conv.0.weight', 'unet1.conv_bottom.weight', 'unet2.conv3.seblock.conv1.weight'],

  recognise: (state) =>
    state.has('unet1.conv1.conv.0.weight') && state.has('unet2.conv3.seblock.conv1.weight') ? state : undefined,

  plan(state) {
    const kind = kindOf(state);
    const made = state.has('conv_final.weight')
      ? axis(state, 'conv_final.weight', 0) / 4
      : axis(state, 'unet2.conv_bottom.weight', 0);
    const taken = axis(state, 'unet1.conv1.conv.0.weight', 1) / KINDS[kind].unshuffle ** 2;
    if (taken !== 3 || made !== 3) {
      throw unsupported(
        `The Real-CUGAN network makes ${made} channels of ${taken}; upreel runs those from RGB to RGB.`,
      );
    }
    return { kind, isPro: state.has('pro') };
  },

  summarise: ({ kind, isPro }) => `${kind}${isPro ? ', pro' : ''}`,

  build({ kind, isPro }, state) {
    state.ignore('pro');
    const { scale, marginPx, multiplePx, unshuffle, bottom } = KINDS[kind];
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    // The "pro" files see samples of 0.15 to 0.85.
    const ranged = isPro ? stretched(layers, input, 0.7, 0.15) : input;
    const padded = reflectAround(layers, ranged, marginPx, multiplePx);
    const first = smallUnet(layers, layers.pixelUnshuffle(padded, unshuffle), bottom);
    const sum = layers.add(largeUnet(layers, first), trim(layers, first, 20));
    const isResidual = layers.has('conv_final.weight');
    const made = isResidual ? layers.pixelShuffle(trim(layers, valid(layers, sum, 'conv_final'), 1), 2) : sum;
    const cropped = cropToSize(layers, made, layers.sizeOf(input), scale);
    const picture = isResidual ? layers.add(cropped, layers.nearest(ranged, scale)) : cropped;
    return layers.finish(isPro ? stretched(layers, picture, 1 / 0.7, -0.15 / 0.7) : picture, scale, multiplePx);
  },
});

function kindOf(state: StateDict): CuganPlan['kind'] {
  if (state.has('conv_final.weight')) {
    // Four pixels folded into channels on both sides.
    const isFast = axis(state, 'unet1.conv1.conv.0.weight', 1) === axis(state, 'conv_final.weight', 0);
    return isFast ? 'x2 fast' : 'x4';
  }
  const side = axis(state, 'unet1.conv_bottom.weight', 2);
  if (side === DOUBLING.kernel) return 'x2';
  if (side === TRIPLING.kernel) return 'x3';
  throw unsupported('This is a CUNet that does not enlarge; upreel reads those for x2, x3 and x4.');
}

function stretched(layers: ProgramLayers, planes: Planes, factor: number, offset: number): Planes {
  return layers.scaled(planes, tensor([1], Float32Array.of(factor)), tensor([1], Float32Array.of(offset)));
}

function smallUnet(layers: ProgramLayers, input: Planes, bottom: typeof DOUBLING): Planes {
  const wide = twice(layers, input, 'unet1.conv1');
  const deep = twice(layers, halved(layers, wide, 'unet1.conv1_down'), 'unet1.conv2');
  const joined = layers.add(trim(layers, wide, 4), doubled(layers, deep, 'unet1.conv2_up'));
  return layers.deconv(activated(layers, valid(layers, joined, 'unet1.conv3')), 'unet1.conv_bottom', bottom);
}

function largeUnet(layers: ProgramLayers, input: Planes): Planes {
  const wide = twice(layers, input, 'unet2.conv1');
  const middle = twice(layers, halved(layers, wide, 'unet2.conv1_down'), 'unet2.conv2');
  const deep = twice(layers, halved(layers, middle, 'unet2.conv2_down'), 'unet2.conv3');
  const inner = layers.add(trim(layers, middle, 4), doubled(layers, deep, 'unet2.conv3_up'));
  const outer = doubled(layers, twice(layers, inner, 'unet2.conv4'), 'unet2.conv4_up');
  const joined = layers.add(trim(layers, wide, 16), outer);
  return valid(layers, activated(layers, valid(layers, joined, 'unet2.conv5')), 'unet2.conv_bottom');
}

/** Two convolutions, and weights for the channels if there are any. */
function twice(layers: ProgramLayers, planes: Planes, name: string): Planes {
  const first = activated(layers, valid(layers, planes, `${name}.conv.0`));
  const second = activated(layers, valid(layers, first, `${name}.conv.2`));
  if (name.endsWith('.conv1')) return second;
  return weighChannels(layers, second, `${name}.seblock.conv1`, `${name}.seblock.conv2`);
}

function valid(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return layers.conv(planes, name, { kernel: 3, padding: 'none' });
}

function halved(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return activated(layers, layers.conv(planes, name, { kernel: 2, stride: 2, padding: 'none' }));
}

function doubled(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return activated(layers, layers.deconv(planes, name, { kernel: 2, stride: 2 }));
}

function activated(layers: ProgramLayers, planes: Planes): Planes {
  return layers.leakyRelu(planes, 0.1);
}

import { refused } from '../import/refusal.ts';
import { dySample } from './dysample.ts';
import { attendNearby } from './local-upsampling.ts';
import type { Planes } from './program-builder.ts';
import type { ProgramLayers } from './program-layers.ts';

/** Of the third version of the upsampler that FDAT and its kin share, in the order of their numbers. */
export const UNIVERSAL_UPSAMPLERS = [
  'conv',
  'pixelshuffledirect',
  'pixelshuffle',
  'nearest+conv',
  'dysample',
  'transpose+conv',
  'lda',
  'pa_up',
] as const;

export type UniversalUpsampler = (typeof UNIVERSAL_UPSAMPLERS)[number];

/** Its layers are numbered, activations among them. */
export function universalUpsample(
  layers: ProgramLayers,
  planes: Planes,
  name: string,
  upsampler: UniversalUpsampler,
  scale: number,
): Planes {
  const steps = scale === 3 ? [3] : new Array<number>(Math.log2(scale)).fill(2);
  const conv = (input: Planes, index: number) => layers.conv(input, `${name}.${index}`);
  if (scale === 1 || upsampler === 'conv') {
    if (scale !== 1) throw refused(`${name} is one convolution, but enlarges ${scale} times.`);
    return conv(planes, 0);
  }
  switch (upsampler) {
    case 'pixelshuffledirect':
      return layers.pixelShuffle(conv(planes, 0), scale);
    case 'pixelshuffle': {
      const first = layers.leakyRelu(conv(planes, 0), 0.01);
      const enlarged = steps.reduce(
        (value, factor, step) => layers.pixelShuffle(conv(value, 2 + 2 * step), factor),
        first,
      );
      return conv(enlarged, 2 + 2 * steps.length);
    }
    case 'nearest+conv': {
      const enlarged = steps.reduce(
        (value, factor, step) => layers.leakyRelu(layers.nearest(conv(value, 3 * step), factor), SLOPE),
        planes,
      );
      const last = 3 * steps.length;
      return conv(layers.leakyRelu(conv(enlarged, last), SLOPE), last + 2);
    }
    case 'dysample': {
      const isNarrowed = !layers.has(`${name}.0.init_pos`);
      const first = isNarrowed ? layers.leakyRelu(conv(planes, 0), 0.01) : planes;
      return dySample(layers, first, `${name}.${isNarrowed ? 2 : 0}`, scale);
    }
    case 'lda': {
      const isNarrowed = layers.has(`${name}.0.weight`);
      const [first, own] = isNarrowed ? [layers.leakyRelu(conv(planes, 0), 0.01), 2] : [planes, 0];
      return conv(attendNearby(layers, first, `${name}.${own}`, scale), own + 1);
    }
    case 'transpose+conv':
      return transposed(layers, planes, name, scale);
    case 'pa_up': {
      const enlarged = steps.reduce((value, factor, step) => {
        const first = conv(layers.nearest(value, factor), 6 * step + 1);
        const weights = layers.activate(layers.conv(first, `${name}.${6 * step + 2}.conv.0`, { kernel: 1 }), 'sigmoid');
        const second = conv(layers.leakyRelu(layers.multiply(first, weights), SLOPE), 6 * step + 4);
        return layers.leakyRelu(second, SLOPE);
      }, planes);
      return conv(enlarged, 6 * steps.length);
    }
  }
}

function transposed(layers: ProgramLayers, planes: Planes, name: string, scale: number): Planes {
  const doubling = { kernel: 4, stride: 2, crop: 1 };
  switch (scale) {
    case 2:
      return layers.conv(layers.deconv(planes, `${name}.0`, doubling), `${name}.1`);
    case 3:
      return layers.conv(layers.deconv(planes, `${name}.0`, { kernel: 3, stride: 3 }), `${name}.1`);
    case 4: {
      const first = layers.activate(layers.deconv(planes, `${name}.0`, doubling), 'gelu');
      return layers.conv(layers.deconv(first, `${name}.2`, doubling), `${name}.3`);
    }
    default:
      throw refused(`${name} has transposed convolutions for ${scale} times.`);
  }
}

const SLOPE = 0.2;

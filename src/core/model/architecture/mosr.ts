import type { StateDict } from '../checkpoint/state-dict.ts';
import { unsupported } from '../import/refusal.ts';
import { dySample } from '../program/dysample.ts';
import type { Planes } from '../program/program-builder.ts';
import { ProgramLayers } from '../program/program-layers.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface MosrPlan {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  /** Channels that the large kernel sees. */
  readonly seen: number;
  readonly tail: 'PixelShuffle' | 'DySample' | 'GeoEnsemblePixelShuffle';
}

/**
 * MoSR (MambaOut for super-resolution, 2024): gated blocks in which a part of the channels goes through a large
 * depthwise kernel, one shortcut from the input, and one of three ways to enlarge.
 */
export const mosr = defineArchitecture<MosrPlan>({
  architecture: 'mosr',
  title: 'MoSR',
  requiredKeys: ['gblocks.0.weight', 'gblocks.1.fc1.weight', 'gblocks.1.conv.weight', 'shortcut.conv11.weight'],

  recognise: (state) =>
    state.has('gblocks.1.fc1.weight') && state.has('gblocks.1.conv.weight') && state.has('shortcut.conv11.weight')
      ? state
      : undefined,

  plan(state) {
    const tail = tailOf(state);
    const scale = Math.sqrt(axis(state, TAIL_KEYS[tail], 0) / SAMPLES_PER_PIXEL[tail]);
    if (axis(state, 'gblocks.0.weight', 1) !== 3 || !Number.isInteger(scale)) {
      throw unsupported(`The MoSR network enlarges ${scale} times; upreel runs those from RGB to RGB.`);
    }
    return {
      features: axis(state, 'gblocks.0.weight', 0),
      scale,
      tail,
      seen: axis(state, 'gblocks.1.conv.weight', 0),
      blocks: countConsecutive(state, (index) => `gblocks.${index}.fc1.weight`, 1),
    };
  },

  summarise: ({ features, blocks, tail }) => `${features} feat, ${blocks} blocks, ${tail}`,

  build({ blocks, scale, seen, tail }, state) {
    const layers = new ProgramLayers(state);
    const input = layers.input(3);
    let value = layers.conv(input, 'gblocks.0');
    for (let index = 1; index <= blocks; index++) value = gatedBlock(layers, value, `gblocks.${index}`, seen);
    value = layers.activate(layers.conv(value, `gblocks.${blocks + 1}`), 'mish');
    value = layers.activate(layers.conv(value, `gblocks.${blocks + 3}`), 'mish');
    value = layers.conv(value, `gblocks.${blocks + 5}`);
    const made = layers.plus(layers.add(value, shortcut(layers, input)), -HALF);
    return layers.finish(enlarge(layers, made, tail, scale), scale, 1);
  },
});

/** Features are kept about zero. */
const HALF = 0.5;

const TAIL_KEYS: Record<MosrPlan['tail'], string> = {
  PixelShuffle: 'upsampler.0.weight',
  DySample: 'upsampler.offset.weight',
  GeoEnsemblePixelShuffle: 'upsampler.in_to_k.weight',
};

/**
 * How many numbers these convolutions make for each pixel of the result: colours; x and y of 4 groups; 8 times colours.
 */
const SAMPLES_PER_PIXEL: Record<MosrPlan['tail'], number> = {
  PixelShuffle: 3,
  DySample: 8,
  GeoEnsemblePixelShuffle: 24,
};

function tailOf(state: StateDict): MosrPlan['tail'] {
  if (state.has('upsampler.init_pos')) return 'DySample';
  return state.has('upsampler.in_to_k.weight') ? 'GeoEnsemblePixelShuffle' : 'PixelShuffle';
}

function gatedBlock(layers: ProgramLayers, input: Planes, name: string, seen: number): Planes {
  const wide = layers.conv(layers.layerNormPlanes(input, `${name}.norm`, 1e-6), `${name}.fc1`);
  const hidden = wide.channels / 2;
  const gate = layers.activate(layers.channels(wide, 0, hidden), 'mish');
  const far = layers.conv(layers.channels(wide, wide.channels - seen, wide.channels), `${name}.conv`, { groups: seen });
  const near = hidden - seen;
  const joined = near === 0 ? far : layers.concat([layers.channels(wide, hidden, hidden + near), far]);
  const made = layers.activate(layers.conv(layers.multiply(gate, joined), `${name}.fc2`), 'mish');
  return layers.plus(layers.add(made, input), -HALF);
}

function shortcut(layers: ProgramLayers, input: Planes): Planes {
  const first = layers.activate(layers.conv(input, 'shortcut.block.0'), 'mish');
  const second = layers.activate(layers.conv(first, 'shortcut.block.2'), 'mish');
  return layers.add(second, layers.conv(input, 'shortcut.conv11'));
}

function enlarge(layers: ProgramLayers, planes: Planes, tail: MosrPlan['tail'], scale: number): Planes {
  switch (tail) {
    case 'PixelShuffle':
      return layers.pixelShuffle(layers.conv(planes, 'upsampler.0'), scale);
    case 'DySample':
      return dySample(layers, planes, 'upsampler', scale);
    case 'GeoEnsemblePixelShuffle': {
      const made = SAMPLES_PER_PIXEL[tail] * scale ** 2;
      const weight = layers.weight('upsampler.in_to_k.weight', [made, planes.channels, null, null]);
      const bias = layers.weight('upsampler.in_to_k.bias', [made]);
      return layers.pixelShuffle(layers.convolved(planes, meanOfEight(weight), meanOfEight(bias)), scale);
    }
  }
}

/** The mean of eight pictures that a convolution makes, one behind the other, as one convolution. */
function meanOfEight({ shape, data }: Tensor): Tensor {
  const [length = 0, ...others] = shape;
  const part = data.length / 8;
  const mean = Float32Array.from({ length: part }, (_, index) => {
    let sum = 0;
    for (let picture = 0; picture < 8; picture++) sum += data[picture * part + index]!;
    return sum / 8;
  });
  return tensor([length / 8, ...others], mean);
}

import { attendChannels } from '../program/attention.ts';
import { normedConvolution } from '../program/batch-norm.ts';
import { gatedMlp } from '../program/mlp.ts';
import type { Pixels, Planes, Tokens } from '../program/program-builder.ts';
import type { ProgramLayers } from '../program/program-layers.ts';
import { rectangleAttention } from '../program/rectangle-attention.ts';
import { splitQkv } from '../program/swin-attention.ts';
import { defineArchitecture } from './architecture.ts';
import {
  buildRectangles,
  planRectangles,
  type RectangleBlock,
  type RectanglePlan,
  summariseRectangles,
} from './rectangle-groups.ts';

/**
 * DAT (Dual Aggregation Transformer, Chen et al. 2023; DAT, DAT-S, DAT-2, DAT-light): blocks that attend in turn within
 * rectangular windows, one half of the channels in upright ones and the other in lying ones, and between channels. A
 * depthwise convolution runs beside either, and each weighs the other.
 */
export const dat = defineArchitecture<RectanglePlan>({
  architecture: 'dat',
  title: 'DAT',
  requiredKeys: [
    'conv_first.weight',
    'before_RG.1.weight',
    'layers.0.blocks.0.attn.attns.0.rpe_biases',
    'layers.0.blocks.0.ffn.sg.norm.weight',
  ],

  recognise: (state) =>
    state.has('before_RG.1.weight') && state.has('layers.0.blocks.0.ffn.sg.norm.weight') ? state : undefined,

  plan: (state) => planRectangles(state, 'DAT'),

  summarise: summariseRectangles,

  build: (plan, state) =>
    buildRectangles(state, plan, (layers, value, name, at) => {
      const normed = layers.layerNorm(value, `${name}.norm1`);
      const attend = at.isLocal ? spatialAttention : channelAttention;
      const sum = layers.add(value, attend(layers, normed, `${name}.attn`, at));
      return layers.add(sum, gatedMlp(layers, layers.layerNorm(sum, `${name}.norm2`), `${name}.ffn`));
    }),
});

function spatialAttention(layers: ProgramLayers, input: Pixels, name: string, at: RectangleBlock): Pixels {
  const qkv = layers.linear(input, `${name}.qkv`, 3 * input.channels);
  const attended = layers.toPlanes(rectangleAttention(layers, qkv, name, at));
  const beside = convolvedValues(layers, splitQkv(layers, qkv)[2], name);
  const perChannel = channelWeights(layers, beside, name);
  const perPlace = placeWeights(layers, attended, name);
  return project(layers, layers.add(layers.multiply(attended, perChannel), layers.multiply(beside, perPlace)), name);
}

function channelAttention(layers: ProgramLayers, input: Pixels, name: string, { heads }: RectangleBlock): Pixels {
  const [q, k, v] = splitQkv(layers, layers.linear(input, `${name}.qkv`, 3 * input.channels));
  // Windows of one place, compared across all of them.
  const token = (pixels: Pixels): Tokens => ({ ...pixels, layout: 'tokens' });
  const shape = { heads, tokens: 1, temperature: `${name}.temperature`, across: true };
  const made = attendChannels(layers, token(q), token(k), token(v), shape);
  const attended = layers.toPlanes({ ...made, layout: 'pixels' });
  const beside = convolvedValues(layers, v, name);
  const perChannel = channelWeights(layers, attended, name);
  const perPlace = placeWeights(layers, beside, name);
  return project(layers, layers.add(layers.multiply(attended, perPlace), layers.multiply(beside, perChannel)), name);
}

function convolvedValues(layers: ProgramLayers, values: Pixels, name: string): Planes {
  const planes = layers.toPlanes(values);
  const options = { groups: values.channels };
  return layers.activate(normedConvolution(layers, planes, `${name}.dwconv.0`, `${name}.dwconv.1`, options), 'gelu');
}

function channelWeights(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return weights(layers, layers.globalMean(planes), `${name}.channel_interaction`, 1);
}

function placeWeights(layers: ProgramLayers, planes: Planes, name: string): Planes {
  return weights(layers, planes, `${name}.spatial_interaction`, 0);
}

/** @param first number of the first of its layers */
function weights(layers: ProgramLayers, planes: Planes, name: string, first: number): Planes {
  const narrow = normedConvolution(layers, planes, `${name}.${first}`, `${name}.${first + 1}`);
  return layers.activate(layers.conv(layers.activate(narrow, 'gelu'), `${name}.${first + 3}`), 'sigmoid');
}

function project(layers: ProgramLayers, planes: Planes, name: string): Pixels {
  return layers.linear(layers.toPixels(planes), `${name}.proj`);
}

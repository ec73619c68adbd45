import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { mergedConv3xc } from './conv3xc.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { onRange, whiteFromBiases } from './sample-range.ts';
import { weightSpatially } from './spatial-attention.ts';

interface RlfnPlan {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  readonly colours: ColourChannels;
  readonly white: 1 | 255;
  /** Convolutions of several parts, and SiLU. */
  readonly isDipnet: boolean;
}

/**
 * RLFN: blocks of three convolutions and attention over places; also DIPNet (slim), the same with SPAN's convolutions
 * and SiLU.
 */
export const rlfn = defineArchitecture<RlfnPlan>({
  architecture: 'rlfn',
  title: 'RLFN',
  requiredKeys: ['block_1.c1_r.weight', 'block_1.c5.weight', 'block_1.esa.conv1.weight', 'conv_2.weight'],

  recognise: (state) =>
    state.has('block_1.esa.conv1.weight') && state.has('block_1.c5.weight') && state.has('conv_2.weight')
      ? state
      : undefined,

  plan(state) {
    const isDipnet = !state.has('block_1.c1_r.weight');
    // Beside the parts of its training form, too, DIPNet has the merged convolution.
    const part = isDipnet ? '.eval_conv' : '';
    const taken = axis(state, `conv_1${part}.weight`, 1);
    const made = axis(state, `upsampler.0${part}.weight`, 0);
    const scale = Math.sqrt(made / taken);
    if (!Number.isInteger(scale)) {
      throw unsupported(`The RLFN network makes ${made} channels of ${taken}, which is no whole scale.`);
    }
    return {
      features: axis(state, 'conv_2.weight', 0),
      blocks: countConsecutive(state, (index) => `block_${index}.c5.weight`, 1),
      scale,
      colours: checkColours('RLFN', taken, taken),
      white: isDipnet ? 1 : whiteFromBiases(state, 'conv_1'),
      isDipnet,
    };
  },

  summarise: ({ features, blocks, white, isDipnet }) =>
    `${features} feat, ${blocks} blocks, on 0..${white}${isDipnet ? ', DIPNet' : ''}`,

  build({ blocks, scale, colours, white, isDipnet }, state) {
    const graph = new Layers(state);
    const conv = (value: Value, name: string): Value => {
      if (!isDipnet) return graph.named(value, name);
      const { weight, bias } = mergedConv3xc(state, name);
      return graph.conv(value, weight, bias, name);
    };
    const activated = (value: Value) => (isDipnet ? graph.unary(value, 'silu') : graph.leakyRelu(value, SLOPE));
    const block = (input: Value, name: string): Value => {
      let value = input;
      for (const layer of ['c1_r', 'c2_r', 'c3_r']) value = activated(conv(value, `${name}.${layer}`));
      return weightSpatially(graph, state, graph.named(graph.add(value, input), `${name}.c5`), `${name}.esa`);
    };
    const layers = (picture: Value): Value => {
      const first = conv(picture, 'conv_1');
      let value = first;
      for (let index = 1; index <= blocks; index++) value = block(value, `block_${index}`);
      value = graph.add(graph.named(value, 'conv_2'), first);
      return graph.pixelShuffle(conv(value, 'upsampler.0'), scale);
    };
    return graph.finish(onRange(graph, white, graph.input(colours), layers));
  },
});

const SLOPE = 0.05;

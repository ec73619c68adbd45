import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { mergedConv3xc } from './conv3xc.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface SpanfPlan {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  readonly colours: ColourChannels;
}

/**
 * SPANF (NTIRE 2025): SPAN's blocks, the first of which widens the picture and has no attention; the picture enlarged
 * by a convolution of its own (`conv_near`) joins the first and the last before PixelShuffle.
 */
export const spanf = defineArchitecture<SpanfPlan>({
  architecture: 'spanf',
  title: 'SPANF',
  requiredKeys: ['conv_near.weight', 'block_1.c1_r.eval_conv.weight', 'conv_cat.weight', 'conv_2.eval_conv.weight'],

  recognise: (state) =>
    state.has('conv_near.weight') && state.has('conv_cat.weight') && state.has('conv_2.eval_conv.weight')
      ? state
      : undefined,

  plan(state) {
    const made = axis(state, 'conv_near.weight', 0);
    const end = axis(state, 'conv_2.eval_conv.weight', 0);
    const taken = axis(state, 'block_1.c1_r.eval_conv.weight', 1);
    const scale = Math.sqrt(made / taken);
    if (!Number.isInteger(scale) || made !== end) {
      throw unsupported(`The SPANF network makes ${made} and ${end} channels of ${taken}, which is no whole scale.`);
    }
    return {
      features: axis(state, 'conv_cat.weight', 0),
      blocks: countConsecutive(state, (index) => `block_${index}.c1_r.eval_conv.weight`, 1),
      scale,
      colours: checkColours('SPANF', taken, taken),
    };
  },

  summarise: ({ features, blocks }) => `${features} feat, ${blocks} blocks`,

  build({ blocks, scale, colours }, state) {
    const graph = new Layers(state);
    const conv3xc = (value: Value, name: string): Value => {
      const { weight, bias } = mergedConv3xc(state, name);
      return graph.conv(value, weight, bias, name);
    };
    const third = (value: Value, name: string): Value => {
      const inner = graph.unary(conv3xc(value, `${name}.c1_r`), 'silu');
      return conv3xc(graph.unary(conv3xc(inner, `${name}.c2_r`), 'silu'), `${name}.c3_r`);
    };
    const input = graph.input(colours);
    const first = third(input, 'block_1');
    let value = first;
    for (let index = 2; index <= blocks; index++) {
      const made = third(value, `block_${index}`);
      const attention = graph.affine(graph.unary(made, 'sigmoid'), [1], [-0.5]);
      value = graph.multiply(graph.add(made, value), attention);
    }
    const near = graph.grouped(input, 'conv_near', colours);
    const joined = graph.named(graph.concat([near, value, first], 'conv_cat'), 'conv_cat');
    return graph.finish(graph.pixelShuffle(conv3xc(joined, 'conv_2'), scale));
  },
});

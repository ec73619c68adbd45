import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { mergedConv3xc } from './conv3xc.ts';
import { axis } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface SpanPlan {
  readonly features: number;
  readonly scale: number;
  /** Whether the mean of DIV2K is taken off and the range is stretched to 255. */
  readonly normalised: boolean;
}

/**
 * SPAN (Swift Parameter-free Attention Network): six blocks of three convolutions whose output is weighted by its own
 * sigmoid, four of the values joined, PixelShuffle.
 */
export const span = defineArchitecture<SpanPlan>({
  architecture: 'span',
  title: 'SPAN',
  requiredKeys: ['conv_1.eval_conv.weight', 'block_1.c1_r.eval_conv.weight', 'conv_cat.weight', 'upsampler.0.weight'],

  recognise(state) {
    const has = (name: string) => state.has(`${name}.eval_conv.weight`) || state.has(`${name}.conv.0.weight`);
    return has('conv_1') && has('block_1.c1_r') && state.has('conv_cat.weight') ? state : undefined;
  },

  plan(state) {
    const made = axis(state, 'upsampler.0.weight', 0);
    const scale = Math.sqrt(made / 3);
    const first = state.has('conv_1.sk.weight') ? 'conv_1.sk.weight' : 'conv_1.eval_conv.weight';
    if (axis(state, first, 1) !== 3 || !Number.isInteger(scale)) {
      throw unsupported(
        `The SPAN network takes ${axis(state, first, 1)} channels and makes ${made}; upreel runs those from RGB to RGB.`,
      );
    }
    state.ignore('no_norm');
    return { features: axis(state, first, 0), scale, normalised: !state.has('no_norm') };
  },

  summarise: ({ features, normalised }) => `${features} feat${normalised ? '' : ', no norm'}`,

  build({ scale, normalised }, state) {
    const graph = new Layers(state);
    const conv3xc = (value: Value, name: string): Value => {
      const { weight, bias } = mergedConv3xc(state, name);
      return graph.conv(value, weight, bias, name);
    };
    const block = (value: Value, name: string): { made: Value; inner: Value } => {
      const inner = graph.unary(conv3xc(value, `${name}.c1_r`), 'silu');
      const third = conv3xc(graph.unary(conv3xc(inner, `${name}.c2_r`), 'silu'), `${name}.c3_r`);
      const attention = graph.affine(graph.unary(third, 'sigmoid'), [1], [-0.5]);
      return { made: graph.multiply(graph.add(third, value), attention), inner };
    };

    const input = graph.input(3);
    const ranged = normalised
      ? graph.affine(
          input,
          [255],
          DIV2K_MEAN.map((mean) => -255 * mean),
        )
      : input;
    const first = conv3xc(ranged, 'conv_1');
    const one = block(first, 'block_1').made;
    const five = ['block_2', 'block_3', 'block_4', 'block_5'].reduce((value, name) => block(value, name).made, one);
    // The authors' activation works in place: what block 6 hands out beside its result has been activated.
    const six = block(five, 'block_6');
    const joined = graph.concat([first, conv3xc(six.made, 'conv_2'), one, six.inner], 'conv_cat');
    return graph.finish(graph.pixelShuffle(graph.named(graph.named(joined, 'conv_cat'), 'upsampler.0'), scale));
  },
});

const DIV2K_MEAN = [0.4488, 0.4371, 0.404];

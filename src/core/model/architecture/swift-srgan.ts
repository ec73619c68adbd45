import type { Value } from '../graph/graph.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface SwiftSrganPlan {
  readonly features: number;
  readonly blocks: number;
  readonly doublings: number;
  readonly colours: ColourChannels;
}

/** Swift-SRGAN: SRGAN's generator with each convolution parted into one per channel and one of 1x1. */
export const swiftSrgan = defineArchitecture<SwiftSrganPlan>({
  architecture: 'swift-srgan',
  title: 'Swift-SRGAN',
  requiredKeys: [
    'initial.cnn.depthwise.weight',
    'residual.0.block1.cnn.depthwise.weight',
    'upsampler.0.conv.depthwise.weight',
    'final_conv.pointwise.weight',
  ],

  recognise: (state) =>
    state.has('initial.cnn.depthwise.weight') && state.has('final_conv.pointwise.weight') ? state : undefined,

  plan(state) {
    const taken = axis(state, 'initial.cnn.depthwise.weight', 0);
    return {
      features: axis(state, 'initial.cnn.pointwise.weight', 0),
      blocks: countConsecutive(state, (index) => `residual.${index}.block1.cnn.depthwise.weight`),
      doublings: countConsecutive(state, (index) => `upsampler.${index}.conv.depthwise.weight`),
      colours: checkColours('Swift-SRGAN', taken, axis(state, 'final_conv.pointwise.weight', 0)),
    };
  },

  summarise: ({ features, blocks }) => `${features} feat, ${blocks} blocks`,

  build({ blocks, doublings, colours }, state) {
    // Every block makes a PReLU; the second of each pair and the last one leave it out.
    for (const key of state.keys) if (/^(residual\.\d+\.block2|convblock)\.act\./.test(key)) state.ignore(key);
    const graph = new Layers(state);
    const separable = (value: Value, name: string, norm = '') =>
      graph.normed(graph.grouped(value, `${name}.depthwise`, graph.shapeOf(value).channels), `${name}.pointwise`, norm);
    const first = graph.prelu(separable(graph.input(colours), 'initial.cnn'), 'initial.act');
    let value = first;
    for (let block = 0; block < blocks; block++) {
      const [one, two] = [`residual.${block}.block1`, `residual.${block}.block2`];
      const inner = graph.prelu(separable(value, `${one}.cnn`, `${one}.bn`), `${one}.act`);
      value = graph.add(separable(inner, `${two}.cnn`, `${two}.bn`), value);
    }
    value = graph.add(separable(value, 'convblock.cnn', 'convblock.bn'), first);
    for (let doubling = 0; doubling < doublings; doubling++) {
      const shuffled = graph.pixelShuffle(separable(value, `upsampler.${doubling}.conv`), 2);
      value = graph.prelu(shuffled, `upsampler.${doubling}.act`);
    }
    return graph.finish(graph.affine(graph.unary(separable(value, 'final_conv'), 'tanh'), [0.5], [0.5]));
  },
});

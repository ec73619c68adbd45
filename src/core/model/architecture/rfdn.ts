import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { onRange, whiteFromBiases } from './sample-range.ts';
import { weightSpatially } from './spatial-attention.ts';

interface RfdnPlan {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  readonly colours: ColourChannels;
  readonly white: 1 | 255;
}

/** RFDN: IMDN with convolutions of 1x1 in place of the parting of channels, and attention over places. */
export const rfdn = defineArchitecture<RfdnPlan>({
  architecture: 'rfdn',
  title: 'RFDN',
  requiredKeys: ['fea_conv.weight', 'B1.c1_d.weight', 'B1.c1_r.weight', 'B1.esa.conv_max.weight', 'LR_conv.weight'],

  recognise: (state) => (state.has('B1.c1_d.weight') && state.has('B1.esa.conv_max.weight') ? state : undefined),

  plan(state) {
    const taken = axis(state, 'fea_conv.weight', 1);
    const made = axis(state, 'upsampler.0.weight', 0);
    const scale = Math.sqrt(made / taken);
    if (!Number.isInteger(scale)) {
      throw unsupported(`The RFDN network makes ${made} channels of ${taken}, which is no whole scale.`);
    }
    return {
      features: axis(state, 'fea_conv.weight', 0),
      blocks: countConsecutive(state, (index) => `B${index}.c1_d.weight`, 1),
      scale,
      colours: checkColours('RFDN', taken, taken),
      white: whiteFromBiases(state, 'fea_conv'),
    };
  },

  summarise: ({ features, blocks, white }) => `${features} feat, ${blocks} blocks, on 0..${white}`,

  build({ blocks, scale, colours, white }, state) {
    const graph = new Layers(state);
    const activated = (value: Value, name: string) => graph.leakyRelu(graph.named(value, name), SLOPE);
    const block = (input: Value, name: string): Value => {
      const aside: Value[] = [];
      let value = input;
      for (const layer of ['c1', 'c2', 'c3']) {
        aside.push(activated(value, `${name}.${layer}_d`));
        value = graph.leakyRelu(graph.add(graph.named(value, `${name}.${layer}_r`), value), SLOPE);
      }
      const joined = graph.concat([...aside, activated(value, `${name}.c4`)], name);
      return weightSpatially(graph, state, graph.named(joined, `${name}.c5`), `${name}.esa`);
    };
    const layers = (picture: Value): Value => {
      const first = graph.named(picture, 'fea_conv');
      const made: Value[] = [];
      for (let index = 1; index <= blocks; index++) made.push(block(made.at(-1) ?? first, `B${index}`));
      const value = graph.add(graph.named(activated(graph.concat(made, 'c.0'), 'c.0'), 'LR_conv'), first);
      return graph.pixelShuffle(graph.named(value, 'upsampler.0'), scale);
    };
    return graph.finish(onRange(graph, white, graph.input(colours), layers));
  },
});

const SLOPE = 0.05;

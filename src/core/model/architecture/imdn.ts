import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface ImdnPlan {
  readonly features: number;
  readonly blocks: number;
  readonly scale: number;
  readonly colours: ColourChannels;
}

/**
 * IMDN: blocks that set a quarter of the channels aside after each convolution, join what they set aside, and weigh it
 * by its mean and deviation over the whole picture.
 */
export const imdn = defineArchitecture<ImdnPlan>({
  architecture: 'imdn',
  title: 'IMDN',
  requiredKeys: ['fea_conv.weight', 'IMDB1.c1.weight', 'IMDB1.cca.conv_du.0.weight', 'LR_conv.weight'],

  recognise: (state) =>
    state.has('IMDB1.cca.conv_du.0.weight') && state.has('upsampler.0.weight') ? state : undefined,

  plan(state) {
    if (!state.has('fea_conv.weight')) {
      throw unsupported('This is IMDN_AS, which makes the picture smaller first; upreel runs IMDN itself.');
    }
    const taken = axis(state, 'fea_conv.weight', 1);
    const made = axis(state, 'upsampler.0.weight', 0);
    const scale = Math.sqrt(made / taken);
    if (!Number.isInteger(scale)) {
      throw unsupported(`The IMDN network makes ${made} channels of ${taken}, which is no whole scale.`);
    }
    return {
      features: axis(state, 'fea_conv.weight', 0),
      blocks: countConsecutive(state, (index) => `IMDB${index}.c1.weight`, 1),
      scale,
      colours: checkColours('IMDN', taken, taken),
    };
  },

  summarise: ({ features, blocks }) => `${features} feat, ${blocks} blocks`,

  build({ features, blocks, scale, colours }, state) {
    const graph = new Layers(state);
    const block = (input: Value, name: string): Value => {
      const aside: Value[] = [];
      let rest = input;
      for (const layer of ['c1', 'c2', 'c3']) {
        const made = graph.leakyRelu(graph.named(rest, `${name}.${layer}`), SLOPE);
        const kept = Math.floor(features / 4);
        aside.push(graph.channels(made, 0, kept));
        rest = graph.channels(made, kept, features);
      }
      const joined = graph.concat([...aside, graph.named(rest, `${name}.c4`)], name);
      return graph.add(graph.named(weighted(graph, joined, `${name}.cca.conv_du`), `${name}.c5`), input);
    };
    const first = graph.named(graph.input(colours), 'fea_conv');
    const made: Value[] = [];
    for (let index = 1; index <= blocks; index++) made.push(block(made.at(-1) ?? first, `IMDB${index}`));
    const joined = graph.leakyRelu(graph.named(graph.concat(made, 'c.0'), 'c.0'), SLOPE);
    const value = graph.add(graph.named(joined, 'LR_conv'), first);
    return graph.finish(graph.pixelShuffle(graph.named(value, 'upsampler.0'), scale));
  },
});

/** Each channel times a factor that follows from the means and the deviations of all. */
function weighted(graph: Layers, value: Value, name: string): Value {
  const mean = graph.globalMean(value);
  const difference = graph.subtract(value, mean);
  const deviation = graph.unary(graph.globalMean(graph.multiply(difference, difference)), 'sqrt');
  const squeezed = graph.unary(graph.named(graph.add(deviation, mean), `${name}.0`), 'relu');
  return graph.multiply(value, graph.unary(graph.named(squeezed, `${name}.2`), 'sigmoid'));
}

const SLOPE = 0.05;

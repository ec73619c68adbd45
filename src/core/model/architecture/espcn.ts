import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { unsupported } from '../refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { onLimitedLuma } from './luma-range.ts';

interface EspcnPlan {
  readonly convolutions: number;
  readonly colours: ColourChannels;
  readonly scale: number;
}

/**
 * ESPCN: convolutions at the input's size, then PixelShuffle, on luma or RGB. The remakes of the paper have three with
 * tanh between them, on luma of limited range; torch's own example and its like have four with ReLU, on luma of full
 * range.
 */
export const espcn = defineArchitecture<EspcnPlan>({
  architecture: 'espcn',
  title: 'ESPCN',
  requiredKeys: ['conv1.weight', 'conv2.weight', 'conv3.weight'],

  recognise(state) {
    const named = SEQUENCES.some((key) => state.has(key)) ? state.renamed(fromSequences) : state;
    const layers = countConsecutive(named, (index) => `conv${index}.weight`, 1);
    const isAll = named.keys.every((key) => /^conv[1-4]\.(weight|bias)$/.test(key));
    return isAll && layers === (named === state ? 4 : 3) ? named : undefined;
  },

  plan(state: StateDict) {
    const convolutions = countConsecutive(state, (index) => `conv${index}.weight`, 1);
    const taken = axis(state, 'conv1.weight', 1);
    const made = axis(state, `conv${convolutions}.weight`, 0);
    const scale = Math.sqrt(made / taken);
    if (!Number.isInteger(scale)) {
      throw unsupported(`The ESPCN network makes ${made} channels of ${taken}, which is no whole scale.`);
    }
    return { convolutions, colours: checkColours('ESPCN', taken, taken), scale };
  },

  summarise: ({ convolutions, colours }) => `${convolutions} conv, on ${colours === 1 ? 'luma' : 'RGB'}`,

  build({ convolutions, colours, scale }, state) {
    const graph = new Layers(state);
    const isOfPaper = convolutions === 3;
    const layers = (input: Value): Value => {
      let value = graph.named(input, 'conv1');
      for (let index = 2; index <= convolutions; index++) {
        value = graph.named(graph.unary(value, isOfPaper ? 'tanh' : 'relu'), `conv${index}`);
      }
      return graph.pixelShuffle(value, scale);
    };
    const input = graph.input(colours);
    return graph.finish(isOfPaper && colours === 1 ? onLimitedLuma(graph, input, layers) : layers(input));
  },
});

const SEQUENCES = ['last_part.0.weight', 'sub_pixel.0.weight'];

function fromSequences(key: string): string {
  return key
    .replace(/^(first_part|feature_maps)\.0\./, 'conv1.')
    .replace(/^(first_part|feature_maps)\.2\./, 'conv2.')
    .replace(/^(last_part|sub_pixel)\.0\./, 'conv3.');
}

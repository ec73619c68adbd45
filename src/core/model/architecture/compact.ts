import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';

interface CompactPlan {
  readonly features: number;
  /** Convolutions between the first and the last. */
  readonly convolutions: number;
  readonly scale: number;
  readonly colours: ColourChannels;
}

/**
 * SRVGGNetCompact (Real-ESRGAN's small networks): convolutions and PReLU at the input's size in one list `body`, then
 * PixelShuffle, plus the input enlarged by repetition.
 */
export const compact = defineArchitecture<CompactPlan>({
  architecture: 'compact',
  title: 'Compact (SRVGGNetCompact)',
  requiredKeys: ['body.0.weight', 'body.1.weight', 'body.2.weight', 'body.0.bias'],

  recognise(state) {
    const isChain =
      state.shape('body.0.weight')?.length === 4 &&
      state.shape('body.1.weight')?.length === 1 &&
      state.shape('body.2.weight')?.length === 4;
    return isChain ? state : undefined;
  },

  plan(state) {
    const layers = countConsecutive(state, (index) => `body.${index}.weight`);
    const channels = axis(state, `body.${layers - 1}.weight`, 0);
    const taken = axis(state, 'body.0.weight', 1);
    const scale = Math.sqrt(channels / taken);
    if (!Number.isInteger(scale) || layers % 2 === 0) {
      throw unsupported(
        `The Compact network takes ${taken} channels and makes ${channels} in ${layers} layers; upreel runs those from RGB to RGB.`,
      );
    }
    const colours = checkColours('Compact', taken, taken);
    return { features: axis(state, 'body.0.weight', 0), convolutions: (layers - 3) / 2, scale, colours };
  },

  summarise: ({ features, convolutions }) => `${features} feat, ${convolutions} conv`,

  build({ convolutions, scale, colours }, state) {
    const graph = new Layers(state);
    const input = graph.input(colours);
    const last = 2 * convolutions + 2;
    let value = graph.named(input, 'body.0');
    for (let index = 2; index <= last; index += 2) {
      const slope = state.tensor(`body.${index - 1}.weight`, 1);
      value = graph.named(graph.append({ op: 'prelu', input: value, slope }, `body.${index - 1}`), `body.${index}`);
    }
    return graph.finish(graph.add(graph.pixelShuffle(value, scale), graph.nearest(input, scale)));
  },
});

import type { StateDict } from '../checkpoint/state-dict.ts';
import type { UnaryKind, Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { type ColourChannels, checkColours } from './colour-channels.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { onLimitedLuma } from './luma-range.ts';

interface EspcnPlan {
  readonly convolutions: number;
  readonly activation: UnaryKind;
  /** Luma of limited range. */
  readonly isLimited: boolean;
  readonly endsInSigmoid: boolean;
  readonly colours: ColourChannels;
  readonly scale: number;
}

/**
 * ESPCN: convolutions at the input's size, then PixelShuffle, on luma or RGB. Remakes with sequences have three, with
 * tanh between them, on luma of limited range. Those named `conv1` to `conv3` are the same on luma of full range, with
 * a sigmoid at the end (leftthomas), and `conv1` to `conv4` have ReLU (torch's own example).
 */
export const espcn = defineArchitecture<EspcnPlan>({
  architecture: 'espcn',
  title: 'ESPCN',
  requiredKeys: ['conv1.weight', 'conv2.weight', 'conv3.weight'],

  recognise(state) {
    const named = SEQUENCES.some((key) => state.has(key)) ? state.renamed(fromSequences) : state;
    const layers = countLayers(named);
    const isAll = named.keys.every((key) => /^conv[1-4]\.(weight|bias)$/.test(key));
    const [made, taken] = [named.shape(`conv${layers}.weight`)?.[0] ?? 0, named.shape('conv1.weight')?.[1] ?? 0];
    // SRCNN has the same names, and makes as many channels as it takes.
    return isAll && layers >= 3 && made > taken ? named : undefined;
  },

  plan(state) {
    const convolutions = countLayers(state);
    const isSequence = state.nameInFile('conv1.weight').includes('.0.');
    const taken = axis(state, 'conv1.weight', 1);
    const made = axis(state, `conv${convolutions}.weight`, 0);
    const scale = Math.sqrt(made / taken);
    if (!Number.isInteger(scale)) {
      throw unsupported(`The ESPCN network makes ${made} channels of ${taken}, which is no whole scale.`);
    }
    return {
      convolutions,
      activation: convolutions === 3 ? 'tanh' : 'relu',
      isLimited: isSequence && taken === 1,
      endsInSigmoid: convolutions === 3 && !isSequence,
      colours: checkColours('ESPCN', taken, taken),
      scale,
    };
  },

  summarise: ({ convolutions, colours }) => `${convolutions} conv, on ${colours === 1 ? 'luma' : 'RGB'}`,

  build({ convolutions, activation, isLimited, endsInSigmoid, colours, scale }, state) {
    const graph = new Layers(state);
    const layers = (input: Value): Value => {
      let value = graph.named(input, 'conv1');
      for (let index = 2; index <= convolutions; index++) {
        value = graph.named(graph.unary(value, activation), `conv${index}`);
      }
      return graph.pixelShuffle(endsInSigmoid ? graph.unary(value, 'sigmoid') : value, scale);
    };
    const input = graph.input(colours);
    return graph.finish(isLimited ? onLimitedLuma(graph, input, layers) : layers(input));
  },
});

const SEQUENCES = ['last_part.0.weight', 'sub_pixel.0.weight'];

function countLayers(state: StateDict): number {
  return countConsecutive(state, (index) => `conv${index}.weight`, 1);
}

function fromSequences(key: string): string {
  return key
    .replace(/^(first_part|feature_maps)\.0\./, 'conv1.')
    .replace(/^(first_part|feature_maps)\.2\./, 'conv2.')
    .replace(/^(last_part|sub_pixel)\.0\./, 'conv3.');
}

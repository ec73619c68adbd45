import { GraphBuilder } from '../graph/graph-builder.ts';
import { unsupported } from '../refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';

interface CompactPlan {
  readonly features: number;
  /** Convolutions between the first and the last. */
  readonly convolutions: number;
  readonly scale: number;
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
    const scale = Math.sqrt(channels / 3);
    if (axis(state, 'body.0.weight', 1) !== 3 || !Number.isInteger(scale) || layers % 2 === 0) {
      throw unsupported(
        `The Compact network takes ${axis(state, 'body.0.weight', 1)} channels and makes ${channels} in ${layers} layers; upreel runs those from RGB to RGB.`,
      );
    }
    return { features: axis(state, 'body.0.weight', 0), convolutions: (layers - 3) / 2, scale };
  },

  summarise: ({ features, convolutions }) => `${features} feat, ${convolutions} conv`,

  build({ convolutions, scale }, state) {
    const graph = new GraphBuilder();
    const input = graph.input(3);
    let value = input;
    const last = 2 * convolutions + 2;
    for (let index = 0; index <= last; index += 2) {
      const name = `body.${index}`;
      value = graph.conv(value, state.tensor(`${name}.weight`, 4), state.optional(`${name}.bias`, 1), name);
      if (index === last) break;
      const slope = state.tensor(`body.${index + 1}.weight`, 1);
      value = graph.append({ op: 'prelu', input: value, slope }, `body.${index + 1}`);
    }
    const detail = graph.append({ op: 'pixel-shuffle', input: value, factor: scale, order: 'crd' }, 'upsampler');
    const base = graph.append({ op: 'resize', input, mode: 'nearest', scale }, 'enlarged input');
    return graph.finish(graph.add(detail, base));
  },
});

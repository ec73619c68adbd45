import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { withMean, withoutMean } from './mean-shift.ts';
import { upsamplerFactors } from './upsampler.ts';

interface RcanPlan {
  readonly features: number;
  readonly groups: number;
  readonly blocks: number;
  readonly factors: readonly number[];
  /** Pixel-unshuffle of the input: 1 is none. */
  readonly unshuffle: number;
  readonly normalised: boolean;
}

/**
 * RCAN: groups of residual blocks whose channels are weighted by their means over the whole picture. The names are
 * BasicSR's or the authors' own (`head`, `body`, `tail`); these with their mean as weights, or, as others train them,
 * without it and on 0..1.
 */
export const rcan = defineArchitecture<RcanPlan>({
  architecture: 'rcan',
  title: 'RCAN',
  requiredKeys: ['conv_first.weight', 'body.0.residual_group.0.rcab.0.weight', 'conv_last.weight'],

  recognise(state) {
    if (state.has('body.0.residual_group.0.rcab.3.attention.1.weight')) return state;
    return state.has('body.0.body.0.body.3.conv_du.0.weight') && state.has('tail.1.weight')
      ? state.renamed(fromAuthors(state))
      : undefined;
  },

  plan(state) {
    const [taken, made] = [axis(state, 'conv_first.weight', 1), axis(state, 'conv_last.weight', 0)];
    const unshuffle = Math.sqrt(taken / 3);
    if (made !== 3 || ![1, 2, 4].includes(unshuffle)) {
      throw unsupported(
        `The RCAN network takes ${taken} channels and makes ${made}; upreel runs those from RGB to RGB.`,
      );
    }
    const isAuthors = state.nameInFile('conv_last.weight') !== 'conv_last.weight';
    return {
      features: axis(state, 'conv_first.weight', 0),
      groups: countConsecutive(state, (index) => `body.${index}.conv.weight`),
      blocks: countConsecutive(state, (index) => `body.0.residual_group.${index}.rcab.0.weight`),
      factors: upsamplerFactors(state, 'upsample'),
      unshuffle,
      normalised: !isAuthors || state.has('sub_mean.weight'),
    };
  },

  summarise: ({ features, groups, blocks, unshuffle, normalised }) =>
    [
      `${features} feat`,
      `${groups} groups of ${blocks} blocks`,
      ...(unshuffle > 1 ? [`pixel-unshuffle ${unshuffle}`] : []),
      ...(normalised ? [] : ['no norm']),
    ].join(', '),

  build({ groups, blocks, factors, unshuffle, normalised }, state) {
    const graph = new Layers(state);
    const block = (value: Value, name: string): Value => {
      const inner = graph.unary(graph.named(value, `${name}.0`), 'relu');
      const made = graph.named(inner, `${name}.2`);
      const squeezed = graph.unary(graph.named(graph.globalMean(made), `${name}.3.attention.1`), 'relu');
      const weights = graph.unary(graph.named(squeezed, `${name}.3.attention.3`), 'sigmoid');
      return graph.add(value, graph.multiply(made, weights));
    };
    const input = normalised ? withoutMean(graph, state) : graph.input(3);
    const first = graph.named(graph.pixelUnshuffle(input, unshuffle), 'conv_first');
    let value = first;
    for (let group = 0; group < groups; group++) {
      let inner = value;
      for (let index = 0; index < blocks; index++) inner = block(inner, `body.${group}.residual_group.${index}.rcab`);
      value = graph.add(value, graph.named(inner, `body.${group}.conv`));
    }
    value = graph.add(first, graph.named(value, 'conv_after_body'));
    const made = graph.named(graph.upsampled(value, 'upsample', factors), 'conv_last');
    return graph.finish(normalised ? withMean(graph, state, made) : made);
  },
});

/** In a group and in the body, the convolution after the last block counts on. */
function fromAuthors(state: StateDict): (key: string) => string {
  const groups = countConsecutive(state, (index) => `body.${index}.body.0.body.0.weight`);
  return (key) =>
    key
      .replace(/^head\.[01]\./, 'conv_first.')
      .replace(/^body\.(\d+)\.body\.(\d+)\.body\.3\.conv_du\.0\./, 'body.$1.residual_group.$2.rcab.3.attention.1.')
      .replace(/^body\.(\d+)\.body\.(\d+)\.body\.3\.conv_du\.2\./, 'body.$1.residual_group.$2.rcab.3.attention.3.')
      .replace(/^body\.(\d+)\.body\.(\d+)\.body\.([02])\./, 'body.$1.residual_group.$2.rcab.$3.')
      .replace(/^body\.(\d+)\.body\.\d+\.(weight|bias)$/, 'body.$1.conv.$2')
      .replace(new RegExp(`^body\\.${groups}\\.(weight|bias)$`), 'conv_after_body.$1')
      .replace(/^tail\.0\./, 'upsample.')
      .replace(/^tail\.1\./, 'conv_last.');
}

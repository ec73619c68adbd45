import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { withMean, withoutMean } from './mean-shift.ts';
import { upsamplerFactors } from './upsampler.ts';

interface EdsrPlan {
  readonly features: number;
  readonly blocks: number;
  readonly factors: readonly number[];
  readonly residualScale: number;
}

/**
 * EDSR, baseline and full, under BasicSR's names or the authors' own (`head`, `body`, `tail`). The factor of its
 * residual blocks is not in the file: it is 0.1 for the full network (256 features) and 1 for the baseline.
 */
export const edsr = defineArchitecture<EdsrPlan>({
  architecture: 'edsr',
  title: 'EDSR',
  requiredKeys: [
    'conv_first.weight',
    'body.0.conv1.weight',
    'conv_after_body.weight',
    'upsample.0.weight',
    'conv_last.weight',
  ],

  recognise(state) {
    const renamed =
      state.has('head.0.weight') && state.has('body.0.body.0.weight') ? state.renamed(fromAuthors) : state;
    return renamed.has('body.0.conv1.weight') && renamed.has('conv_after_body.weight') ? renamed : undefined;
  },

  plan(state) {
    const features = axis(state, 'conv_first.weight', 0);
    const made = axis(state, 'conv_last.weight', 0);
    const taken = axis(state, 'conv_first.weight', 1);
    if (taken !== 3 || made !== 3) {
      throw unsupported(
        `The EDSR network takes ${taken} channels and makes ${made}; upreel runs those from RGB to RGB.`,
      );
    }
    return {
      features,
      blocks: countConsecutive(state, (index) => `body.${index}.conv1.weight`),
      factors: upsamplerFactors(state, 'upsample'),
      residualScale: features >= 256 ? 0.1 : 1,
    };
  },

  summarise: ({ features, blocks, residualScale }) =>
    `${features} feat, ${blocks} blocks, residuals x ${residualScale}`,

  build({ blocks, factors, residualScale }, state) {
    const graph = new Layers(state);
    const first = graph.named(withoutMean(graph, state), 'conv_first');
    let value = first;
    for (let block = 0; block < blocks; block++) {
      const inner = graph.unary(graph.named(value, `body.${block}.conv1`), 'relu');
      const residual = graph.named(inner, `body.${block}.conv2`);
      value = graph.add(value, residualScale === 1 ? residual : graph.times(residual, residualScale));
    }
    value = graph.add(first, graph.named(value, 'conv_after_body'));
    value = graph.upsampled(value, 'upsample', factors);
    return graph.finish(withMean(graph, state, graph.named(value, 'conv_last')));
  },
});

function fromAuthors(key: string): string {
  return key
    .replace(/^head\.0\./, 'conv_first.')
    .replace(/^body\.(\d+)\.body\.0\./, 'body.$1.conv1.')
    .replace(/^body\.(\d+)\.body\.2\./, 'body.$1.conv2.')
    .replace(/^body\.\d+\.(weight|bias)$/, 'conv_after_body.$1')
    .replace(/^tail\.0\./, 'upsample.')
    .replace(/^tail\.1\./, 'conv_last.');
}

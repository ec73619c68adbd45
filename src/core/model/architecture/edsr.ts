import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { unsupported } from '../refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';

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
    const ups = countConsecutive(state, (index) => `upsample.${2 * index}.weight`);
    const factors = Array.from({ length: ups }, (_, index) =>
      Math.sqrt(axis(state, `upsample.${2 * index}.weight`, 0) / features),
    );
    if (axis(state, 'conv_first.weight', 1) !== 3 || made !== 3 || !factors.every(Number.isInteger)) {
      throw unsupported(
        `The EDSR network makes ${made} channels by ${factors.join(' x ')}; upreel runs those from RGB to RGB.`,
      );
    }
    return {
      features,
      blocks: countConsecutive(state, (index) => `body.${index}.conv1.weight`),
      factors,
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
    factors.forEach((factor, index) => {
      value = graph.pixelShuffle(graph.named(value, `upsample.${2 * index}`), factor);
    });
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

/** The networks work on 0..255 with the mean of DIV2K taken off; the authors store that as a convolution. */
function withoutMean(graph: Layers, state: StateDict): Value {
  const input = graph.input(3);
  if (state.has('sub_mean.weight')) return graph.named(graph.times(input, 255), 'sub_mean');
  return graph.affine(
    input,
    [255],
    DIV2K_MEAN.map((mean) => -255 * mean),
  );
}

function withMean(graph: Layers, state: StateDict, value: Value): Value {
  if (state.has('add_mean.weight')) return graph.times(graph.named(value, 'add_mean'), 1 / 255);
  return graph.affine(value, [1 / 255], DIV2K_MEAN);
}

const DIV2K_MEAN = [0.4488, 0.4371, 0.404];

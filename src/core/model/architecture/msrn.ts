import type { Value } from '../graph/graph.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { withMean, withoutMean } from './mean-shift.ts';
import { upsamplerFactors } from './upsampler.ts';

interface MsrnPlan {
  readonly features: number;
  readonly blocks: number;
  readonly factors: readonly number[];
}

/** MSRN: blocks that look with kernels of 3 and 5 side by side; all their results are joined before the enlargement. */
export const msrn = defineArchitecture<MsrnPlan>({
  architecture: 'msrn',
  title: 'MSRN',
  requiredKeys: ['head.0.weight', 'body.0.conv_3_1.weight', 'body.0.confusion.weight', 'tail.0.weight'],

  recognise: (state) => (state.has('body.0.conv_3_1.weight') && state.has('tail.3.weight') ? state : undefined),

  plan: (state) => ({
    features: axis(state, 'head.0.weight', 0),
    blocks: countConsecutive(state, (index) => `body.${index}.conv_3_1.weight`),
    factors: upsamplerFactors(state, 'tail.2'),
  }),

  summarise: ({ features, blocks }) => `${features} feat, ${blocks} blocks`,

  build({ blocks, factors }, state) {
    const graph = new Layers(state);
    const both = (value: Value, name: string, layer: number): Value => {
      const sizes = [3, 5].map((kernel) => graph.unary(graph.named(value, `${name}.conv_${kernel}_${layer}`), 'relu'));
      return graph.concat(sizes, name);
    };
    const first = graph.named(withoutMean(graph, state), 'head.0');
    let value = first;
    const made: Value[] = [];
    for (let block = 0; block < blocks; block++) {
      const name = `body.${block}`;
      value = graph.add(graph.named(both(both(value, name, 1), name, 2), `${name}.confusion`), value);
      made.push(value);
    }
    const joined = graph.named(graph.named(graph.concat([...made, first], 'tail.0'), 'tail.0'), 'tail.1');
    return graph.finish(withMean(graph, state, graph.named(graph.upsampled(joined, 'tail.2', factors), 'tail.3')));
  },
});

import type { StateDict } from '../checkpoint/state-dict.ts';
import type { Value } from '../graph/graph.ts';
import { unsupported } from '../import/refusal.ts';
import { defineArchitecture } from './architecture.ts';
import { axis, countConsecutive } from './key-shapes.ts';
import { Layers } from './layers.ts';
import { withMean, withoutMean } from './mean-shift.ts';
import { scaleInName } from './scale-from-name.ts';
import { upsamplerFactors } from './upsampler.ts';

interface MdsrPlan {
  readonly features: number;
  readonly blocks: number;
  /** Which of its scales is run, and all of them. */
  readonly branch: number;
  readonly scales: readonly number[];
  readonly factors: readonly number[];
}

/**
 * MDSR: EDSR's trunk with a beginning and an end for each of several scales. The file's name says which to run
 * ("mdsr_x3.pt"); else it is the largest.
 */
export const mdsr = defineArchitecture<MdsrPlan>({
  architecture: 'mdsr',
  title: 'MDSR',
  requiredKeys: ['head.0.weight', 'pre_process.0.0.body.0.weight', 'body.0.body.0.weight', 'upsample.0.0.weight'],

  recognise: (state) => (state.has('pre_process.0.0.body.0.weight') && state.has('head.0.weight') ? state : undefined),

  plan(state, fileName) {
    const branches = countConsecutive(state, (index) => `upsample.${index}.0.weight`);
    const factors = Array.from({ length: branches }, (_, index) => upsamplerFactors(state, `upsample.${index}`));
    const scales = factors.map((each) => each.reduce((product, factor) => product * factor, 1));
    const wanted = scaleInName(fileName) ?? Math.max(...scales);
    const branch = scales.indexOf(wanted);
    if (branch < 0) {
      throw unsupported(
        `The MDSR network enlarges ${scales.join(', ')} times, not ${wanted} times as its name says.`,
        "Put one of its scales into the file's name.",
      );
    }
    return {
      features: axis(state, 'head.0.weight', 0),
      blocks: countConsecutive(state, (index) => `body.${index}.body.0.weight`),
      branch,
      scales,
      factors: factors[branch] ?? [],
    };
  },

  summarise: ({ features, blocks, branch, scales }) =>
    `${features} feat, ${blocks} blocks, x${scales[branch]} of ${scales.join(', ')}`,

  build({ blocks, branch, factors }, state) {
    ignoreOthers(state, branch);
    const graph = new Layers(state);
    const residual = (value: Value, name: string) =>
      graph.add(graph.named(graph.unary(graph.named(value, `${name}.body.0`), 'relu'), `${name}.body.2`), value);
    const head = graph.named(withoutMean(graph, state), 'head.0');
    const first = residual(residual(head, `pre_process.${branch}.0`), `pre_process.${branch}.1`);
    let value = first;
    for (let block = 0; block < blocks; block++) value = residual(value, `body.${block}`);
    value = graph.add(graph.named(value, `body.${blocks}`), first);
    value = graph.upsampled(value, `upsample.${branch}`, factors);
    return graph.finish(withMean(graph, state, graph.named(value, 'tail.0')));
  },
});

function ignoreOthers(state: StateDict, branch: number): void {
  for (const key of state.keys) {
    const of = /^(?:pre_process|upsample)\.(\d+)\./.exec(key)?.[1];
    if (of !== undefined && Number(of) !== branch) state.ignore(key);
  }
}

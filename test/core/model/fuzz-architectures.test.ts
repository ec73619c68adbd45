import { describe, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { StateDict } from '../../../src/core/model/checkpoint/state-dict.ts';
import { contentHash } from '../../../src/core/model/graph/content-hash.ts';
import { alignment, receptiveField } from '../../../src/core/model/graph/receptive-field.ts';
import type { Weights } from '../../support/reference-evaluator.ts';
import { expectEachToSurvive, FUZZ_TIMEOUT } from './fuzz.ts';
import { PAPER_NETWORKS } from './paper-facts.ts';
import { mutateWeights } from './writers/mutate-weights.ts';

/** There are many of them: a few each on every run, and all by UPREEL_FUZZ. */
const EACH = Number(process.env.UPREEL_FUZZ ?? 100);

function build(weights: Weights, file: string): void {
  const tensors = [...weights].map(([key, { shape, data }]) => {
    const tensor = { shape, data: Float32Array.from(data) };
    return [key, { shape, type: 'float32', read: () => tensor }] as const;
  });
  const built = buildFromWeights(new StateDict(new Map(tensors)), file);
  if (built.kind === 'program') return;
  const { graph } = built;
  receptiveField(graph);
  alignment(graph);
  contentHash([graph.nodes, graph.output]);
}

describe('a network that does not fit gives a graph or an UpreelError, quickly and in little memory', () => {
  it.each(PAPER_NETWORKS.map((network) => [network.file, network.weights] as const))(
    '%s',
    (file, weights) => expectEachToSurvive(weights, mutateWeights, (damaged) => build(damaged, file), EACH),
    FUZZ_TIMEOUT,
  );
});

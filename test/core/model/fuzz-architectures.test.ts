import { describe, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { StateDict } from '../../../src/core/model/checkpoint/state-dict.ts';
import type { ElementType } from '../../../src/core/model/checkpoint/stored-tensor.ts';
import { describeNetwork } from '../../../src/core/model/import/import-network.ts';
import { expectEachToSurvive, FUZZ_TIMEOUT } from './fuzz.ts';
import { PAPER_NETWORKS } from './paper-facts.ts';
import { RGB8 } from './run-network.ts';
import { SMALL_NETWORKS, SMALL_VARIANTS } from './small-networks.ts';
import { mutateWeights } from './writers/mutate-weights.ts';
import type { RandomAttention } from './writers/random-attention.ts';

/** There are many of them: a few each on every run, and all by UPREEL_FUZZ. */
const EACH = Number(process.env.UPREEL_FUZZ ?? 60);

interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
  /** Default: float32. */
  readonly type?: ElementType;
}

type Checkpoint = ReadonlyMap<string, Stored>;

/** As far as an import goes. */
function importWhole(checkpoint: Checkpoint, file: string): void {
  const tensors = [...checkpoint].map(([key, { shape, data, type = 'float32' }]) => {
    const values = type === 'int8' ? Float32Array.from(Uint8Array.from(data)) : data;
    return [key, { shape, type, read: () => ({ shape, data: values }) }] as const;
  });
  describeNetwork(buildFromWeights(new StateDict(new Map(tensors)), file), 'n').wrap(RGB8);
}

/** With the whole numbers that lie beside the weights. */
function checkpointOf({ weights, integers }: RandomAttention): Checkpoint {
  const numbers = [...integers].map(([key, { shape, values, isBytes }]) => {
    return [key, { shape, data: Float32Array.from(values), type: isBytes ? 'int8' : 'int64' }] as const;
  });
  return new Map([...copied(weights), ...numbers]);
}

function copied(weights: RandomAttention['weights']): Map<string, Stored> {
  return new Map([...weights].map(([key, { shape, data }]) => [key, { shape, data: Float32Array.from(data) }]));
}

const NETWORKS: readonly (readonly [string, () => Checkpoint])[] = [
  ...PAPER_NETWORKS.map(({ file, weights }) => [file, () => copied(new Map(weights))] as const),
  ...[...SMALL_NETWORKS, ...SMALL_VARIANTS].map(([name, network]) => [name, () => checkpointOf(network)] as const),
];

describe('a network that does not fit gives a network or an UpreelError, quickly and in little memory', () => {
  it.each(NETWORKS)(
    '%s',
    (file, checkpoint) =>
      expectEachToSurvive(checkpoint(), mutateWeights<Stored>, (damaged) => importWhole(damaged, file), EACH),
    FUZZ_TIMEOUT,
  );
});

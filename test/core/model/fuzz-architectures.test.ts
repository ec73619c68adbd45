import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
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

/** As far as an import goes: the network as ONNX. */
function importWhole(checkpoint: Checkpoint, file: string): Uint8Array {
  const tensors = [...checkpoint].map(([key, { shape, data, type = 'float32' }]) => {
    const values = type === 'int8' ? Float32Array.from(Uint8Array.from(data)) : data;
    return [key, { shape, type, read: () => ({ shape, data: values }) }] as const;
  });
  return describeNetwork(buildFromWeights(new StateDict(new Map(tensors)), file), 'n').wrap(RGB8);
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

/**
 * Opened and run, if it is imported: what onnxruntime does not take should have been refused. Whether it was opened.
 */
async function runIfImported(checkpoint: Checkpoint, file: string): Promise<boolean> {
  let network: Uint8Array;
  try {
    network = importWhole(checkpoint, file);
  } catch (error) {
    if (error instanceof UpreelError) return false;
    throw error;
  }
  const session = await InferenceSession.create(network, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    await session.run({
      source: new Tensor('uint8', new Uint8Array(3 * HEIGHT * WIDTH).fill(99), [1, HEIGHT, WIDTH, 3]),
    });
  } finally {
    await session.release();
  }
  return true;
}

/** A picture that fits no windows. */
const [HEIGHT, WIDTH] = [9, 11];

function isOfOtherShape(damaged: Checkpoint, sound: Checkpoint): boolean {
  const shapes = (checkpoint: Checkpoint) => JSON.stringify([...checkpoint].map(([key, { shape }]) => [key, shape]));
  return shapes(damaged) !== shapes(sound);
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

describe('a network of other keys or shapes that is imported all the same runs', () => {
  it.each(NETWORKS)(
    '%s',
    async (file, checkpoint) => {
      const sound = checkpoint();
      let opened = 0;
      for (let seed = 0; seed < EACH && opened < EACH / 60; seed++) {
        const damaged = mutateWeights<Stored>(sound, seed);
        if (!isOfOtherShape(damaged, sound)) continue;
        const isRun = await runIfImported(damaged, file).catch((error: unknown) => {
          throw new Error(`seed ${seed} is imported and does not run: ${String(error)}`, { cause: error });
        });
        if (isRun) opened++;
      }
      expect(opened).toBeGreaterThan(0);
    },
    FUZZ_TIMEOUT,
  );
});

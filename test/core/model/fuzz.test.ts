import { describe, expect, it } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import type { Graph } from '../../../src/core/model/graph/graph.ts';
import { alignment, receptiveField } from '../../../src/core/model/graph/receptive-field.ts';
import { importNcnn } from '../../../src/core/model/ncnn/import-ncnn.ts';
import { encodeElements } from './writers/element-bytes.ts';
import { mutate } from './writers/mutate.ts';
import { writeNcnnCompact, writeNcnnRrdb } from './writers/ncnn-writer.ts';
import { randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { pickleStateDict, writeTorchLegacy, writeTorchZip } from './writers/torch-writer.ts';
import { writeZip } from './writers/zip-writer.ts';

/** More by UPREEL_FUZZ=20000. */
const MUTATIONS = Number(process.env.UPREEL_FUZZ ?? 2000);
const COMPACT = randomCompact(4, 1, 2, 1);
const RRDB = randomRrdb({ features: 2, growth: 2, blocks: 1, doublings: 1 }, 1);
const NCNN = writeNcnnCompact(COMPACT, 2, true);
const NCNN_RRDB = writeNcnnRrdb(RRDB, false);

const fromCheckpoint = (bytes: Uint8Array) => buildFromWeights(readCheckpoint(bytes), 'n_x2.pth').graph;

/** Checksums keep most damage to a zip from its pickle: here the zip is made after the damage. */
function withPickle(pickle: Uint8Array): Uint8Array {
  const storages = [...COMPACT.values()].map(({ data }, index) => {
    return { name: `archive/data/${index}`, content: encodeElements(data, 'float32') };
  });
  return writeZip([{ name: 'archive/data.pkl', content: pickle }, ...storages]);
}

describe('a damaged file gives a network or an UpreelError, quickly', () => {
  it.each<[string, Uint8Array, (bytes: Uint8Array) => Graph]>([
    ['torch zip, stored', writeTorchZip(COMPACT, { torchStyle: true }), fromCheckpoint],
    ['torch zip, DEFLATEd', writeTorchZip(RRDB, { deflate: true, wrapper: 'params' }), fromCheckpoint],
    ['a pickle in a sound zip', pickleStateDict(COMPACT, {}), (bytes) => fromCheckpoint(withPickle(bytes))],
    ['torch legacy', writeTorchLegacy(COMPACT, { wrapper: 'params_ema' }), fromCheckpoint],
    ['safetensors', writeSafetensors(RRDB, 'float16'), fromCheckpoint],
    ['ncnn .param', Buffer.from(NCNN.param), (bytes) => importNcnn(bytes, NCNN.bin)],
    ['ncnn .param of RRDB', Buffer.from(NCNN_RRDB.param), (bytes) => importNcnn(bytes, NCNN_RRDB.bin)],
    ['ncnn .bin', NCNN.bin, (bytes) => importNcnn(Buffer.from(NCNN.param), bytes)],
  ])(
    '%s',
    (_name, original, read) => {
      expect(() => read(original)).not.toThrow();
      let refusals = 0;
      let slowestMs = 0;
      for (let seed = 0; seed < MUTATIONS; seed++) {
        const damaged = mutate(original, seed);
        const start = performance.now();
        try {
          const graph = read(damaged);
          receptiveField(graph);
          alignment(graph);
        } catch (error) {
          if (!(error instanceof UpreelError) || !['model-refused', 'model-unsupported'].includes(error.code)) {
            throw new Error(`seed ${seed} gave ${String(error)}`, { cause: error });
          }
          refusals++;
        }
        slowestMs = Math.max(slowestMs, performance.now() - start);
      }
      expect(slowestMs).toBeLessThan(1000);
      expect(refusals).toBeGreaterThan(MUTATIONS / 10);
    },
    600_000,
  );
});

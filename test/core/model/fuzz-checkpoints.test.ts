import { describe, it } from 'vitest';
import { buildFromWeights } from '../../../src/core/model/architecture/detect.ts';
import { readCheckpoint } from '../../../src/core/model/checkpoint/read-checkpoint.ts';
import { alignment, receptiveField } from '../../../src/core/model/graph/receptive-field.ts';
import { emitBare } from '../../../src/core/model/onnx/wrap-network.ts';
import { coreOfProgram } from '../../../src/core/model/program/program.ts';
import { expectToSurvive, FUZZ_TIMEOUT } from './fuzz.ts';
import { encodeElements } from './writers/element-bytes.ts';
import { type PlksrShape, randomPlksr } from './writers/random-attention.ts';
import { randomCompact, randomRrdb } from './writers/random-networks.ts';
import { writeSafetensors } from './writers/safetensors-writer.ts';
import { pickleStateDict, writeTorchLegacy, writeTorchZip } from './writers/torch-writer.ts';
import { writeZip } from './writers/zip-writer.ts';

const COMPACT = randomCompact(4, 1, 2, 1);
const RRDB = randomRrdb({ features: 2, growth: 2, blocks: 1, doublings: 1 }, 1);

const PLKSR: PlksrShape = { features: 4, blocks: 1, scale: 1, real: true, norm: 'layer', tail: 'DySample' };

function readNetwork(bytes: Uint8Array): void {
  const network = buildFromWeights(readCheckpoint(bytes), 'n_x2.pth');
  if (network.kind === 'program') return void emitBare(coreOfProgram(network.program));
  receptiveField(network.graph);
  alignment(network.graph);
}

/** Checksums keep most damage to a zip from its pickle: here the zip is made after the damage. */
function withPickle(pickle: Uint8Array): Uint8Array {
  const storages = [...COMPACT.values()].map(({ data }, index) => {
    return { name: `archive/data/${index}`, content: encodeElements(data, 'float32') };
  });
  return writeZip([{ name: 'archive/data.pkl', content: pickle }, ...storages]);
}

describe('a damaged checkpoint gives a network or an UpreelError, quickly and in little memory', () => {
  it.each<[string, Uint8Array, (bytes: Uint8Array) => void]>([
    ['torch zip, stored', writeTorchZip(COMPACT, { torchStyle: true }), readNetwork],
    ['torch zip, DEFLATEd', writeTorchZip(RRDB, { deflate: true, wrapper: 'params' }), readNetwork],
    ['a pickle in a sound zip', pickleStateDict(COMPACT, {}), (bytes) => readNetwork(withPickle(bytes))],
    ['torch legacy', writeTorchLegacy(COMPACT, { wrapper: 'params_ema' }), readNetwork],
    ['safetensors', writeSafetensors(RRDB, 'float16'), readNetwork],
    ['a program', writeSafetensors(randomPlksr(PLKSR, 1).weights), readNetwork],
  ])('%s', (_name, original, read) => expectToSurvive(original, read), FUZZ_TIMEOUT);
});

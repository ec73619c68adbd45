import { describe, it } from 'vitest';
import { alignment, receptiveField } from '../../../src/core/model/graph/receptive-field.ts';
import { importNcnn } from '../../../src/core/model/ncnn/import-ncnn.ts';
import { coreOfForeign } from '../../../src/core/model/onnx/foreign-core.ts';
import { readForeignModel } from '../../../src/core/model/onnx/read-foreign.ts';
import { translateForeign } from '../../../src/core/model/onnx/translate-foreign.ts';
import { emitBare } from '../../../src/core/model/onnx/wrap-network.ts';
import { expectToSurvive, FUZZ_TIMEOUT } from './fuzz.ts';
import { randomCunet, writeNcnnCunet } from './writers/ncnn-cunet-writer.ts';
import { writeNcnnCompact, writeNcnnRrdb } from './writers/ncnn-writer.ts';
import { writeOnnxCompact } from './writers/onnx-writer.ts';
import { randomCompact, randomRrdb } from './writers/random-networks.ts';

const COMPACT = randomCompact(4, 1, 2, 1);
const NCNN = writeNcnnCompact(COMPACT, 2, true);
const NCNN_RRDB = writeNcnnRrdb(randomRrdb({ features: 2, growth: 2, blocks: 1, doublings: 1 }, 1), false);
const NCNN_CUNET = writeNcnnCunet(randomCunet(2, false, 1), 'real-cugan');

function readNcnn(param: Uint8Array, bin: Uint8Array): void {
  const graph = importNcnn(param, bin);
  receptiveField(graph);
  alignment(graph);
}

function readOnnx(bytes: Uint8Array): void {
  const model = readForeignModel(bytes);
  const graph = translateForeign(model, 3, 'nchw');
  if (graph !== undefined) receptiveField(graph);
  // As it is, it is only written anew here; onnxruntime gets it in a process of its own.
  else
    emitBare(
      coreOfForeign(
        model,
        {
          channels: 3,
          layout: 'nchw',
          samples: { white: 255, black: 0, order: 'bgr' },
          fixedPx: null,
          enlargeFirst: 1,
        },
        2,
      ),
    );
}

function onnx(half: boolean, isStrange: boolean): Uint8Array {
  const strange = isStrange ? 'Neg' : 'Identity';
  const file = writeOnnxCompact(COMPACT, { elements: half ? 'float16' : 'float32' }, undefined, (it, value) =>
    it.node(strange, [value]),
  );
  return file.finish(file.output);
}

describe('a damaged graph gives a network or an UpreelError, quickly and in little memory', () => {
  it.each<[string, Uint8Array, (bytes: Uint8Array) => void]>([
    ['ncnn .param', Buffer.from(NCNN.param), (bytes) => readNcnn(bytes, NCNN.bin)],
    ['ncnn .param of RRDB', Buffer.from(NCNN_RRDB.param), (bytes) => readNcnn(bytes, NCNN_RRDB.bin)],
    ['ncnn .param of CUNet', Buffer.from(NCNN_CUNET.param), (bytes) => readNcnn(bytes, NCNN_CUNET.bin)],
    ['ncnn .bin', NCNN.bin, (bytes) => readNcnn(Buffer.from(NCNN.param), bytes)],
    ['ONNX that is understood', onnx(false, false), readOnnx],
    ['ONNX that is run as it is', onnx(true, true), readOnnx],
  ])('%s', (_name, original, read) => expectToSurvive(original, read), FUZZ_TIMEOUT);
});

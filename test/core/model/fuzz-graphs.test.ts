import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import { describe, it } from 'vitest';
import { alignment, receptiveField } from '../../../src/core/model/graph/receptive-field.ts';
import { importNcnn } from '../../../src/core/model/ncnn/import-ncnn.ts';
import { externalFiles } from '../../../src/core/model/onnx/external-data.ts';
import { coreOfForeign } from '../../../src/core/model/onnx/foreign-core.ts';
import { readForeignModel } from '../../../src/core/model/onnx/read-foreign.ts';
import { translateForeign } from '../../../src/core/model/onnx/translate-foreign.ts';
import { widenBfloat16 } from '../../../src/core/model/onnx/widen-bfloat16.ts';
import { emitBare } from '../../../src/core/model/onnx/wrap-network.ts';
import { expectToSurvive, FUZZ_TIMEOUT } from './fuzz.ts';
import { randomCunet, writeNcnnCunet } from './writers/ncnn-cunet-writer.ts';
import { writeNcnnCompact, writeNcnnRrdb } from './writers/ncnn-writer.ts';
import { encodeModel, writeOnnxCompact } from './writers/onnx-writer.ts';
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
  externalFiles(bytes);
  const model = widenBfloat16(readForeignModel(bytes));
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

function onnx(elements: 'float16' | 'bfloat16', isStrange: boolean): Uint8Array {
  const strange = isStrange ? 'Neg' : 'Identity';
  const file = writeOnnxCompact(COMPACT, { elements }, undefined, (it, value) => it.node(strange, [value]));
  return file.finish(file.output);
}

/** Its first weight is said to be in a file beside it. */
function externalOnnx(): Uint8Array {
  const file = writeOnnxCompact(COMPACT);
  const model = file.model(file.output);
  const entries = { location: 'weights.bin', offset: '16', length: '432' };
  Object.assign(model.graph!.initializer[0]!, {
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    ...{ dataLocation: 1, rawData: new Uint8Array() },
  });
  return encodeModel(model);
}

describe('a damaged graph gives a network or an UpreelError, quickly and in little memory', () => {
  it.each<[string, Uint8Array, (bytes: Uint8Array) => void]>([
    ['ncnn .param', Buffer.from(NCNN.param), (bytes) => readNcnn(bytes, NCNN.bin)],
    ['ncnn .param of RRDB', Buffer.from(NCNN_RRDB.param), (bytes) => readNcnn(bytes, NCNN_RRDB.bin)],
    ['ncnn .param of CUNet', Buffer.from(NCNN_CUNET.param), (bytes) => readNcnn(bytes, NCNN_CUNET.bin)],
    ['ncnn .bin', NCNN.bin, (bytes) => readNcnn(Buffer.from(NCNN.param), bytes)],
    ['ONNX with weights in another file', externalOnnx(), (bytes) => void externalFiles(bytes)],
    ['ONNX that is understood', onnx('float16', false), readOnnx],
    ['ONNX that is run as it is', onnx('bfloat16', true), readOnnx],
  ])('%s', (_name, original, read) => expectToSurvive(original, read), FUZZ_TIMEOUT);
});

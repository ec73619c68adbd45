import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  FunctionProtoSchema,
  GraphProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
} from 'onnx-buf';
import { describe, it } from 'vitest';
import { readForeignModel } from '../../../../src/core/model/onnx/read-foreign.ts';
import { expectRefusal } from '../refusals.ts';
import { encodeModel, ForeignOnnx } from '../writers/onnx-writer.ts';

type Model = ReturnType<ForeignOnnx['model']>;

/** A sound network of one convolution, changed by the test. */
function changed(change: (model: Model) => unknown): Uint8Array {
  const onnx = new ForeignOnnx();
  const weight = onnx.floats({ shape: [3, 3, 1, 1], data: new Float32Array(9) });
  const model = onnx.model(onnx.node('Conv', ['input', weight]));
  change(model);
  return encodeModel(model);
}

function withNode(opType: string, settings: Parameters<ForeignOnnx['node']>[2] = {}, domain = ''): Uint8Array {
  const onnx = new ForeignOnnx();
  return onnx.finish(onnx.node(opType, ['input'], settings, domain));
}

const weightOf = (model: Model) => model.graph!.initializer[0]!;

function reshape(model: Model, ...dims: bigint[]): void {
  weightOf(model).dims = dims;
}

const ELSEWHERE = create(StringStringEntryProtoSchema, { key: 'location', value: '/etc/passwd' });
const SUBGRAPH = { type: AttributeProto_AttributeType.GRAPH, g: create(GraphProtoSchema) };
const FLAT = create(TypeProtoSchema, { value: { case: 'tensorType', value: create(TypeProto_TensorSchema) } });

describe('readForeignModel', () => {
  it('reads a sound network', () => {
    readForeignModel(changed(() => {}));
  });

  it.each<[string, RegExp, (model: Model) => unknown]>([
    ['external data', /external data/, (model) => Object.assign(weightOf(model), { externalData: [ELSEWHERE] })],
    ['data said to be elsewhere', /external data/, (model) => Object.assign(weightOf(model), { dataLocation: 1 })],
    ['absurd dimensions', /dimensions \[1000000, 1000000\]/, (model) => reshape(model, 1_000_000n, 1_000_000n)],
    ['negative dimensions', /whole number/, (model) => reshape(model, -1n, 9n)],
    ['too many dimensions', /more than 8/, (model) => reshape(model, ...new Array<bigint>(9).fill(1n))],
    ['fewer bytes than elements', /36 bytes for 18 elements/, (model) => reshape(model, 18n)],
    ['values given twice', /values twice/, (model) => Object.assign(weightOf(model), { floatData: [1, 2] })],
    ['a weight given twice', /two tensors for/, (model) => model.graph!.initializer.push(weightOf(model))],
    ['a layer that reads what is made later', /reads "later"/, (model) => model.graph!.node[0]!.input.push('later')],
    ['a layer that makes its own input', /made twice/, (model) => model.graph!.node[0]!.output.push('input')],
    [
      'an output that nothing makes',
      /by no layer/,
      (model) => Object.assign(model.graph!.output[0]!, { name: 'none' }),
    ],
    ['a name as long as a book', /name of 9999 bytes/, (model) => model.graph!.node[0]!.input.push('x'.repeat(9999))],
    ['no graph', /no graph/, (model) => delete model.graph],
  ])('refuses %s', (_, reason, change) => {
    expectRefusal(() => readForeignModel(changed(change)), reason);
  });

  it.each<[string, RegExp, () => Uint8Array]>([
    [
      'functions',
      /functions of its own/,
      () => changed(({ functions }) => functions.push(create(FunctionProtoSchema))),
    ],
    ['training', /training graph/, () => changed((it) => it.trainingInfo.push(create(TrainingInfoProtoSchema)))],
    [
      'sparse weights',
      /sparse/,
      () => changed((it) => it.graph!.sparseInitializer.push(create(SparseTensorProtoSchema))),
    ],
    ['a custom domain', /Blur of the domain com\.example/, () => withNode('Blur', {}, 'com.example')],
    ['control flow', /uses If/, () => withNode('If')],
    ['a loop', /uses Loop/, () => withNode('Loop')],
    ['chance', /uses RandomNormalLike/, () => withNode('RandomNormalLike')],
    ['a graph inside a layer', /graph inside a layer/, () => withNode('Custom', { body: { message: SUBGRAPH } })],
    ['two inputs', /2 inputs \(input, input\)/, () => changed(({ graph }) => graph!.input.push(graph!.input[0]!))],
    ['two outputs', /2 outputs/, () => changed(({ graph }) => graph!.output.push(graph!.output[0]!))],
    ['no output', /0 outputs/, () => changed(({ graph }) => graph!.output.pop())],
    [
      'a flat input',
      /takes 0 dimensions/,
      () => changed(({ graph }) => Object.assign(graph!.input[0]!, { type: FLAT })),
    ],
    ['text', /holds text/, () => changed((it) => Object.assign(weightOf(it), { stringData: [Uint8Array.of(1)] }))],
    ['an unknown element type', /type 99/, () => changed((it) => Object.assign(weightOf(it), { dataType: 99 }))],
    ['an old version', /version 6/, () => changed((it) => Object.assign(it.opsetImport[0]!, { version: 6n }))],
  ])('does not take %s', (_, reason, write) => {
    expectRefusal(() => readForeignModel(write()), reason, 'model-unsupported');
  });

  it.each<[string, RegExp, Uint8Array]>([
    ['text', /protobuf is broken/, Buffer.from('This is not a network.')],
    ['a field that is cut off', /ends inside a field/, changed(() => {}).subarray(0, 60)],
    ['a tag that is cut off', /ends inside a field/, Uint8Array.of(0xba)],
    ['a number without an end', /protobuf is broken/, Uint8Array.of(8, ...new Uint8Array(20).fill(0xff))],
    ['a field without a number', /protobuf is broken/, Uint8Array.of(0, 1)],
    ['a group', /protobuf is broken/, Uint8Array.of(11, 12)],
    ['a length below 0', /ends inside a field/, Uint8Array.of(10, ...new Uint8Array(9).fill(0xff), 1)],
    // 2^32 + 2: it has two bytes.
    ['a length of which 32 bits fit', /ends inside a field/, Uint8Array.of(10, 0x82, 0x80, 0x80, 0x80, 0x10, 0, 0)],
    ['nothing', /./, new Uint8Array()],
    ['more fields than a network has', /more than 500000/, new Uint8Array(1_000_002).map((_, at) => (at % 2 ? 1 : 8))],
  ])('refuses %s', (_, reason, bytes) => {
    expectRefusal(() => readForeignModel(bytes), reason);
  });

  it('does not read half a tensor message for a whole one', () => {
    const tensor = create(TensorProtoSchema, { name: 'w', dims: [2n ** 40n], dataType: 1 });
    expectRefusal(() => readForeignModel(changed((model) => void model.graph!.initializer.push(tensor))), /dimensions/);
  });
});

import { create, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, AttributeProtoSchema, type TensorProto, TensorProtoSchema } from 'onnx-buf';
import type { ForeignAttribute, ForeignModel, ForeignNode, ForeignPort } from './foreign-model.ts';
import { DATA_TYPE, type ForeignTensor } from './foreign-tensor.ts';

/**
 * The network in float32 where it is in bfloat16, which onnxruntime has no arithmetic for on CPUs. No weight changes,
 * and what was rounded to 8 bits between layers is not any more.
 * @throws UpreelError `model-refused` (weights that are no numbers)
 */
export function widenBfloat16(model: ForeignModel): ForeignModel {
  const { input, output, constants, nodes } = model;
  return {
    ...model,
    input: widenPort(input),
    output: widenPort(output),
    constants: new Map([...constants].map(([name, tensor]) => [name, widenTensor(tensor)])),
    nodes: nodes.map(widenNode),
  };
}

function widenPort(port: ForeignPort): ForeignPort {
  return port.type === DATA_TYPE.bfloat16 ? { ...port, type: DATA_TYPE.float } : port;
}

function widenTensor(tensor: ForeignTensor): ForeignTensor {
  if (tensor.type !== DATA_TYPE.bfloat16) return tensor;
  return { ...tensor, type: DATA_TYPE.float, encoded: toBinary(TensorProtoSchema, floatMessage(tensor)) };
}

function floatMessage(tensor: ForeignTensor): TensorProto {
  const { data } = tensor.floats();
  return create(TensorProtoSchema, {
    name: tensor.name,
    dims: tensor.shape.map(BigInt),
    dataType: DATA_TYPE.float,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
}

function widenNode(node: ForeignNode): ForeignNode {
  const widened = [...node.attributes].map(([name, attribute]) => [name, widenAttribute(name, attribute)] as const);
  return widened.every(([name, attribute]) => attribute === node.attributes.get(name))
    ? node
    : { ...node, attributes: new Map(widened) };
}

function widenAttribute(name: string, attribute: ForeignAttribute): ForeignAttribute {
  const { value } = attribute;
  if (value.kind === 'tensor' && value.tensor.type === DATA_TYPE.bfloat16) {
    const message = { name, type: AttributeProto_AttributeType.TENSOR, t: floatMessage(value.tensor) };
    return {
      value: { kind: 'tensor', tensor: widenTensor(value.tensor) },
      encoded: toBinary(AttributeProtoSchema, create(AttributeProtoSchema, message)),
    };
  }
  if (value.kind !== 'integer' || value.integer !== DATA_TYPE.bfloat16 || !NAMES_OF_TYPES.has(name)) return attribute;
  const message = { name, type: AttributeProto_AttributeType.INT, i: BigInt(DATA_TYPE.float) };
  return {
    value: { kind: 'integer', integer: DATA_TYPE.float },
    encoded: toBinary(AttributeProtoSchema, create(AttributeProtoSchema, message)),
  };
}

/** Of Cast; of EyeLike and others; of the normalizations, for what they compute in. */
const NAMES_OF_TYPES: ReadonlySet<string> = new Set(['to', 'dtype', 'stash_type']);

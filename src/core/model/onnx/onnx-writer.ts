import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { encodeFloat16 } from '../checkpoint/floats.ts';
import type { Precision } from '../descriptor.ts';
import { refused } from '../import/refusal.ts';
import { type IndexTensor, type Tensor, tensor } from '../tensor.ts';

export type Attributes = Readonly<Record<string, Attribute>>;
/** A number is written as a float only inside { float }: ONNX tells 1 from 1.0. */
type Attribute = number | string | readonly number[] | { readonly float: number };

/** Number: a fixed dimension. String: a free one, with that name. */
export interface Port {
  readonly name: string;
  readonly type: keyof typeof PORT_TYPES;
  readonly dimensions: readonly (number | string)[];
}

const PORT_TYPES = {
  uint8: TensorProto_DataType.UINT8,
  uint16: TensorProto_DataType.UINT16,
  float: TensorProto_DataType.FLOAT,
} as const;

/** Collects nodes and weights, then encodes them as an ONNX file. */
export class OnnxWriter {
  readonly #nodes: NodeProto[] = [];
  readonly #weights = new Map<Tensor, string>();
  readonly #indices = new Map<IndexTensor, string>();
  readonly #initializers: TensorProto[] = [];
  readonly #precision: Precision;

  /** @param precision of weights and constants */
  constructor(precision: Precision = 'float32') {
    this.#precision = precision;
  }

  /**
   * Adds an operator and returns the name of its first output; '' leaves an optional input out.
   * @param unread outputs that it has to have behind the first
   */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}, output?: string, unread = 0): string {
    const name = output ?? `v${this.#nodes.length}`;
    const attribute = Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value));
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: `n${this.#nodes.length}`,
        opType,
        input: [...inputs],
        output: [name, ...Array.from({ length: unread }, (_, index) => `${name}_${index + 1}`)],
        attribute,
      }),
    );
    return name;
  }

  /**
   * Adds a convolution and returns its output's name. It always gets a bias, be it of zeros: on one without, the WebGPU
   * provider of onnxruntime 1.30 ends the process with a segmentation fault.
   */
  convolution(input: string, weight: Tensor, bias: Tensor | null, attributes: Attributes): string {
    const [channels = 0] = weight.shape;
    const added = bias ?? tensor([channels], new Float32Array(channels));
    return this.node('Conv', [input, this.weight(weight), this.weight(added)], attributes);
  }

  /** Name of an initializer with these weights; the same tensor object is stored once. */
  weight(weight: Tensor): string {
    return this.#store(weight, this.#precision);
  }

  constant(...values: number[]): string {
    return this.weight(constantTensor(values));
  }

  /** The same in float32, whatever the precision of the weights. */
  exact(...values: number[]): string {
    return this.#store(constantTensor(values), 'float32');
  }

  #store(weight: Tensor, precision: Precision): string {
    const known = this.#weights.get(weight);
    if (known !== undefined) return known;
    const name = `w${this.#weights.size}`;
    const { buffer, byteOffset, byteLength } = weight.data;
    const isHalf = precision === 'float16';
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: weight.shape.map(BigInt),
        dataType: isHalf ? TensorProto_DataType.FLOAT16 : TensorProto_DataType.FLOAT,
        rawData: isHalf ? encodeFloat16(weight.data) : new Uint8Array(buffer, byteOffset, byteLength),
      }),
    );
    this.#weights.set(weight, name);
    return name;
  }

  /** Name of an initializer with a vector of whole numbers (int64). */
  integers(...values: number[]): string {
    return this.indices({ shape: [values.length], indices: Int32Array.from(values) });
  }

  /** Name of an initializer with these whole numbers (int64); the same object is stored once. */
  indices(index: IndexTensor): string {
    const known = this.#indices.get(index);
    if (known !== undefined) return known;
    const name = `i${this.#initializers.length}`;
    const rawData = asInt64(index.indices);
    const dims = index.shape.map(BigInt);
    this.#initializers.push(create(TensorProtoSchema, { name, dims, dataType: TensorProto_DataType.INT64, rawData }));
    this.#indices.set(index, name);
    return name;
  }

  /**
   * Adds a node of another file as it is there, under other names.
   * @param attributes AttributeProto messages that have been checked
   */
  foreignNode(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: readonly Uint8Array[],
  ): void {
    const attribute = attributes.map((bytes) => decode(AttributeProtoSchema, bytes));
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: `n${this.#nodes.length}`,
        opType,
        input: [...inputs],
        output: [...outputs],
        attribute,
      }),
    );
  }

  /** Adds a weight of another file as it is there (a TensorProto message that has been checked), under another name. */
  foreignWeight(encoded: Uint8Array, name: string): void {
    this.#initializers.push({ ...decode(TensorProtoSchema, encoded), name });
  }

  /** @param opset version of the standard operators that the nodes are of */
  encode(input: Port, output: Port, opset = 17): Uint8Array<ArrayBuffer> {
    const graph = create(GraphProtoSchema, {
      name: 'upreel',
      node: this.#nodes,
      initializer: this.#initializers,
      input: [encodePort(input)],
      output: [encodePort(output)],
    });
    const model = create(ModelProtoSchema, {
      irVersion: opset > 18 ? 10n : 8n,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
      producerName: 'upreel',
      graph,
    });
    return toBinary(ModelProtoSchema, model);
  }
}

/** Little-endian, without a BigInt for each: tables of attention have millions. */
function asInt64(indices: Int32Array): Uint8Array<ArrayBuffer> {
  const halves = new Int32Array(2 * indices.length);
  for (let i = 0; i < indices.length; i++) {
    const value = indices[i]!;
    halves[2 * i] = value;
    if (value < 0) halves[2 * i + 1] = -1;
  }
  return new Uint8Array(halves.buffer);
}

function constantTensor(values: readonly number[]): Tensor {
  return tensor(values.length === 1 ? [] : [values.length], Float32Array.from(values));
}

/** @throws UpreelError `model-refused` */
function decode<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw refused('a part of it is no valid ONNX.', error);
  }
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    const s = Uint8Array.from(Buffer.from(value));
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if ('float' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
}

function encodePort(port: Port): ValueInfoProto {
  const dim = port.dimensions.map((dimension) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof dimension === 'number'
          ? { case: 'dimValue', value: BigInt(dimension) }
          : { case: 'dimParam', value: dimension },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: PORT_TYPES[port.type],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name: port.name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

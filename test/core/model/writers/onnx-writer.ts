import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Weight, Weights } from '../../../support/reference-evaluator.ts';
import { encodeElements } from './element-bytes.ts';

type Setting = number | string | readonly number[] | { readonly float: number } | { readonly message: object };

interface OnnxShape {
  /** Fixed dimensions are numbers. */
  readonly dimensions?: readonly (number | string)[];
  readonly outputDimensions?: readonly (number | string)[];
  readonly opset?: number;
  /** Of ports and weights. */
  readonly elements?: keyof typeof DATA_TYPES;
  /** Only of the ports, where weights are of another. */
  readonly ports?: keyof typeof DATA_TYPES;
}

const DATA_TYPES = { float32: 1, float16: 10, bfloat16: 16 } as const;

/** Writes ONNX files as the exporters of others do: float ports, weights as initializers. */
export class ForeignOnnx {
  readonly nodes: object[] = [];
  readonly initializers: object[] = [];
  /** Inputs beside `input`. */
  readonly inputs: { name: string; dimensions: readonly (number | string)[]; type: number }[] = [];
  readonly #elements: keyof typeof DATA_TYPES;
  readonly #shape: OnnxShape;

  constructor(shape: OnnxShape = {}) {
    this.#shape = shape;
    this.#elements = shape.elements ?? 'float32';
  }

  node(
    opType: string,
    input: readonly string[],
    settings: Readonly<Record<string, Setting>> = {},
    domain = '',
  ): string {
    const output = `/${opType}_${this.nodes.length}`;
    const attribute = Object.entries(settings).map(([name, value]) => encodeSetting(name, value));
    this.nodes.push(create(NodeProtoSchema, { opType, input: [...input], output: [output], attribute, domain }));
    return output;
  }

  floats(weight: Weight): string {
    const name = `weight.${this.initializers.length}`;
    const rawData = encodeElements(weight.data, this.#elements);
    const dataType = DATA_TYPES[this.#elements];
    this.initializers.push(
      create(TensorProtoSchema, { name, dims: weight.shape.map(BigInt), dataType, rawData: Uint8Array.from(rawData) }),
    );
    return name;
  }

  values(...values: number[]): string {
    const shape = values.length === 1 ? [] : [values.length];
    return this.floats({ shape, data: Float32Array.from(values) });
  }

  /** Always float32, as Resize takes its factors. */
  factors(...values: number[]): string {
    const name = `weight.${this.initializers.length}`;
    const dims = [BigInt(values.length)];
    this.initializers.push(create(TensorProtoSchema, { name, dims, dataType: 1, floatData: values }));
    return name;
  }

  integers(...values: number[]): string {
    const name = `weight.${this.initializers.length}`;
    const dims = [BigInt(values.length)];
    this.initializers.push(create(TensorProtoSchema, { name, dims, dataType: 7, int64Data: values.map(BigInt) }));
    return name;
  }

  /** @param type TensorProto.DataType */
  port(name: string, dimensions: readonly (number | string)[], type: number): string {
    this.inputs.push({ name, dimensions, type });
    return name;
  }

  model(output: string): ReturnType<typeof createModel> {
    return createModel(this, output, this.#shape);
  }

  finish(output: string): Uint8Array<ArrayBuffer> {
    return toBinary(ModelProtoSchema, this.model(output)) as Uint8Array<ArrayBuffer>;
  }
}

function createModel(
  { nodes, initializers, inputs }: ForeignOnnx,
  output: string,
  {
    dimensions = ['n', 3, 'h', 'w'],
    outputDimensions = ['n', 3, 'H', 'W'],
    opset = 17,
    elements = 'float32',
    ports = elements,
  }: OnnxShape,
) {
  const elemType = DATA_TYPES[ports];
  const graph = create(GraphProtoSchema, {
    name: 'main_graph',
    node: nodes as never,
    initializer: initializers as never,
    input: [
      encodePort('input', dimensions, elemType),
      ...inputs.map(({ name, dimensions: sides, type }) => encodePort(name, sides, type)),
    ],
    output: [encodePort(output, outputDimensions, elemType)],
  });
  return create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'pytorch',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    graph,
  });
}

export function encodeModel(model: ReturnType<typeof createModel>): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

/** Compact as torch exports it; `wrap` may put nodes around it. */
export function writeOnnxCompact(
  weights: Weights,
  shape: OnnxShape = {},
  before: (onnx: ForeignOnnx, value: string) => string = (_, value) => value,
  after: (onnx: ForeignOnnx, value: string) => string = (_, value) => value,
): ForeignOnnx & { readonly output: string } {
  const onnx = new ForeignOnnx(shape);
  const input = before(onnx, 'input');
  let value = input;
  let made = 0;
  for (let index = 0; weights.has(`body.${index}.weight`); index++) {
    const weight = weights.get(`body.${index}.weight`)!;
    if (index % 2 === 1) {
      value = onnx.node('PRelu', [value, onnx.floats({ shape: [weight.data.length, 1, 1], data: weight.data })]);
      continue;
    }
    made = weight.shape[0]!;
    const inputs = [value, onnx.floats(weight), onnx.floats(weights.get(`body.${index}.bias`)!)];
    value = onnx.node('Conv', inputs, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1], group: 1 });
  }
  const channels = weights.get('body.0.weight')!.shape[1]!;
  const scale = Math.sqrt(made / channels);
  const shuffled = onnx.node('DepthToSpace', [value], { blocksize: scale, mode: 'CRD' });
  const settings = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  const enlarged = onnx.node('Resize', [input, onnx.factors(), onnx.factors(1, 1, scale, scale)], settings);
  return Object.assign(onnx, { output: after(onnx, onnx.node('Add', [shuffled, enlarged])) });
}

function encodeSetting(name: string, value: Setting) {
  const { FLOAT, INT, INTS, STRING } = AttributeProto_AttributeType;
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: STRING, s: Uint8Array.from(Buffer.from(value)) });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  if ('message' in value) return create(AttributeProtoSchema, { name, ...value.message });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}

function encodePort(name: string, dimensions: readonly (number | string)[], elemType: number) {
  const dim = dimensions.map((it) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof it === 'number' ? { case: 'dimValue', value: BigInt(it) } : { case: 'dimParam', value: it },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

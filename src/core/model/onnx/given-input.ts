import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { encodeFloat16 } from '../checkpoint/floats.ts';
import { refused } from '../import/refusal.ts';
import { elementCount } from '../tensor.ts';
import type { ForeignPort } from './foreign-model.ts';
import { DATA_TYPE, type ForeignTensor, readForeignTensor } from './foreign-tensor.ts';
import { ProtoReader } from './proto-reader.ts';

/** Values for an input of a network, from outside of its file. */
export interface GivenInput {
  readonly sha256: string;
  /** As a constant of the graph. @throws UpreelError `model-refused` if the input takes another type or shape */
  constantFor(port: ForeignPort): ForeignTensor;
}

export type GivenType = keyof typeof ELEMENT_BYTES;

export const ELEMENT_BYTES = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
} as const;

export type GivenValues = { readonly name: string } & (
  | { readonly kind: 'numbers'; readonly values: readonly number[]; readonly shape: readonly number[] | null }
  | {
      readonly kind: 'bytes';
      /** Little-endian, row after row. */
      readonly bytes: Uint8Array;
      readonly shape: readonly number[];
      readonly type: GivenType;
    }
);

export function constantInput(given: GivenValues): GivenInput {
  const hash = createHash('sha256').update(JSON.stringify([given.kind, given.shape]));
  hash.update(given.kind === 'bytes' ? given.bytes : JSON.stringify(given.values));
  return {
    sha256: hash.digest('hex'),
    constantFor(port) {
      const type = typeOf(port);
      if (given.kind === 'bytes' && given.type !== type) {
        throw refused(`its input "${port.name}" takes ${type}, and the file beside it gives ${given.type}.`);
      }
      const shape = shapeFor(port, given);
      const rawData = given.kind === 'bytes' ? given.bytes : encode(given.values, type, port.name);
      const message = {
        name: port.name,
        dims: shape.map(BigInt),
        dataType: port.type,
        rawData: Uint8Array.from(rawData),
      };
      // Read as those of the file are, whose checks it passes through.
      return readForeignTensor(new ProtoReader(), toBinary(TensorProtoSchema, create(TensorProtoSchema, message)));
    },
  };
}

/** TensorProto.DataType */
const TYPES: Readonly<Record<number, GivenType>> = {
  [DATA_TYPE.float]: 'float32',
  [DATA_TYPE.float16]: 'float16',
  [DATA_TYPE.bfloat16]: 'bfloat16',
  [DATA_TYPE.double]: 'float64',
  [DATA_TYPE.int32]: 'int32',
  [DATA_TYPE.int64]: 'int64',
  [DATA_TYPE.uint8]: 'uint8',
  [DATA_TYPE.bool]: 'bool',
};

function typeOf({ name, type }: ForeignPort): GivenType {
  const known = TYPES[type];
  if (known !== undefined) return known;
  throw refused(`its input "${name}" takes elements of type ${type}, which cannot be given.`);
}

/** The given shape, or the input's own, whose one free dimension follows from how many values there are. */
function shapeFor({ name, dimensions }: ForeignPort, given: GivenValues): readonly number[] {
  const count = given.kind === 'numbers' ? given.values.length : elementCount(given.shape);
  const known = elementCount(dimensions.map((it) => it ?? 1));
  const free = dimensions.filter((it) => it === null).length;
  const shape = given.shape ?? dimensions.map((it) => it ?? (free === 1 ? count / known : 1));
  // A network may leave its inputs' shapes out.
  const fits = dimensions.length === 0 || (dimensions.length === shape.length && dimensions.every(fitsAt(shape)));
  if (fits && elementCount(shape) === count) return shape;
  const text = dimensions.map((it) => it ?? '?').join(', ');
  throw refused(
    `its input "${name}" takes [${text}], and the file beside it gives ${count} values${
      given.shape === null ? '' : ` as [${given.shape.join(', ')}]`
    }.`,
  );
}

function fitsAt(shape: readonly number[]): (dimension: number | null, axis: number) => boolean {
  return (dimension, axis) => Number.isInteger(shape[axis]) && (dimension === null || dimension === shape[axis]);
}

function encode(values: readonly number[], type: GivenType, name: string): Uint8Array {
  const whole = type === 'int32' || type === 'int64' || type === 'uint8' || type === 'bool';
  const [low, high] = RANGES[type];
  const wrong = values.find((value) => (whole && !Number.isInteger(value)) || value < low || value > high);
  if (wrong !== undefined) throw refused(`its input "${name}" takes ${type}, which cannot be ${wrong}.`);
  if (type === 'float16') return encodeFloat16(Float32Array.from(values));
  const bytes = new Uint8Array(values.length * ELEMENT_BYTES[type]);
  const view = new DataView(bytes.buffer);
  const set = SETTERS[type];
  for (const [index, value] of values.entries()) set(view, index * ELEMENT_BYTES[type], value);
  return bytes;
}

const RANGES: Readonly<Record<GivenType, readonly [number, number]>> = {
  float32: [-3.4e38, 3.4e38],
  float16: [-65_504, 65_504],
  bfloat16: [-3.38e38, 3.38e38],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint8: [0, 255],
  bool: [0, 1],
};

const SETTERS: Readonly<Record<Exclude<GivenType, 'float16'>, (view: DataView, at: number, value: number) => void>> = {
  float32: (view, at, value) => view.setFloat32(at, value, true),
  // The upper half of a float32.
  bfloat16: (view, at, value) => {
    const single = new DataView(new ArrayBuffer(4));
    single.setFloat32(0, value);
    view.setUint16(at, single.getUint16(0), true);
  },
  float64: (view, at, value) => view.setFloat64(at, value, true),
  int32: (view, at, value) => view.setInt32(at, value, true),
  int64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  uint8: (view, at, value) => view.setUint8(at, value),
  bool: (view, at, value) => view.setUint8(at, value),
};

import { areFinite, decodeBfloat16, decodeFloat16 } from '../checkpoint/floats.ts';
import { checkedShape } from '../checkpoint/stored-tensor.ts';
import { refused, unsupported } from '../import/refusal.ts';
import { elementCount, type Tensor, tensor } from '../tensor.ts';
import { bytesOf, integerOf, type ProtoReader, textOf, unpackIntegers } from './proto-reader.ts';

/** A constant of an ONNX file, not decoded yet. */
export interface ForeignTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** TensorProto.DataType */
  readonly type: number;
  /** The message as it lies in the file. */
  readonly encoded: Uint8Array;
  /** As float32. @throws UpreelError `model-refused`, `model-unsupported` (whole numbers, text) */
  floats(): Tensor;
  /** Of int64, of which there are a few. @throws UpreelError `model-unsupported` (others) */
  integers(): readonly number[];
}

/**
 * @throws UpreelError `model-refused`: external data (see `withExternalData`), absurd dimensions, lengths that do not
 * fit
 */
export function readForeignTensor(reader: ProtoReader, encoded: Uint8Array): ForeignTensor {
  const dims: number[] = [];
  const data = new Map<number, Uint8Array>();
  let [name, type] = ['', 0];
  for (const field of reader.fields(encoded)) {
    switch (field.number) {
      case 1:
        dims.push(...reader.integers(field).slice(0, MAX_DIMENSIONS + 1));
        if (dims.length > MAX_DIMENSIONS) throw refused(`a tensor has more than ${MAX_DIMENSIONS} dimensions.`);
        break;
      case 2:
        type = integerOf(field);
        break;
      case 8:
        name = textOf(field);
        break;
      case 13:
        throw refused(EXTERNAL);
      case 14:
        if (integerOf(field) !== 0) throw refused(EXTERNAL);
        break;
      case 4:
      case 5:
      case 7:
      case 9:
      case 10:
      case 11:
        if (data.has(field.number)) throw refused(`the tensor ${name} has its values in pieces.`);
        data.set(field.number, bytesOf(field));
        break;
      case 3:
      case 6:
        throw unsupported(`The tensor ${name} of the ONNX file holds text or a segment, which upreel does not read.`);
    }
  }
  if (data.size > 1) throw refused(`the tensor ${name} has its values twice.`);
  const shape = checkedShape(dims, `the tensor ${name.slice(0, 80)}`);
  const content = data.size === 0 ? EMPTY : [...data][0]!;
  const count = checkedCount(elementCount(shape), type, content, name);
  return {
    name,
    shape,
    type,
    encoded,
    floats: () => tensor(shape, finite(decodeFloats(type, content, count, name), name)),
    integers: () => decodeIntegers(type, content, count, name),
  };
}

const EXTERNAL = 'a layer has its setting in another file (external data), which upreel does not follow.';
const EMPTY: [number, Uint8Array] = [9, new Uint8Array()];
const MAX_DIMENSIONS = 8;

/** TensorProto.DataType */
export const DATA_TYPE = {
  float: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

/** Bytes per element in raw data. */
const RAW_BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/** They take several times their bytes once decoded; weights are stored otherwise by every exporter that we know. */
const MAX_VARINTS = 2 ** 22;

/** Lengths are checked before anything is decoded or handed on. */
function checkedCount(count: number, type: number, [place, bytes]: [number, Uint8Array], name: string): number {
  const size = RAW_BYTES[type];
  if (size === undefined) throw unsupported(`The tensor ${name} of the ONNX file has the element type ${type}.`);
  const perElement = place === 9 ? size : place === 4 ? 4 : place === 10 ? 8 : undefined;
  // Varints have between one and ten bytes each; the bits of a half fit three.
  const most = type === DATA_TYPE.float16 || type === DATA_TYPE.bfloat16 ? 3 * count : 10 * count;
  const fits =
    perElement === undefined
      ? count <= bytes.length && bytes.length <= most && count <= MAX_VARINTS
      : count * perElement === bytes.length;
  if (!fits) throw refused(`the tensor ${name} has ${bytes.length} bytes for ${count} elements.`);
  return count;
}

function decodeFloats(
  type: number,
  [place, bytes]: [number, Uint8Array],
  count: number,
  name: string,
): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === DATA_TYPE.float && (place === 9 || place === 4)) {
    return Float32Array.from({ length: count }, (_, index) => view.getFloat32(4 * index, true));
  }
  if (type === DATA_TYPE.double && (place === 9 || place === 10)) {
    return Float32Array.from({ length: count }, (_, index) => view.getFloat64(8 * index, true));
  }
  if ((type === DATA_TYPE.float16 || type === DATA_TYPE.bfloat16) && (place === 9 || place === 5)) {
    const halves = place === 9 ? bytes : new Uint8Array(Uint16Array.from(unpackIntegers(bytes, count)).buffer);
    return type === DATA_TYPE.float16 ? decodeFloat16(halves, count) : decodeBfloat16(halves, count);
  }
  throw unsupported(`The tensor ${name} of the ONNX file has the element type ${type}, where weights belong.`);
}

function decodeIntegers(type: number, [place, bytes]: [number, Uint8Array], count: number, name: string): number[] {
  if (type !== DATA_TYPE.int64 || count > MAX_DIMENSIONS || (place !== 9 && place !== 7)) {
    throw unsupported(`The tensor ${name} of the ONNX file has the element type ${type}, where dimensions belong.`);
  }
  if (place === 7) return unpackIntegers(bytes, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => Number(view.getBigInt64(8 * index, true)));
}

function finite(values: Float32Array<ArrayBuffer>, name: string): Float32Array<ArrayBuffer> {
  if (areFinite(values)) return values;
  throw refused(`the weights of ${name} are not all finite numbers.`);
}

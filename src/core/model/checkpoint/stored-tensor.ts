import { refused } from '../import/refusal.ts';
import { elementCount, type Tensor } from '../tensor.ts';
import { decodeBfloat16, decodeFloat16 } from './floats.ts';

const ELEMENT_BYTES = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  // Counters, and which pairs of pixels share a bias.
  int64: 8,
  // Read past.
  int32: 4,
  int16: 2,
  int8: 1,
} as const;

/** Element types of checkpoints; signed or not makes no difference here. */
export type ElementType = keyof typeof ELEMENT_BYTES;

/** A tensor in a checkpoint, decoded only when an architecture asks for it. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** @throws UpreelError `model-refused` */
  read(): Tensor;
}

export function bytesPerElement(type: ElementType): number {
  return ELEMENT_BYTES[type];
}

/** Little-endian elements as float32. `bytes` holds at least `count` of them. */
export function decodeElements(bytes: Uint8Array, type: ElementType, count: number): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  switch (type) {
    case 'float32':
      new Uint8Array(values.buffer).set(bytes.subarray(0, count * 4));
      return values;
    case 'float16':
      return decodeFloat16(bytes, count);
    case 'bfloat16':
      return decodeBfloat16(bytes, count);
    case 'float64':
      for (let i = 0; i < count; i++) values[i] = view.getFloat64(8 * i, true);
      return values;
    case 'int64':
      return values.map((_, i) => Number(view.getBigInt64(8 * i, true)));
    case 'int8':
      // As torch's uint8, the only ones that a network is built by.
      return values.map((_, i) => bytes[i] ?? 0);
    default:
      throw refused('a tensor of whole numbers stands where weights belong.');
  }
}

/** @throws UpreelError `model-refused` unless these are a few whole numbers with a product that is not absurd */
export function checkedShape(dimensions: readonly unknown[], name: string): readonly number[] {
  if (dimensions.length > MAX_DIMENSIONS) throw refused(`${name} has ${dimensions.length} dimensions.`);
  const shape = wholeNumbers(dimensions, name);
  if (elementCount(shape) > MAX_ELEMENTS) throw refused(`${name} has the dimensions [${shape.join(', ')}].`);
  return shape;
}

/** @throws UpreelError `model-refused` unless each is a whole number of at least zero */
export function wholeNumbers(values: readonly unknown[], name: string): readonly number[] {
  return values.map((value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    // Only a number is printed: text made of nested lists can be longer than memory.
    const found = typeof value === 'number' ? value : `something of type ${typeof value}`;
    throw refused(`${name} has ${found} where a whole number belongs.`);
  });
}

const MAX_DIMENSIONS = 8;
const MAX_ELEMENTS = 2 ** 28;

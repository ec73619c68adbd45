import { refused } from '../refusal.ts';

/** One field of a protobuf message as it lies in the file: the wire format, without a schema. */
export type ProtoField = FieldSpan &
  (
    | { readonly wire: 'varint'; readonly value: number }
    | { readonly wire: 'fixed32' | 'fixed64' | 'bytes'; readonly bytes: Uint8Array }
  );

interface FieldSpan {
  readonly number: number;
  /** Where it begins in its message, and where the next one does. */
  readonly start: number;
  readonly end: number;
}

/**
 * Reads protobuf messages field by field. Nothing is built but what the caller keeps, and `MAX_FIELDS` bounds that: a
 * field of two bytes can stand for an object of hundreds.
 */
export class ProtoReader {
  #fields = 0;

  /** @throws UpreelError `model-refused` (cut off, or not protobuf) */
  *fields(message: Uint8Array): Generator<ProtoField> {
    const cursor = { bytes: message, position: 0 };
    while (cursor.position < message.length) {
      this.#count();
      const start = cursor.position;
      const tag = readInteger(cursor);
      const number = Math.floor(tag / 8);
      if (number < 1) throw refused('it is not an ONNX file: its protobuf is broken.');
      switch (tag % 8) {
        case 0: {
          const value = readInteger(cursor);
          yield { number, wire: 'varint', value, start, end: cursor.position };
          break;
        }
        case 1: {
          const bytes = take(cursor, 8);
          yield { number, wire: 'fixed64', bytes, start, end: cursor.position };
          break;
        }
        case 2: {
          const bytes = take(cursor, readInteger(cursor));
          yield { number, wire: 'bytes', bytes, start, end: cursor.position };
          break;
        }
        case 5: {
          const bytes = take(cursor, 4);
          yield { number, wire: 'fixed32', bytes, start, end: cursor.position };
          break;
        }
        default:
          throw refused('it is not an ONNX file: its protobuf is broken.');
      }
    }
  }

  /** Whole numbers of a repeated field: one, or many packed into bytes. */
  integers(field: ProtoField): number[] {
    if (field.wire !== 'bytes') return [integerOf(field)];
    const numbers: number[] = [];
    const cursor = { bytes: field.bytes, position: 0 };
    while (cursor.position < field.bytes.length) {
      this.#count();
      numbers.push(readInteger(cursor));
    }
    return numbers;
  }

  #count(): void {
    if (++this.#fields > MAX_FIELDS) throw refused(`it has more than ${MAX_FIELDS} protobuf fields.`);
  }
}

/** x4plus as its authors' scripts export it has about 10,000, weights apart. */
const MAX_FIELDS = 500_000;

/** A sub-message, a string or packed numbers. @throws UpreelError `model-refused` if the field is something else */
export function bytesOf(field: ProtoField): Uint8Array {
  if (field.wire === 'bytes') return field.bytes;
  throw refused(`it is not an ONNX file: field ${field.number} is of another kind.`);
}

export function textOf(field: ProtoField): string {
  const bytes = bytesOf(field);
  if (bytes.length > MAX_TEXT_BYTES) throw refused(`it has a name of ${bytes.length} bytes.`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

const MAX_TEXT_BYTES = 4096;

/** A whole number that JavaScript can hold; negative ones are stored as their two's complement. */
export function integerOf(field: ProtoField): number {
  if (field.wire !== 'varint') throw refused(`it is not an ONNX file: field ${field.number} is of another kind.`);
  return field.value;
}

/** Exactly `count` whole numbers packed into bytes. @throws UpreelError `model-refused` if there are more or fewer */
export function unpackIntegers(bytes: Uint8Array, count: number): number[] {
  const cursor = { bytes, position: 0 };
  const numbers = Array.from({ length: count }, () => readInteger(cursor));
  if (cursor.position === bytes.length) return numbers;
  throw refused(`a tensor has more values than its ${count} elements.`);
}

export function floatOf(field: ProtoField): number {
  if (field.wire !== 'fixed32') throw refused(`it is not an ONNX file: field ${field.number} is of another kind.`);
  return new DataView(field.bytes.buffer, field.bytes.byteOffset, 4).getFloat32(0, true);
}

interface Cursor {
  readonly bytes: Uint8Array;
  position: number;
}

/** A varint as a signed number of 64 bits, as exactly as JavaScript has them. */
function readInteger(cursor: Cursor): number {
  let low = 0;
  // Nearly all are short, and BigInt is slow.
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = next(cursor);
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) return low;
  }
  let value = BigInt(low);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = next(cursor);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return Number(BigInt.asIntN(64, value));
  }
  throw refused('it is not an ONNX file: it has a number of more than ten bytes.');
}

function next(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.position++];
  if (byte === undefined) throw refused('it ends inside a field.');
  return byte;
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.position + length;
  if (length < 0 || !Number.isSafeInteger(length) || end > cursor.bytes.length)
    throw refused('it ends inside a field.');
  const piece = cursor.bytes.subarray(cursor.position, end);
  cursor.position = end;
  return piece;
}

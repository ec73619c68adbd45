import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { UpreelError } from '../../errors.ts';
import { refused } from '../import/refusal.ts';

/** One field of a protobuf message as it lies in the file: the wire format, without a schema. */
export type ProtoField = FieldSpan & FieldContent;

type FieldContent =
  | { readonly wire: 'varint'; readonly value: number }
  | { readonly wire: 'fixed32' | 'fixed64' | 'bytes'; readonly bytes: Uint8Array };

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
    const reader = new BinaryReader(message);
    while (reader.pos < message.length) {
      this.#count();
      const start = reader.pos;
      const [number, type] = soundly(() => reader.tag());
      const content = soundly(() => contentOf(message, reader, type));
      yield { number, ...content, start, end: reader.pos };
    }
  }

  /** Whole numbers of a repeated field: one, or many packed into bytes. */
  integers(field: ProtoField): number[] {
    if (field.wire !== 'bytes') return [integerOf(field)];
    const numbers: number[] = [];
    const reader = new BinaryReader(field.bytes);
    while (reader.pos < field.bytes.length) {
      this.#count();
      numbers.push(soundly(() => integer(reader)));
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
  const reader = new BinaryReader(bytes);
  const numbers = soundly(() => Array.from({ length: count }, () => integer(reader)));
  if (reader.pos === bytes.length) return numbers;
  throw refused(`a tensor has more values than its ${count} elements.`);
}

export function floatOf(field: ProtoField): number {
  if (field.wire !== 'fixed32') throw refused(`it is not an ONNX file: field ${field.number} is of another kind.`);
  return new DataView(field.bytes.buffer, field.bytes.byteOffset, 4).getFloat32(0, true);
}

function contentOf(message: Uint8Array, reader: BinaryReader, type: WireType): FieldContent {
  switch (type) {
    case WireType.Varint:
      return { wire: 'varint', value: integer(reader) };
    case WireType.Bit64:
      return { wire: 'fixed64', bytes: take(message, reader, 8) };
    case WireType.LengthDelimited:
      return { wire: 'bytes', bytes: take(message, reader, integer(reader)) };
    case WireType.Bit32:
      return { wire: 'fixed32', bytes: take(message, reader, 4) };
    default:
      throw refused(BROKEN);
  }
}

/** A signed number of 64 bits, as exactly as JavaScript has them. */
function integer(reader: BinaryReader): number {
  return Number(reader.int64());
}

/** Not by the library's `bytes()`, which takes a length modulo 2^32. */
function take(message: Uint8Array, reader: BinaryReader, length: number): Uint8Array {
  const end = reader.pos + length;
  if (length < 0 || end > message.length) throw refused(CUT_OFF);
  const piece = message.subarray(reader.pos, end);
  reader.pos = end;
  return piece;
}

const BROKEN = 'it is not an ONNX file: its protobuf is broken.';
const CUT_OFF = 'it ends inside a field.';

/** What the library complains of, in our words. */
function soundly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UpreelError) throw error;
    throw refused(error instanceof RangeError ? CUT_OFF : BROKEN, error);
  }
}

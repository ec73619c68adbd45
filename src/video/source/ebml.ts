/**
 * An EBML variable-length integer (RFC 8794, 4): an element's id, with its length marker, or a size, without.
 * @returns null where the buffer does not hold all of it.
 */
export function readVariableInteger(buffer: Buffer, offset: number, keepMarker: boolean) {
  const first = buffer[offset];
  if (first === undefined || first === 0) return null;
  const length = Math.clz32(first) - 23;
  if (offset + length > buffer.length) return null;
  const payload = first & (0xff >> length);
  let value = keepMarker ? first : payload;
  let isUnknown = payload === 0xff >> length;
  for (let index = 1; index < length; index++) {
    const byte = buffer[offset + index] ?? 0;
    value = value * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return { value, length, isUnknown };
}

/** Of Matroska's outermost element (RFC 9559, 5.1). */
export const SEGMENT_ID = 0x18538067;

export interface EbmlHead {
  readonly id: number;
  /** Of id and size together. */
  readonly headBytes: number;
  readonly dataBytes: number;
}

/** @returns null for what is no element, has no known size, or is not in the buffer. */
export function readEbmlHead(buffer: Buffer, offset: number): EbmlHead | null {
  const id = readVariableInteger(buffer, offset, true);
  const size = id === null ? null : readVariableInteger(buffer, offset + id.length, false);
  if (id === null || size === null || size.isUnknown) return null;
  return { id: id.value, headBytes: id.length + size.length, dataBytes: size.value };
}

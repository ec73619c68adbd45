import { UpreelError } from '../../core/errors.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import type { Rational } from '../rational.ts';
import { NUT_FLAGS, NUT_STARTCODE_BYTE } from './nut.ts';

export interface NutVideoStream {
  readonly size: Size;
  readonly timeBase: Rational;
  /** null: unknown. */
  readonly sampleAspectRatio: Rational | null;
}

interface FrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly sizeMultiplier: number;
  readonly sizeLsb: number;
  readonly streamId: number;
  readonly reservedCount: number;
  readonly headerIndex: number;
}

export interface NutMainHeader {
  readonly timeBases: readonly Rational[];
  readonly frameCodes: readonly FrameCode[];
  readonly elisionHeaders: readonly Uint8Array[];
}

export interface NutStreamHeader extends NutVideoStream {
  readonly msbPtsShift: number;
}

export function readMainHeader(fields: NutFields): NutMainHeader {
  const version = fields.variable();
  if (version !== 3) throw malformedNut(`version ${version}`);
  if (fields.variable() !== 1) throw malformedNut('more than one stream');
  fields.variable();
  const timeBases = Array.from({ length: limit(fields.variable(), 16) }, () => ({
    num: fields.variable(),
    den: fields.variable(),
  }));
  const frameCodes = readFrameCodes(fields);
  const elisionCount = limit(fields.variable(), 127);
  const elisionHeaders = [new Uint8Array(0)];
  for (let index = 0; index < elisionCount; index++) elisionHeaders.push(fields.take(fields.variable()).slice());
  return { timeBases, frameCodes, elisionHeaders };
}

/** The table is run-length coded: an entry's fields stay in force for the next ones that leave them out. */
function readFrameCodes(fields: NutFields): FrameCode[] {
  const codes: FrameCode[] = [];
  let ptsDelta = 0;
  let sizeMultiplier = 1;
  let streamId = 0;
  let headerIndex = 0;
  while (codes.length < 256) {
    const flags = fields.variable();
    const given = fields.variable();
    if (given > 0) ptsDelta = fields.signed();
    if (given > 1) sizeMultiplier = fields.variable();
    if (given > 2) streamId = fields.variable();
    const size = given > 3 ? fields.variable() : 0;
    const reservedCount = given > 4 ? fields.variable() : 0;
    const count = given > 5 ? fields.variable() : sizeMultiplier - size;
    if (given > 6) fields.signed();
    if (given > 7) headerIndex = fields.variable();
    for (let extra = 8; extra < limit(given, 64); extra++) fields.variable();
    if (count < 1) throw malformedNut('an empty frame code');
    for (let index = 0; index < count && codes.length < 256; index++) {
      // The letter N starts packets and is no frame code; it takes no place in the count.
      if (codes.length === NUT_STARTCODE_BYTE) codes.push({ ...INVALID_CODE });
      codes.push({ flags, ptsDelta, sizeMultiplier, sizeLsb: size + index, streamId, reservedCount, headerIndex });
    }
  }
  return codes;
}

const INVALID_CODE: FrameCode = {
  flags: NUT_FLAGS.invalid,
  ptsDelta: 0,
  sizeMultiplier: 1,
  sizeLsb: 0,
  streamId: 0,
  reservedCount: 0,
  headerIndex: 0,
};

export function readStreamHeader(fields: NutFields, main: NutMainHeader): NutStreamHeader {
  const streamId = fields.variable();
  const streamClass = fields.variable();
  if (streamId !== 0 || streamClass !== 0) throw malformedNut('a stream that is not video');
  fields.take(fields.variable());
  const timeBase = main.timeBases[fields.variable()];
  if (timeBase === undefined || timeBase.num === 0 || timeBase.den === 0) throw malformedNut('a bad time base');
  const msbPtsShift = limit(fields.variable(), 16);
  fields.variable();
  fields.variable();
  fields.variable();
  fields.take(fields.variable());
  const size = { width: fields.variable(), height: fields.variable() };
  const aspect = { num: fields.variable(), den: fields.variable() };
  return { size, timeBase, msbPtsShift, sampleAspectRatio: aspect.num > 0 && aspect.den > 0 ? aspect : null };
}

function limit(value: number, most: number): number {
  if (value > most) throw malformedNut(`a count of ${value}`);
  return value;
}

/** The fields of a header, one after the other. */
export class NutFields {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.position++];
    if (byte === undefined) throw malformedNut('a header that ends early');
    return byte;
  }

  variable(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw malformedNut('a number too large');
      if (byte < 128) return value;
    }
  }

  signed(): number {
    const coded = this.variable() + 1;
    return coded % 2 === 1 ? -Math.floor(coded / 2) : Math.floor(coded / 2);
  }

  take(count: number): Uint8Array {
    if (this.position + count > this.#bytes.length) throw malformedNut('a header that ends early');
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }
}

export function malformedNut(what: string): UpreelError {
  return new UpreelError('internal', `Expected raw video in NUT from ffmpeg, got ${what}.`, {
    hint: 'Tell us the version of your ffmpeg.',
  });
}

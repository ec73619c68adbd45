import { UpreelError } from '../core/errors.ts';
import type { Size } from '../core/geometry.ts';
import type { ByteReader } from './byte-reader.ts';
import { NUT_FILE_ID, NUT_FLAGS, NUT_STARTCODES } from './nut.ts';
import type { Rational } from './rational.ts';

export interface NutVideoStream {
  readonly size: Size;
  readonly timeBase: Rational;
  /** null: unknown. */
  readonly sampleAspectRatio: Rational | null;
}

export interface NutFrameHeader {
  readonly ptsTicks: number;
  readonly dataBytes: number;
}

/**
 * Reads one video stream in NUT as ffmpeg writes it. Call `nextFrame`, then `readData` with a buffer of `dataBytes`,
 * and so on. Checksums are not looked at: the bytes come from a child of ours through a pipe.
 */
export class NutReader {
  readonly #reader: ByteReader;
  #main: MainHeader | undefined;
  #stream: StreamHeader | undefined;
  #lastPts = 0;
  /** First bytes of the next frame's data that the file elides. */
  #elided: Uint8Array = new Uint8Array(0);

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** Known after the first `nextFrame`; undefined if the stream ended before. */
  get stream(): NutVideoStream | undefined {
    return this.#stream;
  }

  /** @returns null at the end. @throws UpreelError `internal` for anything else than NUT with one video stream. */
  async nextFrame(): Promise<NutFrameHeader | null> {
    if (this.#main === undefined && !(await this.#skipFileId())) return null;
    for (;;) {
      const bytes = await this.#reader.peek(FRAME_HEADER_BYTES);
      if (bytes.length === 0) return null;
      if (bytes[0] === STARTCODE_BYTE) await this.#readPacket();
      else return this.#readFrameHeader(new Fields(bytes));
    }
  }

  /** @param target of exactly `dataBytes`. @returns false if the stream ended inside the frame. */
  async readData(target: Uint8Array): Promise<boolean> {
    target.set(this.#elided.subarray(0, target.length));
    return this.#reader.readInto(target.subarray(Math.min(this.#elided.length, target.length)));
  }

  async #skipFileId(): Promise<boolean> {
    const bytes = await this.#reader.peek(NUT_FILE_ID.length);
    if (bytes.length === 0) return false;
    if (NUT_FILE_ID.compare(bytes, 0, NUT_FILE_ID.length) !== 0) throw malformed('no file id');
    this.#reader.skip(NUT_FILE_ID.length);
    return true;
  }

  async #readPacket(): Promise<void> {
    const head = new Fields(await this.#reader.peek(FRAME_HEADER_BYTES));
    const startcode = Buffer.from(head.take(8));
    const length = head.variable();
    if (length > MAX_PACKET_BYTES) throw malformed('a packet too long');
    const headBytes = head.position + (length > 4096 ? 4 : 0);
    const packet = await this.#reader.peek(headBytes + length);
    if (packet.length < headBytes + length) throw malformed('an incomplete packet');
    const fields = new Fields(packet.subarray(headBytes, headBytes + length));
    if (startcode.equals(NUT_STARTCODES.main)) this.#main = readMainHeader(fields);
    else if (startcode.equals(NUT_STARTCODES.stream)) this.#stream = readStreamHeader(fields, this.#mainHeader());
    else if (startcode.equals(NUT_STARTCODES.syncpoint)) this.#lastPts = this.#readSyncpoint(fields);
    this.#reader.skip(headBytes + length);
  }

  #readSyncpoint(fields: Fields): number {
    const { timeBases } = this.#mainHeader();
    const coded = fields.variable();
    const from = timeBases[coded % timeBases.length];
    const to = this.#streamHeader().timeBase;
    if (from === undefined) throw malformed('a sync point without time base');
    return Math.floor((Math.floor(coded / timeBases.length) * from.num * to.den) / (from.den * to.num));
  }

  #readFrameHeader(fields: Fields): NutFrameHeader {
    const main = this.#mainHeader();
    const stream = this.#streamHeader();
    const code = main.frameCodes[fields.byte()];
    if (code === undefined) throw malformed('an unknown frame code');
    let flags = code.flags;
    if (flags & NUT_FLAGS.coded) flags ^= fields.variable();
    if (flags & NUT_FLAGS.invalid) throw malformed('an invalid frame');
    if ((flags & NUT_FLAGS.streamId ? fields.variable() : code.streamId) !== 0) throw malformed('a second stream');
    const pts =
      flags & NUT_FLAGS.codedPts
        ? this.#decodePts(fields.variable(), stream.msbPtsShift)
        : this.#lastPts + code.ptsDelta;
    let size = code.sizeLsb + (flags & NUT_FLAGS.sizeMsb ? fields.variable() * code.sizeMultiplier : 0);
    if (flags & NUT_FLAGS.matchTime) fields.variable();
    const headerIndex = flags & NUT_FLAGS.headerIndex ? fields.variable() : code.headerIndex;
    let reserved = flags & NUT_FLAGS.reserved ? fields.variable() : code.reservedCount;
    for (; reserved > 0; reserved--) fields.variable();
    if (flags & NUT_FLAGS.checksum) fields.take(4);
    if (flags & NUT_FLAGS.sideData) throw malformed('side data');
    this.#elided =
      size > MAX_ELIDED_FRAME_BYTES ? new Uint8Array(0) : (main.elisionHeaders[headerIndex] ?? new Uint8Array(0));
    size = Math.max(size, this.#elided.length);
    this.#lastPts = pts;
    this.#reader.skip(fields.position);
    return { ptsTicks: pts, dataBytes: size };
  }

  /** Small values are the low bits of a time near the last one; large values are whole times. */
  #decodePts(coded: number, shift: number): number {
    const window = 2 ** shift;
    if (coded >= window) return coded - window;
    const lowest = this.#lastPts - Math.floor((window - 1) / 2);
    return lowest + ((((coded - lowest) % window) + window) % window);
  }

  #mainHeader(): MainHeader {
    if (this.#main === undefined) throw malformed('no main header');
    return this.#main;
  }

  #streamHeader(): StreamHeader {
    if (this.#stream === undefined) throw malformed('no stream header');
    return this.#stream;
  }
}

const STARTCODE_BYTE = 0x4e;
/** More than any frame header, or than a packet's start code, length and checksum. */
const FRAME_HEADER_BYTES = 64;
const MAX_PACKET_BYTES = 1024 * 1024;
/** Elision headers apply to small frames only. */
const MAX_ELIDED_FRAME_BYTES = 4096;

interface FrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly sizeMultiplier: number;
  readonly sizeLsb: number;
  readonly streamId: number;
  readonly reservedCount: number;
  readonly headerIndex: number;
}

interface MainHeader {
  readonly timeBases: readonly Rational[];
  readonly frameCodes: readonly FrameCode[];
  readonly elisionHeaders: readonly Uint8Array[];
}

interface StreamHeader extends NutVideoStream {
  readonly msbPtsShift: number;
}

function readMainHeader(fields: Fields): MainHeader {
  const version = fields.variable();
  if (version !== 3) throw malformed(`version ${version}`);
  if (fields.variable() !== 1) throw malformed('more than one stream');
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
function readFrameCodes(fields: Fields): FrameCode[] {
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
    if (count < 1) throw malformed('an empty frame code');
    for (let index = 0; index < count && codes.length < 256; index++) {
      // The letter N starts packets and is no frame code; it takes no place in the count.
      if (codes.length === STARTCODE_BYTE) codes.push({ ...INVALID_CODE });
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

function readStreamHeader(fields: Fields, main: MainHeader): StreamHeader {
  const streamId = fields.variable();
  const streamClass = fields.variable();
  if (streamId !== 0 || streamClass !== 0) throw malformed('a stream that is not video');
  fields.take(fields.variable());
  const timeBase = main.timeBases[fields.variable()];
  if (timeBase === undefined || timeBase.num === 0 || timeBase.den === 0) throw malformed('a bad time base');
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
  if (value > most) throw malformed(`a count of ${value}`);
  return value;
}

/** The fields of a header, one after the other. */
class Fields {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.position++];
    if (byte === undefined) throw malformed('a header that ends early');
    return byte;
  }

  variable(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number too large');
      if (byte < 128) return value;
    }
  }

  signed(): number {
    const coded = this.variable() + 1;
    return coded % 2 === 1 ? -Math.floor(coded / 2) : Math.floor(coded / 2);
  }

  take(count: number): Uint8Array {
    if (this.position + count > this.#bytes.length) throw malformed('a header that ends early');
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }
}

function malformed(what: string): UpreelError {
  return new UpreelError('internal', `Expected raw video in NUT from ffmpeg, got ${what}.`, {
    hint: 'Tell us the version of your ffmpeg.',
  });
}

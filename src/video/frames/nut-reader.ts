import type { ByteReader } from './byte-reader.ts';
import { NUT_FILE_ID, NUT_FLAGS, NUT_STARTCODE_BYTE, NUT_STARTCODES } from './nut.ts';
import {
  malformedNut,
  NutFields,
  type NutMainHeader,
  type NutStreamHeader,
  type NutVideoStream,
  readMainHeader,
  readStreamHeader,
} from './nut-headers.ts';

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
  #main: NutMainHeader | undefined;
  #stream: NutStreamHeader | undefined;
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
      if (bytes[0] === NUT_STARTCODE_BYTE) await this.#readPacket();
      else return this.#readFrameHeader(new NutFields(bytes));
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
    if (NUT_FILE_ID.compare(bytes, 0, NUT_FILE_ID.length) !== 0) throw malformedNut('no file id');
    this.#reader.skip(NUT_FILE_ID.length);
    return true;
  }

  async #readPacket(): Promise<void> {
    const head = new NutFields(await this.#reader.peek(FRAME_HEADER_BYTES));
    const startcode = Buffer.from(head.take(8));
    const length = head.variable();
    if (length > MAX_PACKET_BYTES) throw malformedNut('a packet too long');
    const headBytes = head.position + (length > 4096 ? 4 : 0);
    const packet = await this.#reader.peek(headBytes + length);
    if (packet.length < headBytes + length) throw malformedNut('an incomplete packet');
    const fields = new NutFields(packet.subarray(headBytes, headBytes + length));
    if (startcode.equals(NUT_STARTCODES.main)) this.#main = readMainHeader(fields);
    else if (startcode.equals(NUT_STARTCODES.stream)) this.#stream = readStreamHeader(fields, this.#mainHeader());
    else if (startcode.equals(NUT_STARTCODES.syncpoint)) this.#lastPts = this.#readSyncpoint(fields);
    this.#reader.skip(headBytes + length);
  }

  #readSyncpoint(fields: NutFields): number {
    const { timeBases } = this.#mainHeader();
    const coded = fields.variable();
    const from = timeBases[coded % timeBases.length];
    const to = this.#streamHeader().timeBase;
    if (from === undefined) throw malformedNut('a sync point without time base');
    return Math.floor((Math.floor(coded / timeBases.length) * from.num * to.den) / (from.den * to.num));
  }

  #readFrameHeader(fields: NutFields): NutFrameHeader {
    const main = this.#mainHeader();
    const stream = this.#streamHeader();
    const code = main.frameCodes[fields.byte()];
    if (code === undefined) throw malformedNut('an unknown frame code');
    let flags = code.flags;
    if (flags & NUT_FLAGS.coded) flags ^= fields.variable();
    if (flags & NUT_FLAGS.invalid) throw malformedNut('an invalid frame');
    if ((flags & NUT_FLAGS.streamId ? fields.variable() : code.streamId) !== 0) throw malformedNut('a second stream');
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
    if (flags & NUT_FLAGS.sideData) throw malformedNut('side data');
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

  #mainHeader(): NutMainHeader {
    if (this.#main === undefined) throw malformedNut('no main header');
    return this.#main;
  }

  #streamHeader(): NutStreamHeader {
    if (this.#stream === undefined) throw malformedNut('no stream header');
    return this.#stream;
  }
}

/** More than any frame header, or than a packet's start code, length and checksum. */
const FRAME_HEADER_BYTES = 64;
const MAX_PACKET_BYTES = 1024 * 1024;
/** Elision headers apply to small frames only. */
const MAX_ELIDED_FRAME_BYTES = 4096;

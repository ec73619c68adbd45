import { type FileHandle, open } from 'node:fs/promises';
import type { Size } from '../../core/pixels/geometry.ts';

/** Kinds of pictures that are read as frames, decided by the first bytes and never by the name. */
export type FrameKind = 'png' | 'tiff' | 'dpx' | 'exr' | 'jpeg';

/** What a picture's own header says, as far as frames must agree, and what is wrong with the file. */
export interface PictureHeader {
  readonly kind: FrameKind;
  /** As stored, before orientation. */
  readonly size: Size;
  /** Of one sample; 16 for half and full floats. */
  readonly bits: number;
  readonly alpha: boolean;
  /** Colours are multiplied with the alpha, and are no colours of their own where it is not full. */
  readonly premultiplied: boolean;
  /** As EXIF and TIFF number it: 1 is upright. */
  readonly orientation: number;
  /** In YUV: whether 0..255 is meant; null: not YUV, or not said. */
  readonly isFullRange: boolean | null;
  /** Code values that are no picture for the eye yet: of a film scanner, or of other primaries. */
  readonly notes: readonly PictureNote[];
}

export type PictureNote = 'film-density' | 'other-primaries' | 'more-pages';

/** A header, or what is wrong in a clause: "is cut off", "is a WebP picture". */
export type HeaderOrProblem = PictureHeader | { readonly problem: string };

/** Reads the header of one frame, and looks whether the file goes on to its end. Never throws for its content. */
export async function readPictureHeader(path: string): Promise<HeaderOrProblem & { readonly bytes: number }> {
  const file = await open(path, 'r');
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return { problem: 'is no regular file', bytes: 0 };
    return { ...(await parsePicture(new Bytes(file, stats.size))), bytes: stats.size };
  } catch (error) {
    if (error instanceof CutOff) return { problem: 'is cut off', bytes: 0 };
    throw error;
  } finally {
    await file.close();
  }
}

/** Its bytes end where more are needed. */
class CutOff extends Error {}

/** A file's bytes, the first of them read at once. */
class Bytes {
  readonly size: number;
  readonly #file: FileHandle;
  #head: Buffer | null = null;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  async take(position: number, length: number): Promise<Buffer> {
    this.#head ??= await this.#read(0, Math.min(HEAD_BYTES, this.size));
    if (position + length > this.size) throw new CutOff();
    if (position + length <= this.#head.length) return this.#head.subarray(position, position + length);
    return this.#read(position, length);
  }

  /** As many as there are. */
  tail(length: number): Promise<Buffer> {
    const start = Math.max(0, this.size - length);
    return this.take(start, this.size - start);
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead < length) throw new CutOff();
    return buffer;
  }
}

const HEAD_BYTES = 4096;

async function parsePicture(bytes: Bytes): Promise<HeaderOrProblem> {
  if (bytes.size === 0) return { problem: 'is empty (0 bytes)' };
  if (bytes.size < 16) return { problem: 'is no picture' };
  const head = await bytes.take(0, 16);
  const text = head.toString('latin1');
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return parsePng(bytes);
  if (text.startsWith('\xff\xd8\xff')) return parseJpeg(bytes);
  if (text.startsWith('SDPX') || text.startsWith('XPDS')) return parseDpx(bytes, text.startsWith('SDPX'));
  if (text.startsWith('v/1\x01')) return parseExr(bytes);
  if (['II*\0', 'MM\0*'].includes(text.slice(0, 4))) return parseTiff(bytes, text.startsWith('II'));
  return { problem: `is ${nameOther(text)}, expected PNG, TIFF, DPX, EXR or JPEG` };
}

function nameOther(text: string): string {
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'a WebP picture';
  if (text.startsWith('GIF8')) return 'a GIF';
  if (text.startsWith('BM')) return 'a BMP picture';
  if (['II+\0', 'MM\0+'].includes(text.slice(0, 4))) return 'a BigTIFF';
  if (text.slice(4, 8) === 'ftyp') return 'a HEIF, AVIF or MP4 file';
  return 'no picture';
}

const UPRIGHT = { orientation: 1, premultiplied: false, isFullRange: null, notes: [] as readonly PictureNote[] };

/** PNG, second edition: IHDR is the first chunk, IEND the last. */
async function parsePng(bytes: Bytes): Promise<HeaderOrProblem> {
  const head = await bytes.take(0, 33);
  if (head.toString('latin1', 12, 16) !== 'IHDR') return { problem: 'is no PNG that can be read' };
  const colour = head[25] ?? 0;
  let position = 33;
  let alpha = colour >= 4;
  for (let count = 0; count < MAX_CHUNKS; count++) {
    const chunk = await bytes.take(position, 8);
    const type = chunk.toString('latin1', 4, 8);
    if (type === 'tRNS') alpha = true;
    if (type === 'IDAT') break;
    position += 12 + chunk.readUInt32BE(0);
  }
  if (!(await bytes.tail(END_BYTES)).includes('IEND\xae\x42\x60\x82', 0, 'latin1')) throw new CutOff();
  const size = { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  return { ...UPRIGHT, kind: 'png', size, bits: Math.max(8, head[24] ?? 8), alpha };
}

const MAX_CHUNKS = 10_000;
/** Some writers leave a few bytes behind the end. */
const END_BYTES = 4096;

/**
 * JPEG (ITU-T T.81, annex B): the segments up to the first scan; in a scan, 0xFF is never followed by 0xD9 but at its
 * end.
 */
async function parseJpeg(bytes: Bytes): Promise<HeaderOrProblem> {
  let position = 2;
  let orientation = 1;
  let frame: Buffer | null = null;
  for (let count = 0; count < MAX_CHUNKS; count++) {
    const head = await bytes.take(position, 4);
    if (head[0] !== 0xff) return { problem: 'is no JPEG that can be read' };
    const marker = head[1] ?? 0;
    if (marker === 0xff) {
      position += 1;
      continue;
    }
    const length = head.readUInt16BE(2);
    if (marker === 0xda) break;
    if (marker === 0xe1) orientation = exifOrientation(await bytes.take(position + 4, length - 2)) ?? orientation;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) frame = await bytes.take(position + 4, 6);
    position += 2 + length;
  }
  if (frame === null) return { problem: 'is no JPEG that can be read' };
  const rest = Math.min(bytes.size - position, JPEG_END_BYTES);
  if (!(await bytes.tail(rest)).includes('\xff\xd9', 0, 'latin1')) throw new CutOff();
  if (frame[5] === 4) return { problem: 'is a JPEG in CMYK, expected RGB, YUV or gray' };
  const size = { width: frame.readUInt16BE(3), height: frame.readUInt16BE(1) };
  return { ...UPRIGHT, kind: 'jpeg', size, bits: frame[0] ?? 8, alpha: false, orientation, isFullRange: true };
}

/** Cameras append previews of up to some hundred kilobytes. */
const JPEG_END_BYTES = 1024 * 1024;

function exifOrientation(segment: Buffer): number | null {
  if (segment.length < 14 || segment.toString('latin1', 0, 6) !== 'Exif\0\0') return null;
  const tiff = segment.subarray(6);
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (at + 2 > tiff.length ? 0 : little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const start = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  for (let entry = 0; entry < short(start); entry++) {
    const at = start + 2 + 12 * entry;
    if (short(at) !== ORIENTATION) continue;
    const value = short(at + 8);
    return value >= 1 && value <= 8 ? value : null;
  }
  return null;
}

const ORIENTATION = 274;

/** SMPTE ST 268: the first image element. */
async function parseDpx(bytes: Bytes, isBig: boolean): Promise<HeaderOrProblem> {
  const head = await bytes.take(0, 1024);
  const long = (at: number) => (isBig ? head.readUInt32BE(at) : head.readUInt32LE(at));
  const size = { width: long(772), height: long(776) };
  const bits = head[803] ?? 0;
  const declared = long(16);
  // Some writers leave the size out (all ones).
  if (declared !== 0xffffffff && declared > bytes.size) throw new CutOff();
  const descriptor = head[800] ?? 0;
  const samples = { 6: 1, 50: 3, 51: 4, 52: 4, 100: 2, 101: 3, 102: 3, 103: 4 }[descriptor] ?? 1;
  if (long(4) + (size.width * size.height * samples * bits) / 8 > bytes.size + 1) throw new CutOff();
  const isDensity = [1, 3].includes(head[801] ?? 0);
  return {
    ...UPRIGHT,
    kind: 'dpx',
    size,
    bits,
    alpha: [51, 52, 101, 103].includes(descriptor),
    notes: isDensity ? ['film-density'] : [],
  };
}

/** OpenEXR file layout: attributes up to an empty name, then a table with the place of each block of lines. */
async function parseExr(bytes: Bytes): Promise<HeaderOrProblem> {
  const flags = (await bytes.take(4, 4)).readUInt32LE(0);
  if ((flags & EXR_DEEP) !== 0) return { problem: 'is an EXR with several samples a pixel (deep)' };
  let position = 8;
  let size: Size | null = null;
  let alpha = false;
  let primaries: PictureNote[] = [];
  for (let count = 0; count < MAX_ATTRIBUTES; count++) {
    const name = await exrText(bytes, position);
    position += name.length + 1;
    if (name === '') break;
    const type = await exrText(bytes, position);
    position += type.length + 1;
    const length = (await bytes.take(position, 4)).readUInt32LE(0);
    position += 4;
    if (length > MAX_ATTRIBUTE_BYTES) return { problem: 'is no EXR that can be read' };
    const value = await bytes.take(position, length);
    position += length;
    if (name === 'displayWindow' && length === 16) {
      const [left, top, right, bottom] = [0, 4, 8, 12].map((at) => value.readInt32LE(at)) as [
        number,
        number,
        number,
        number,
      ];
      size = { width: right - left + 1, height: bottom - top + 1 };
    }
    if (name === 'channels') alpha = /(^|\0)A\0/.test(value.toString('latin1'));
    if (name === 'chromaticities' && length === 32 && !isRec709(value)) primaries = ['other-primaries'];
  }
  if (size === null) return { problem: 'is no EXR that can be read' };
  // Several parts have a table each.
  if ((flags & EXR_MULTIPART) === 0) await checkBlocks(bytes, position, (flags & EXR_TILED) !== 0);
  return { ...UPRIGHT, kind: 'exr', size, bits: 16, alpha, premultiplied: alpha, notes: primaries };
}

/** @throws CutOff where a block was never written, or goes past the end. @param table where their places are listed. */
async function checkBlocks(bytes: Bytes, table: number, isTiled: boolean): Promise<void> {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  // The first block follows the table, wherever it is listed.
  for (let at = table; at < Math.min(first, table + 8 * MAX_BLOCKS); at += 8) {
    const place = Number((await bytes.take(at, 8)).readBigUInt64LE(0));
    if (place < table || place >= bytes.size) throw new CutOff();
    first = Math.min(first, place);
    last = Math.max(last, place);
  }
  if (isTiled) return;
  const length = (await bytes.take(last + 4, 4)).readUInt32LE(0);
  if (last + 8 + length > bytes.size) throw new CutOff();
}

const MAX_BLOCKS = 1_000_000;
const EXR_TILED = 0x200;
const EXR_DEEP = 0x800;
const EXR_MULTIPART = 0x1000;
const MAX_ATTRIBUTES = 1000;
const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;

async function exrText(bytes: Bytes, position: number): Promise<string> {
  const text = (await bytes.take(position, Math.min(256, bytes.size - position))).toString('latin1');
  const end = text.indexOf('\0');
  if (end < 0) throw new CutOff();
  return text.slice(0, end);
}

/** Red, green, blue and white as x and y. */
function isRec709(value: Buffer): boolean {
  const expected = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329];
  return expected.every((number, index) => Math.abs(value.readFloatLE(4 * index) - number) < 0.002);
}

/** TIFF 6.0, the first directory. */
async function parseTiff(bytes: Bytes, isLittle: boolean): Promise<HeaderOrProblem> {
  const number = (buffer: Buffer, at: number, length: number) =>
    isLittle ? buffer.readUIntLE(at, length) : buffer.readUIntBE(at, length);
  const start = number(await bytes.take(4, 4), 0, 4);
  const count = number(await bytes.take(start, 2), 0, 2);
  const table = await bytes.take(start + 2, 12 * count + 4);
  const tags = new Map<number, readonly number[]>();
  for (let index = 0; index < count; index++) {
    const at = 12 * index;
    const length = { 1: 1, 3: 2, 4: 4, 5: 8 }[number(table, at + 2, 2)];
    const items = number(table, at + 4, 4);
    if (length === undefined || items > MAX_ITEMS) continue;
    const isInline = length * items <= 4;
    const value = isInline
      ? table.subarray(at + 8, at + 12)
      : await bytes.take(number(table, at + 8, 4), length * items);
    const read = (item: number) =>
      length === 8 ? number(value, 8 * item, 4) / number(value, 8 * item + 4, 4) : number(value, length * item, length);
    tags.set(
      number(table, at, 2),
      Array.from({ length: items }, (_, item) => read(item)),
    );
  }
  const first = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const [width, height, photometric] = [first(256, 0), first(257, 0), first(262, 1)];
  if (photometric === 5) return { problem: 'is a TIFF in CMYK, expected RGB or gray' };
  if (![0, 1, 2, 3, 6].includes(photometric)) return { problem: 'is a TIFF of a kind that is not read as frames' };
  if (first(339, 1) === 3) return { problem: 'is a TIFF of floating-point samples, expected 8 or 16 bits' };
  const [offsets, lengths] = [tags.get(273) ?? tags.get(324) ?? [], tags.get(279) ?? tags.get(325) ?? []];
  if (offsets.some((offset, index) => offset + (lengths[index] ?? 0) > bytes.size)) throw new CutOff();
  return {
    kind: 'tiff',
    size: { width, height },
    bits: Math.max(8, first(258, 1)),
    // Samples beyond colour: 1 and 2 are alpha.
    alpha: [1, 2].includes(first(338, 0)),
    premultiplied: first(338, 0) === 1,
    orientation: first(274, 1) >= 1 && first(274, 1) <= 8 ? first(274, 1) : 1,
    // White of ReferenceBlackWhite.
    isFullRange: photometric === 6 ? (tags.get(532)?.[1] ?? 255) > 240 : null,
    notes: number(table, 12 * count, 4) === 0 ? [] : ['more-pages'],
  };
}

const MAX_ITEMS = 1_000_000;

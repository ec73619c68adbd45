import { endianness } from 'node:os';
import { makeRaster, type Raster, samplesOf } from '../../../pixels/raster.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { readRest, readRows } from '../../bytes/rows.ts';
import { linearNote, openLightEncoder } from '../../colour/float-light.ts';
import type { PlainKind } from '../../definition/plain-kind.ts';
import type { StillHeader, StillPixels } from '../../definition/still-picture.ts';
import { unsupportedVariant } from '../../input-errors.ts';
import { damagedPicture } from '../../libvips.ts';
import { spreadTable } from '../../spread.ts';

interface PnmHeader {
  readonly kind: 'text' | 'binary' | 'bits' | 'float';
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel in the file. */
  readonly bands: number;
  readonly maxval: number;
  readonly alpha: boolean;
  /** PBM: 1 is black. */
  readonly inverted: boolean;
  readonly littleEndian: boolean;
  /** Where the pixels begin. */
  readonly offset: number;
}

/**
 * PBM, PGM, PPM, PAM and PFM, of any greatest value. Read here because ffmpeg rounds some greatest values by a level
 * and leaves those of PAM as they are. @see https://netpbm.sourceforge.net/doc/
 */
export const pnmReader: PlainKind<PnmHeader> = {
  async readHeader(source, path) {
    const head = await source.read(0, HEAD_BYTES);
    const header = head[1] === 0x37 ? parsePam(head, path) : parseClassic(head, path);
    const { width, height, bands, alpha, kind, maxval } = header;
    const still: StillHeader = {
      size: { width, height },
      channels: bands - (alpha ? 1 : 0) === 1 ? 1 : 3,
      bytesPerSample: kind === 'float' || maxval > 255 ? 2 : 1,
      alpha,
      warnings: kind === 'float' ? [linearNote(path)] : [],
    };
    return { still, own: header };
  },
  async readPixels(source, path, still, own) {
    const colour = makeRaster(own.width, own.height, still);
    const alpha = own.alpha ? makeRaster(own.width, own.height, { ...still, channels: 1 }) : null;
    switch (own.kind) {
      case 'text':
        return await readText(source, path, own, colour);
      case 'bits':
        return await readBits(source, path, own, colour);
      case 'binary':
        return await readBinary(source, path, own, { colour, alpha });
      case 'float':
        return await readFloats(source, path, own, colour);
    }
  },
};

const HEAD_BYTES = 64 * 1024;

function parseClassic(head: Buffer, path: string): PnmHeader {
  const digit = String.fromCharCode(head[1]!);
  const isBits = digit === '1' || digit === '4';
  const isFloat = digit === 'F' || digit === 'f';
  const { values, offset } = words(head, isBits ? 2 : 3, path);
  const [width, height, maxval] = values;
  const shape = { width: whole(width, path), height: whole(height, path), alpha: false, offset, inverted: isBits };
  const bands = digit === '3' || digit === '6' || digit === 'F' ? 3 : 1;
  if (isFloat) {
    const scale = Number(maxval);
    if (!Number.isFinite(scale) || scale === 0) throw damagedPicture(path);
    return { ...shape, kind: 'float', bands, maxval: 1, littleEndian: scale < 0 };
  }
  const kind = Number(digit) <= 3 ? 'text' : isBits ? 'bits' : 'binary';
  return { ...shape, kind, bands, maxval: isBits ? 1 : checkMaxval(maxval, path), littleEndian: false };
}

/** The words behind the magic, comments left out; exactly one white byte ends the last. */
function words(head: Buffer, count: number, path: string): { values: string[]; offset: number } {
  const text = head.toString('latin1');
  const values: string[] = [];
  const word = /(?:\s|#[^\n\r]*)*([^\s#]+)/y;
  word.lastIndex = 2;
  while (values.length < count) {
    const value = word.exec(text)?.[1];
    if (value === undefined) throw damagedPicture(path);
    values.push(value);
  }
  return { values, offset: word.lastIndex + 1 };
}

function parsePam(head: Buffer, path: string): PnmHeader {
  const text = head.toString('latin1');
  const end = /\nENDHDR[ \t\r]*\n/.exec(text);
  if (end === null) throw damagedPicture(path);
  const fields = new Map<string, string>();
  for (const line of text.slice(2, end.index).split('\n')) {
    const [, key, value] = /^\s*([A-Z]+)\s+(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) fields.set(key, value);
  }
  const bands = whole(fields.get('DEPTH'), path);
  const type = fields.get('TUPLTYPE') ?? '';
  if (bands > 4 || (type !== '' && !/^(BLACKANDWHITE|GRAYSCALE|RGB)(_ALPHA)?$/.test(type))) {
    throw unsupportedVariant(path, `is a PAM picture of ${bands} samples a pixel (${type || 'no type'})`);
  }
  const isGray = type === '' ? bands <= 2 : !type.startsWith('RGB');
  const alpha = bands === (isGray ? 2 : 4);
  if (bands !== (isGray ? 1 : 3) + (alpha ? 1 : 0)) throw damagedPicture(path);
  return {
    kind: 'binary',
    width: whole(fields.get('WIDTH'), path),
    height: whole(fields.get('HEIGHT'), path),
    bands,
    maxval: checkMaxval(fields.get('MAXVAL'), path),
    alpha,
    inverted: false,
    littleEndian: false,
    offset: end.index + end[0].length,
  };
}

function whole(text: string | undefined, path: string): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) throw damagedPicture(path);
  return Number(text);
}

function checkMaxval(text: string | undefined, path: string): number {
  const maxval = whole(text, path);
  if (maxval < 1 || maxval > 65_535) throw damagedPicture(path);
  return maxval;
}

async function readText(source: ByteSource, path: string, own: PnmHeader, colour: Raster): Promise<StillPixels> {
  const text = await readRest(source, path, own.offset);
  const samples = samplesOf(colour);
  const table = spreadTable(own.maxval, own.maxval > 255 ? 65_535 : 255);
  let at = 0;
  for (let index = 0; index < samples.length; index++) {
    at = skipBlank(text, at);
    let value = -1;
    // Bits need no blanks between them.
    for (let digit = digitAt(text, at); digit >= 0 && value <= own.maxval; digit = digitAt(text, at)) {
      value = Math.max(0, value) * 10 + digit;
      at++;
      if (own.inverted) break;
    }
    if (value < 0 || value > own.maxval) throw damagedPicture(path);
    samples[index] = table[own.inverted ? 1 - value : value]!;
  }
  return { colour, alpha: null, warnings: [] };
}

function digitAt(text: Buffer, at: number): number {
  const byte = text[at] ?? 0;
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : -1;
}

function skipBlank(text: Buffer, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const byte = text[at]!;
    if (byte === 0x23) {
      while (at < text.length && text[at] !== 0x0a && text[at] !== 0x0d) at++;
    } else if (byte > 0x20) break;
  }
  return at;
}

async function readBits(source: ByteSource, path: string, own: PnmHeader, colour: Raster): Promise<StillPixels> {
  const { width, height: rows, offset } = own;
  await readRows(source, { path, offset, rowBytes: Math.ceil(width / 8), rows }, (row, y) => {
    for (let x = 0; x < width; x++) colour.data[y * width + x] = (row[x >> 3]! >> (7 - (x & 7))) & 1 ? 0 : 255;
  });
  return { colour, alpha: null, warnings: [] };
}

async function readBinary(
  source: ByteSource,
  path: string,
  own: PnmHeader,
  { colour, alpha }: { colour: Raster; alpha: Raster | null },
): Promise<StillPixels> {
  const { width, height: rows, bands, maxval, offset } = own;
  const wide = maxval > 255;
  const table = spreadTable(maxval, wide ? 65_535 : 255);
  const [toColour, toAlpha] = [samplesOf(colour), alpha === null ? null : samplesOf(alpha)];
  let [pixel, to] = [0, 0];
  await readRows(source, { path, offset, rowBytes: width * bands * (wide ? 2 : 1), rows }, (row) => {
    // Above the greatest value is white.
    const sampleAt = (index: number) =>
      table[Math.min(maxval, wide ? (row[2 * index]! << 8) | row[2 * index + 1]! : row[index]!)]!;
    for (let from = 0; from < width * bands; ) {
      for (let band = 0; band < colour.channels; band++) toColour[to++] = sampleAt(from++);
      if (toAlpha !== null) toAlpha[pixel++] = sampleAt(from++);
    }
  });
  return { colour, alpha, warnings: [] };
}

/** The lowest row comes first. */
async function readFloats(source: ByteSource, path: string, own: PnmHeader, colour: Raster): Promise<StillPixels> {
  const { width, height: rows, bands, offset } = own;
  const light = openLightEncoder();
  const samples = samplesOf(colour);
  const swap = own.littleEndian !== (endianness() === 'LE');
  await readRows(source, { path, offset, rowBytes: width * bands * 4, rows }, (row, index) => {
    const values = new Float32Array(new Uint8Array(swap ? row.swap32() : row).buffer);
    const start = (rows - 1 - index) * width * bands;
    for (let at = 0; at < values.length; at++) samples[start + at] = light.encode(values[at]!);
  });
  return { colour, alpha: null, warnings: light.report(path) };
}

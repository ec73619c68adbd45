import { unsupportedVariant } from '../../input-errors.ts';
import { damagedPicture } from '../../libvips.ts';
import { type Density, makeDensity } from '../../metadata/exif.ts';

/** A "device-independent bitmap": what a BMP file holds behind its file header, and an icon as it is. */
export interface Dib {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: 1 | 2 | 4 | 8 | 16 | 24 | 32;
  readonly coding: 'plain' | 'rle4' | 'rle8';
  /** Red, green, blue and alpha of pixels with 16 and 32 bits; 0: none. */
  readonly masks: readonly [number, number, number, number];
  /** Said by the file, or the usual ones. */
  readonly hasMasks: boolean;
  /** RGB triplets. */
  readonly palette: Uint8Array;
  /** Bytes of header, masks and palette: the pixels of an icon follow at once. */
  readonly headBytes: number;
  readonly density: Density | null;
  /** Where a colour profile lies, from the start of the header on. */
  readonly profile: { readonly offset: number; readonly bytes: number } | null;
}

/**
 * @param head of the bitmap, at least header, masks and palette
 * @throws UpreelError `input-damaged`, `input-unsupported`.
 * @see BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV5HEADER of the Windows API; OS/2's two headers
 */
export function parseDib(head: Buffer, path: string): Dib {
  const headerBytes = head.length < 16 ? 0 : head.readUInt32LE(0);
  if (headerBytes < 12 || headerBytes > 4096 || head.length < headerBytes) throw damagedPicture(path);
  const isCore = headerBytes < 16;
  const field = (at: number) => (at + 4 <= headerBytes ? head.readUInt32LE(at) : 0);
  const rawHeight = isCore ? head.readUInt16LE(6) : head.readInt32LE(8);
  const bits = head.readUInt16LE(isCore ? 10 : 14);
  if (!isBits(bits)) throw damagedPicture(path);
  const compression = isCore ? 0 : field(16);
  checkCompression(compression, headerBytes, bits, path);
  const hasMasks = compression === 3 || compression === 6;
  // A header of 52 bytes and more has room for them; else they follow it.
  const maskCount = !hasMasks || headerBytes >= 52 ? 0 : compression === 6 ? 4 : 3;
  const masksEnd = headerBytes + 4 * maskCount;
  if (head.length < masksEnd) throw damagedPicture(path);
  const mask = (index: number) =>
    index < maskCount || headerBytes >= 52 + (index === 3 ? 4 : 0) ? head.readUInt32LE(40 + 4 * index) : 0;
  const masks = hasMasks ? ([mask(0), mask(1), mask(2), mask(3)] as const) : bits === 16 ? RGB555 : RGB888;
  const palette = bits > 8 ? new Uint8Array(0) : readPalette(head, masksEnd, isCore ? 3 : 4, field(32) || 2 ** bits);
  const [perMetreX, perMetreY] = [field(24), field(28)];
  return {
    width: isCore ? head.readUInt16LE(4) : head.readInt32LE(4),
    height: Math.abs(rawHeight),
    topDown: rawHeight < 0,
    bits,
    coding: compression === 1 ? 'rle8' : compression === 2 ? 'rle4' : 'plain',
    masks,
    hasMasks,
    palette,
    headBytes: masksEnd + (palette.length / 3) * (isCore ? 3 : 4) + (bits > 8 ? 4 * Math.min(field(32), 256) : 0),
    density: isCore ? null : makeDensity(perMetreX * METRES_PER_INCH, perMetreY * METRES_PER_INCH),
    profile: headerBytes >= 124 && field(56) === EMBEDDED ? { offset: field(112), bytes: field(116) } : null,
  };
}

const METRES_PER_INCH = 0.0254;
const RGB555 = [0x7c00, 0x03e0, 0x001f, 0] as const;
const RGB888 = [0xff0000, 0xff00, 0xff, 0] as const;
/** "MBED" */
const EMBEDDED = 0x4d424544;

function isBits(bits: number): bits is Dib['bits'] {
  return [1, 2, 4, 8, 16, 24, 32].includes(bits);
}

function checkCompression(compression: number, headerBytes: number, bits: number, path: string): void {
  // OS/2's header of 64 bytes (and its short forms) counts differently from 3 on.
  const isOs2 = headerBytes === 64 || headerBytes === 16;
  const fits =
    compression === 0 ||
    (compression === 1 && bits === 8) ||
    (compression === 2 && bits === 4) ||
    (!isOs2 && (compression === 3 || compression === 6) && (bits === 16 || bits === 32));
  if (fits) return;
  const name = (isOs2 ? OS2_NAMES : NAMES)[compression];
  if (name === undefined) throw damagedPicture(path);
  throw unsupportedVariant(path, `is a BMP picture with ${name} compression`);
}

const NAMES: Readonly<Record<number, string>> = { 4: 'JPEG', 5: 'PNG', 11: 'CMYK', 12: 'CMYK', 13: 'CMYK' };
const OS2_NAMES: Readonly<Record<number, string>> = { 3: 'Huffman', 4: '24-bit run-length' };

/** Blue, green, red(, unused), as many as there are. */
function readPalette(head: Buffer, start: number, entryBytes: 3 | 4, wanted: number): Uint8Array {
  const count = Math.min(wanted, 256, Math.floor(Math.max(0, head.length - start) / entryBytes));
  const palette = new Uint8Array(count * 3);
  for (let index = 0; index < count; index++) {
    const at = start + index * entryBytes;
    palette.set([head[at + 2]!, head[at + 1]!, head[at]!], 3 * index);
  }
  return palette;
}

import type { ByteSource } from '../../bytes/byte-source.ts';

export interface TgaHeader {
  readonly kind: 'palette' | 'colour' | 'gray';
  readonly packed: boolean;
  readonly width: number;
  readonly height: number;
  readonly pixelBytes: 1 | 2 | 3 | 4;
  /** Of what the pixels are, or the palette's entries. */
  readonly entryBits: 8 | 15 | 16 | 24 | 32;
  readonly alpha: 'none' | 'straight' | 'multiplied';
  readonly topDown: boolean;
  readonly rightToLeft: boolean;
  readonly paletteOffset: number;
  readonly paletteFirst: number;
  readonly paletteLength: number;
  readonly offset: number;
}

/** Whether a file without a mark may be one: a TGA says nothing but this. */
export function looksLikeTga(head: Buffer): boolean {
  return parseTga(head.subarray(0, TGA_HEADER_BYTES), null) !== null;
}

/** The mark at the end of a TGA of the second version. */
export async function hasTgaFooter(source: ByteSource): Promise<boolean> {
  return source.size >= 26 && (await source.read(source.size - 18, 16)).toString('latin1') === 'TRUEVISION-XFILE';
}

export const TGA_HEADER_BYTES = 18;

/** @see Truevision TGA File Format Specification 2.0 @returns null: this is none */
export function parseTga(head: Buffer, attributes: number | null): TgaHeader | null {
  if (head.length < TGA_HEADER_BYTES) return null;
  const [idBytes, hasPalette, type] = [head[0]!, head[1]!, head[2]!];
  const kind = KINDS[type & 7];
  const [paletteFirst, paletteLength, paletteBits] = [head.readUInt16LE(3), head.readUInt16LE(5), head[7]!];
  const [width, height, bits, descriptor] = [head.readUInt16LE(12), head.readUInt16LE(14), head[16]!, head[17]!];
  if (kind === undefined || (type & ~8) === 0 || type > 11 || hasPalette > 1 || width === 0 || height === 0)
    return null;
  if ((descriptor & 0xc0) !== 0 || (kind === 'palette' && hasPalette === 0)) return null;
  const entryBits = kind === 'palette' ? paletteBits : bits;
  const allowed = kind === 'gray' ? [8, 16] : [15, 16, 24, 32];
  if (!allowed.includes(entryBits) || (kind === 'palette' && bits !== 8 && bits !== 16)) return null;
  if (kind === 'palette' && paletteLength === 0) return null;
  const alphaBits = descriptor & 15;
  const canBeClear = entryBits === 32 || entryBits === 16;
  const stated = attributes === null ? alphaBits > 0 : attributes === 3 || attributes === 4;
  const paletteBytes = hasPalette === 1 ? paletteLength * Math.ceil(paletteBits / 8) : 0;
  return {
    kind,
    packed: (type & 8) !== 0,
    width,
    height,
    pixelBytes: Math.ceil(bits / 8) as TgaHeader['pixelBytes'],
    entryBits: entryBits as TgaHeader['entryBits'],
    alpha: !canBeClear || !stated ? 'none' : attributes === 4 ? 'multiplied' : 'straight',
    topDown: (descriptor & 0x20) !== 0,
    rightToLeft: (descriptor & 0x10) !== 0,
    paletteOffset: TGA_HEADER_BYTES + idBytes,
    paletteFirst,
    paletteLength,
    offset: TGA_HEADER_BYTES + idBytes + paletteBytes,
  };
}

const KINDS: Readonly<Record<number, TgaHeader['kind']>> = { 1: 'palette', 2: 'colour', 3: 'gray' };

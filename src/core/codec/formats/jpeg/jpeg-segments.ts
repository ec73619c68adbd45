import type { ByteSource } from '../../bytes/byte-source.ts';
import type { Piece } from '../../bytes/rewrite.ts';
import { type Density, makeDensity } from '../../metadata/exif.ts';
import { PHOTOSHOP_MARK, type PictureMetadata } from '../../metadata/metadata.ts';

/** The density in a JPEG's JFIF segment, or null. EXIF may state another. */
export async function readJfifDensity(source: ByteSource): Promise<Density | null> {
  for await (const { marker, start } of jpegSegments(source)) {
    if (marker !== APP0) continue;
    const data = await source.read(start + 4, 12);
    if (data.length < 12 || data.toString('latin1', 0, 5) !== 'JFIF\0') continue;
    const perInch = [null, 1, 2.54][data.readUInt8(7)] ?? null;
    return perInch === null ? null : makeDensity(data.readUInt16BE(8) * perInch, data.readUInt16BE(10) * perInch);
  }
  return null;
}

/** The file with JFIF, EXIF, XMP, IPTC and profile segments in place of its own leading ones of these kinds. */
export async function jpegPieces(source: ByteSource, metadata: PictureMetadata): Promise<Piece[]> {
  let rest = 2;
  for await (const { marker, end } of jpegSegments(source)) {
    if (marker < APP0 || marker > APP13) break;
    rest = end;
  }
  const { exif, xmp, iptc, icc } = metadata;
  return [
    Buffer.from([0xff, 0xd8]),
    jfifSegment(metadata.density),
    ...(exif === null ? [] : [makeSegment(APP1, EXIF_MARK, exif)]),
    ...(xmp === null ? [] : [makeSegment(APP1, XMP_MARK, xmp)]),
    ...(iptc === null ? [] : splitBytes(iptc, IPTC_PART_BYTES).map((part) => makeSegment(APP13, PHOTOSHOP_MARK, part))),
    ...(icc === null ? [] : iccSegments(icc)),
    { start: rest, end: source.size },
  ];
}

/** What fits the one segment that readers look at. */
export const MAX_JPEG_EXIF_BYTES = 65533 - 6;
export const MAX_JPEG_XMP_BYTES = 65533 - 29;
export const MAX_JPEG_ICC_BYTES = 255 * 65519;

const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP13 = 0xed;
const EXIF_MARK = Buffer.from('Exif\0\0', 'latin1');
const XMP_MARK = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');
const ICC_MARK = Buffer.from('ICC_PROFILE\0', 'latin1');
const ICC_PART_BYTES = 65519;
const IPTC_PART_BYTES = 65500;

/** JFIF 1.02. Whole dots per inch where that is exact enough, else per centimetre where that is. */
function jfifSegment(density: Density | null): Buffer {
  const segment = Buffer.from([0xff, APP0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 2, 0, 0, 1, 0, 1, 0, 0]);
  if (density === null) return segment;
  const values = [density.x, density.y];
  const metric = values.some((value) => !isNearWhole(value)) && values.every((value) => isNearWhole(value / 2.54));
  segment.writeUInt8(metric ? 2 : 1, 11);
  values.forEach((value, index) => {
    segment.writeUInt16BE(Math.min(0xffff, Math.max(1, Math.round(metric ? value / 2.54 : value))), 12 + index * 2);
  });
  return segment;
}

function isNearWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 0.02;
}

function iccSegments(icc: Uint8Array): Buffer[] {
  const parts = splitBytes(icc, ICC_PART_BYTES);
  return parts.map((part, index) =>
    makeSegment(APP2, Buffer.concat([ICC_MARK, Buffer.from([index + 1, parts.length])]), part),
  );
}

function splitBytes(bytes: Uint8Array, size: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}

function makeSegment(marker: number, mark: Buffer, data: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(2 + mark.length + data.length, 2);
  return Buffer.concat([head, mark, data]);
}

/** The marker segments before the first scan. */
export async function* jpegSegments(source: ByteSource): AsyncIterable<{ marker: number; start: number; end: number }> {
  let start = 2;
  for (let seen = 0; seen < MAX_SEGMENTS; seen++) {
    const head = await source.read(start, 4);
    if (head.length < 4 || head[0] !== 0xff) return;
    const marker = head.readUInt8(1);
    if (marker === 0xff) {
      start += 1; // Fill bytes are allowed before a marker.
      continue;
    }
    if (marker === SOS || marker === EOI) return;
    const end = start + 2 + head.readUInt16BE(2);
    yield { marker, start, end };
    start = end;
  }
}

const SOS = 0xda;
const EOI = 0xd9;
const MAX_SEGMENTS = 4096;

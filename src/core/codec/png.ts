import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import { type Density, makeDensity } from './exif.ts';
import type { PictureMetadata } from './metadata.ts';
import type { Piece } from './rewrite.ts';

/** What stands before the pixels of a PNG file and libvips does not tell. */
export interface PngHeader {
  readonly density: Density | null;
  readonly pngColour: PictureMetadata['pngColour'];
  /** libpng leaves out, without a word, what it does not take. */
  readonly hasProfile: boolean;
  /** An APNG: libvips reads its first picture only. */
  readonly animated: boolean;
}

/** @see W3C PNG, third edition, section 11.3 */
export async function readPngHeader(source: ByteSource): Promise<PngHeader> {
  let density: Density | null = null;
  let animated = false;
  let hasProfile = false;
  const pngColour: { type: string; data: Uint8Array }[] = [];
  for await (const { type, start, end } of pngChunks(source)) {
    if (type === 'pHYs') density = parsePhys(await source.read(start + 8, 9));
    if (type === 'acTL') animated = true;
    if (type === 'iCCP') hasProfile = true;
    if (COLOUR_CHUNKS.has(type) && end - start <= 12 + 64) {
      pngColour.push({ type, data: Buffer.from(await source.read(start + 8, end - start - 12)) });
    }
  }
  return { density, pngColour, hasProfile, animated };
}

const COLOUR_CHUNKS: ReadonlySet<string> = new Set(['cICP', 'gAMA', 'cHRM', 'sRGB', 'mDCV', 'cLLI']);

/** The file with the metadata behind its IHDR, in place of whatever stood before the pixels there except a palette. */
export async function pngPieces(source: ByteSource, metadata: PictureMetadata): Promise<Piece[]> {
  const pieces: Piece[] = [{ start: 0, end: SIGNATURE_BYTES + IHDR_BYTES }, ...(await metadataChunks(metadata))];
  let pixels = SIGNATURE_BYTES + IHDR_BYTES;
  for await (const { type, start, end } of pngChunks(source)) {
    if (type === 'PLTE' || type === 'tRNS') pieces.push({ start, end });
    pixels = end;
  }
  return [...pieces, { start: pixels, end: source.size }];
}

const SIGNATURE_BYTES = 8;
const IHDR_BYTES = 25;

async function metadataChunks(metadata: PictureMetadata): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  if (metadata.icc !== null) {
    const name = Buffer.from('ICC profile\0\0', 'latin1');
    chunks.push(makeChunk('iCCP', Buffer.concat([name, await promisify(deflate)(metadata.icc)])));
  }
  for (const { type, data } of metadata.pngColour) {
    // A profile overrules gAMA and cHRM and forbids sRGB beside it.
    if (metadata.icc === null || type !== 'sRGB') chunks.push(makeChunk(type, data));
  }
  if (metadata.density !== null) {
    const data = Buffer.alloc(9);
    data.writeUInt32BE(Math.round(metadata.density.x / METRES_PER_INCH), 0);
    data.writeUInt32BE(Math.round(metadata.density.y / METRES_PER_INCH), 4);
    data.writeUInt8(1, 8);
    chunks.push(makeChunk('pHYs', data));
  }
  if (metadata.exif !== null) chunks.push(makeChunk('eXIf', metadata.exif));
  if (metadata.xmp !== null) {
    chunks.push(makeChunk('iTXt', Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0\0\0\0', 'latin1'), metadata.xmp])));
  }
  return chunks;
}

function parsePhys(data: Buffer): Density | null {
  if (data.length < 9 || data.readUInt8(8) !== 1) return null;
  return makeDensity(data.readUInt32BE(0) * METRES_PER_INCH, data.readUInt32BE(4) * METRES_PER_INCH);
}

const METRES_PER_INCH = 0.0254;

/** The chunks between IHDR and the first IDAT. */
async function* pngChunks(source: ByteSource): AsyncIterable<{ type: string; start: number; end: number }> {
  let start = SIGNATURE_BYTES + IHDR_BYTES;
  for (let seen = 0; seen < MAX_CHUNKS; seen++) {
    const head = await source.read(start, 8);
    if (head.length < 8) return;
    const type = head.toString('latin1', 4, 8);
    if (type === 'IDAT' || type === 'IEND') return;
    const end = start + 12 + head.readUInt32BE(0);
    if (end > source.size) return;
    yield { type, start, end };
    start = end;
  }
}

const MAX_CHUNKS = 1000;

function makeChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, data.length + 8)), data.length + 8);
  return chunk;
}

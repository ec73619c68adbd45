import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { Piece } from '../../bytes/rewrite.ts';
import { type Density, METRES_PER_INCH, makeDensity } from '../../metadata/exif.ts';
import type { PictureMetadata } from '../../metadata/metadata.ts';
import { iptcText, type PngBlocks, type PngChunk, readPngBlocks, XMP_KEYWORD } from './png-blocks.ts';

/** What a PNG file says and libvips does not tell. */
export interface PngHeader extends PngBlocks {
  readonly density: Density | null;
  readonly pngColour: PictureMetadata['pngColour'];
  /** libpng leaves out, without a word, what it does not take. */
  readonly hasProfile: boolean;
  /** Pictures that an APNG announces, of which libvips reads the first only; 1 for others. */
  readonly frames: number;
}

/** @see W3C PNG, third edition, section 11.3 */
export async function readPngHeader(source: ByteSource): Promise<PngHeader> {
  let density: Density | null = null;
  let frames = 1;
  let hasProfile = false;
  const pngColour: { type: string; data: Uint8Array }[] = [];
  for await (const { type, start, end } of pngChunks(source, true)) {
    if (type === 'pHYs') density = parsePhys(await source.read(start + 8, 9));
    if (type === 'acTL' && end - start === 20) frames = (await source.read(start + 8, 4)).readUInt32BE(0);
    if (type === 'iCCP') hasProfile = true;
    if (COLOUR_CHUNKS.has(type) && end - start <= 12 + 64) {
      pngColour.push({ type, data: Buffer.from(await source.read(start + 8, end - start - 12)) });
    }
  }
  return { density, pngColour, hasProfile, frames, ...(await readPngBlocks(source, pngChunks(source, false))) };
}

const COLOUR_CHUNKS: ReadonlySet<string> = new Set(['cICP', 'gAMA', 'cHRM', 'sRGB', 'mDCV', 'cLLI']);

/** The file with the metadata behind its IHDR, in place of whatever stood before the pixels there except a palette. */
export async function pngPieces(source: ByteSource, metadata: PictureMetadata): Promise<Piece[]> {
  const pieces: Piece[] = [{ start: 0, end: HEAD_BYTES }, ...(await metadataChunks(metadata))];
  let pixels = HEAD_BYTES;
  for await (const { type, start, end } of pngChunks(source, true)) {
    if (type === 'PLTE' || type === 'tRNS') pieces.push({ start, end });
    pixels = end;
  }
  return [...pieces, { start: pixels, end: source.size }];
}

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** With IHDR. */
const HEAD_BYTES = PNG_SIGNATURE.length + 25;

/** What is written before the pixels. */
export async function metadataChunks(metadata: PictureMetadata): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  if (metadata.icc !== null) {
    const name = Buffer.from('ICC profile\0\0', 'latin1');
    chunks.push(makePngChunk('iCCP', Buffer.concat([name, await promisify(deflate)(metadata.icc)])));
  }
  for (const { type, data } of metadata.pngColour) {
    // A profile overrules gAMA and cHRM and forbids sRGB beside it.
    if (metadata.icc === null || type !== 'sRGB') chunks.push(makePngChunk(type, data));
  }
  if (metadata.density !== null) {
    const data = Buffer.alloc(9);
    data.writeUInt32BE(Math.round(metadata.density.x / METRES_PER_INCH), 0);
    data.writeUInt32BE(Math.round(metadata.density.y / METRES_PER_INCH), 4);
    data.writeUInt8(1, 8);
    chunks.push(makePngChunk('pHYs', data));
  }
  if (metadata.exif !== null) chunks.push(makePngChunk('eXIf', metadata.exif));
  if (metadata.xmp !== null) {
    const head = Buffer.from(`${XMP_KEYWORD}\0\0\0\0\0`, 'latin1');
    chunks.push(makePngChunk('iTXt', Buffer.concat([head, metadata.xmp])));
  }
  if (metadata.iptc !== null) chunks.push(makePngChunk('zTXt', await iptcText(metadata.iptc)));
  return chunks;
}

function parsePhys(data: Buffer): Density | null {
  if (data.length < 9 || data.readUInt8(8) !== 1) return null;
  return makeDensity(data.readUInt32BE(0) * METRES_PER_INCH, data.readUInt32BE(4) * METRES_PER_INCH);
}

/** The chunks behind IHDR, those of pixels only if the first is not where it ends. */
async function* pngChunks(source: ByteSource, untilPixels: boolean): AsyncIterable<PngChunk> {
  let start = HEAD_BYTES;
  // Read ahead: a hostile file may have very many of 12 bytes.
  let block: Buffer = Buffer.alloc(0);
  let blockAt = 0;
  for (let seen = 0; seen < (untilPixels ? MAX_CHUNKS : MAX_CHUNKS_WITH_PIXELS); seen++) {
    if (start < blockAt || start + 8 > blockAt + block.length) {
      block = await source.read(start, BLOCK_BYTES);
      blockAt = start;
    }
    const head = block.subarray(start - blockAt, start - blockAt + 8);
    if (head.length < 8) return;
    const type = head.toString('latin1', 4, 8);
    if (type === 'IEND' || (untilPixels && type === 'IDAT')) return;
    const end = start + 12 + head.readUInt32BE(0);
    if (end > source.size) return;
    yield { type, start, end };
    start = end;
  }
}

const BLOCK_BYTES = 4096;
const MAX_CHUNKS = 1000;
/** 800 MB where each has 8 KiB, as most encoders write them. */
const MAX_CHUNKS_WITH_PIXELS = 100_000;

export function makePngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, data.length + 8)), data.length + 8);
  return chunk;
}

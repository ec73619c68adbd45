import { extname } from 'node:path';
import { makeRaster, type Raster } from '../../pixels/raster.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readRest, readRows } from '../bytes/rows.ts';
import { type PlainHeader, readByUpreel } from '../definition/plain-kind.ts';
import type { StillFormat, UnmarkedFile } from '../definition/still-format.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { damagedPicture } from '../libvips.ts';
import { divideByAlpha, multipliedNote } from '../samples.ts';
import { spreadTable } from '../spread.ts';
import { hasTgaFooter, looksLikeTga, parseTga, TGA_HEADER_BYTES, type TgaHeader } from './tga/tga-header.ts';

const EXTENSIONS: readonly string[] = ['.tga', '.icb', '.vda'];

/** Read here because ffmpeg takes gray with alpha for colours, and transparency of one bit for none. */
export const tga = {
  name: 'TGA',
  extensions: EXTENSIONS,
  mark: null,
  isLikely,
  read: readByUpreel({ readHeader, readPixels }),
} satisfies StillFormat;

/** The one kind without a mark at its beginning: the name counts, where it has none at its end. */
async function isLikely({ path, head, source }: UnmarkedFile): Promise<boolean> {
  if (!looksLikeTga(head)) return false;
  return EXTENSIONS.includes(extname(path).toLowerCase()) || (await hasTgaFooter(source));
}

async function readHeader(source: ByteSource, path: string): Promise<PlainHeader<TgaHeader>> {
  const own = parseTga(await source.read(0, TGA_HEADER_BYTES), await readAttributes(source));
  if (own === null) throw damagedPicture(path);
  const still: StillHeader = {
    size: { width: own.width, height: own.height },
    channels: own.kind === 'gray' ? 1 : 3,
    bytesPerSample: 1,
    alpha: own.alpha !== 'none',
    warnings: own.alpha === 'multiplied' ? [multipliedNote(path)] : [],
  };
  return { still, own };
}

async function readPixels(source: ByteSource, path: string, still: StillHeader, own: TgaHeader): Promise<StillPixels> {
  const { width, height, pixelBytes, offset } = own;
  const target = {
    colour: makeRaster(width, height, still),
    alpha: still.alpha ? makeRaster(width, height, { ...still, channels: 1 }) : null,
  };
  const put = rowPutter(own, own.kind === 'palette' ? await readPalette(source, path, own) : null, target);
  const rowBytes = width * pixelBytes;
  if (own.packed) unpack(await readRest(source, path, offset), { path, own, rowBytes, put });
  else await readRows(source, { path, offset, rowBytes, rows: height }, put);
  return settleAlpha(target, path, own);
}

/** What the extension area says of alpha: 3 straight, 4 multiplied, others none; null: the file has no such area. */
async function readAttributes(source: ByteSource): Promise<number | null> {
  if (!(await hasTgaFooter(source))) return null;
  const at = (await source.read(source.size - 26, 4)).readUInt32LE(0);
  const extension = at === 0 ? Buffer.alloc(0) : await source.read(at, 495);
  return extension.length === 495 ? extension[494]! : null;
}

/** Entries of red, green, blue and alpha. */
async function readPalette(source: ByteSource, path: string, own: TgaHeader): Promise<Uint8Array> {
  const bytes = Math.ceil(own.entryBits / 8);
  const packed = await source.read(own.paletteOffset, own.paletteLength * bytes);
  if (packed.length < own.paletteLength * bytes) throw damagedPicture(path);
  const entries = new Uint8Array(4 * 65_536);
  for (let index = 0; index < own.paletteLength && own.paletteFirst + index < 65_536; index++) {
    readEntry(packed, index * bytes, own.entryBits, entries, 4 * (own.paletteFirst + index));
  }
  return entries;
}

function readEntry(from: Uint8Array, at: number, bits: TgaHeader['entryBits'], to: Uint8Array, place: number): void {
  if (bits <= 16) {
    const value = from[at]! | (from[at + 1]! << 8);
    to[place] = FIVE_BITS[(value >> 10) & 31]!;
    to[place + 1] = FIVE_BITS[(value >> 5) & 31]!;
    to[place + 2] = FIVE_BITS[value & 31]!;
    to[place + 3] = value & 0x8000 ? 255 : 0;
    return;
  }
  to[place] = from[at + 2]!;
  to[place + 1] = from[at + 1]!;
  to[place + 2] = from[at]!;
  to[place + 3] = bits === 32 ? from[at + 3]! : 255;
}

const FIVE_BITS = spreadTable(31, 255);

type PutRow = (row: Uint8Array, index: number) => void;

function rowPutter(
  { kind, width, height, pixelBytes, entryBits, topDown, rightToLeft }: TgaHeader,
  palette: Uint8Array | null,
  { colour, alpha }: { colour: Raster; alpha: Raster | null },
): PutRow {
  const entry = new Uint8Array(4);
  return (row, index) => {
    const start = (topDown ? index : height - 1 - index) * width;
    for (let x = 0; x < width; x++) {
      const pixel = start + (rightToLeft ? width - 1 - x : x);
      const at = x * pixelBytes;
      if (kind === 'gray') {
        colour.data[pixel] = row[at]!;
        if (alpha !== null) alpha.data[pixel] = row[at + 1]!;
        continue;
      }
      let [from, place]: [Uint8Array, number] = [entry, 0];
      if (palette === null) readEntry(row, at, entryBits, entry, 0);
      else [from, place] = [palette, 4 * (pixelBytes === 1 ? row[at]! : row[at]! | (row[at + 1]! << 8))];
      colour.data[3 * pixel] = from[place]!;
      colour.data[3 * pixel + 1] = from[place + 1]!;
      colour.data[3 * pixel + 2] = from[place + 2]!;
      if (alpha !== null) alpha.data[pixel] = from[place + 3]!;
    }
  };
}

/** Packets of one pixel repeated, or of pixels as they are; they may go on in the next row. */
function unpack(
  bytes: Buffer,
  { path, own, rowBytes, put }: { path: string; own: TgaHeader; rowBytes: number; put: PutRow },
): void {
  const { pixelBytes, height } = own;
  const row = new Uint8Array(rowBytes);
  let [at, filled, index] = [0, 0, 0];
  while (index < height) {
    const code = bytes[at++];
    if (code === undefined) throw damagedPicture(path);
    const isRun = code >= 128;
    for (let left = (code & 127) + 1; left > 0 && index < height; left--) {
      if (at + pixelBytes > bytes.length) throw damagedPicture(path);
      for (let byte = 0; byte < pixelBytes; byte++) row[filled++] = bytes[at + byte]!;
      if (!isRun) at += pixelBytes;
      if (filled < rowBytes) continue;
      put(row, index++);
      filled = 0;
    }
    if (isRun) at += pixelBytes;
  }
}

/** Programs that know no transparency leave it 0 everywhere. */
function settleAlpha(
  { colour, alpha }: { colour: Raster; alpha: Raster | null },
  path: string,
  own: TgaHeader,
): StillPixels {
  if (alpha?.data.every((level) => level === 0)) {
    alpha.data.fill(255);
    return { colour, alpha, warnings: [`${path} is transparent everywhere: it was taken as opaque.`] };
  }
  if (alpha !== null && own.alpha === 'multiplied') divideByAlpha(colour, alpha);
  return { colour, alpha, warnings: [] };
}

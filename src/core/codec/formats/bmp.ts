import { open } from 'node:fs/promises';
import type { ByteSource } from '../bytes/byte-source.ts';
import { NO_PLACES } from '../definition/metadata-places.ts';
import { type PlainHeader, readByUpreel } from '../definition/plain-kind.ts';
import { bandsOf, type RowFile, type RowPicture, writeAt } from '../definition/row-picture.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { damagedPicture } from '../libvips.ts';
import { METRES_PER_INCH } from '../metadata/exif.ts';
import { iccColourSpace } from '../metadata/metadata.ts';
import { type Dib, parseDib } from './bmp/dib.ts';
import { dibRowBytes, makeDibTarget, readDibPixels, usesFourthByte } from './bmp/dib-pixels.ts';

/**
 * Windows' and OS/2's bitmaps, 1 to 32 bits, run-length codes, any masks, ICC profile. Read here because ffmpeg refuses
 * masks that are not in its list, reads a file cut in half, and takes 5 bits for 8 by shifting.
 */
export const bmp = {
  name: 'BMP',
  extensions: ['.bmp', '.dib'],
  // Too short for a header: the decoder says that it ends early.
  mark: (start, head) => start.startsWith('BM') && (head.length < 18 || head.readUInt32LE(14) <= 4096),
  read: readByUpreel({ readHeader, readPixels }),
  write: {
    endings: ['.bmp'],
    abilities: {
      maxSidePx: 2_147_483_647,
      // Its sizes have 32 bits.
      maxMegapixels: 1000,
      alpha: true,
      sixteenBit: false,
      pages: 'one',
      lossless: 'always',
      defaultQuality: 100,
    },
    places: { ...NO_PLACES, icc: true, density: true, gray: 'as-rgb' },
    still: { by: 'rows', create: createBmp },
  },
} satisfies StillFormat;

interface Place {
  readonly dib: Dib;
  readonly offset: number;
}

async function readHeader(source: ByteSource, path: string): Promise<PlainHeader<Place>> {
  const head = await source.read(0, FILE_HEADER_BYTES + LONGEST_HEAD_BYTES);
  if (head.length < FILE_HEADER_BYTES) throw damagedPicture(path);
  const dib = parseDib(head.subarray(FILE_HEADER_BYTES), path);
  const stated = head.readUInt32LE(10);
  const offset = stated < FILE_HEADER_BYTES + 12 ? FILE_HEADER_BYTES + dib.headBytes : stated;
  const { width, height, bits } = dib;
  if (dib.coding === 'plain' && offset + dibRowBytes(bits, width) * height > source.size) throw damagedPicture(path);
  const hasFourth = bits === 32 && !dib.hasMasks && (await usesFourthByte(source, { path, dib, offset }));
  const still: StillHeader = {
    size: { width, height },
    channels: isGray(dib.palette) && bits <= 8 ? 1 : 3,
    bytesPerSample: 1,
    alpha: hasFourth || dib.masks[3] !== 0,
    metadata: { density: dib.density, icc: await readProfile(source, dib) },
    warnings: hasFourth
      ? [`${path} does not say what the fourth byte of its pixels is: it was taken for transparency.`]
      : [],
  };
  return { still, own: { dib, offset } };
}

async function readPixels(
  source: ByteSource,
  path: string,
  still: StillHeader,
  { dib, offset }: Place,
): Promise<StillPixels> {
  const target = makeDibTarget(dib, still.channels, still.alpha);
  await readDibPixels(source, { path, dib, offset }, target);
  return { ...target, warnings: [] };
}

const FILE_HEADER_BYTES = 14;
const LONGEST_HEAD_BYTES = 4096 + 16 + 1024;

function isGray(palette: Uint8Array): boolean {
  for (let at = 0; at < palette.length; at += 3) {
    if (palette[at] !== palette[at + 1] || palette[at] !== palette[at + 2]) return false;
  }
  return true;
}

async function readProfile(source: ByteSource, { profile }: Dib): Promise<Uint8Array | null> {
  if (profile === null || profile.bytes > MAX_PROFILE_BYTES) return null;
  const icc = await source.read(FILE_HEADER_BYTES + profile.offset, profile.bytes);
  return iccColourSpace(icc) === 'RGB' ? icc : null;
}

const MAX_PROFILE_BYTES = 16 * 1024 * 1024;

/**
 * BMP with rows from the bottom up, as every reader takes it: gray as 256 palette entries, RGB of 24 bits, or with
 * alpha of 32 bits. The header is the first one (40 bytes) unless alpha or a profile needs the fifth.
 * @see Microsoft, BITMAPINFOHEADER and BITMAPV5HEADER
 */
async function createBmp(path: string, picture: RowPicture): Promise<RowFile> {
  const { width, height } = picture;
  const bands = bandsOf(picture);
  const layout = layOut(picture);
  const file = await open(path, 'wx');
  await writeAt(file, layout.head, 0);
  if (layout.profile !== null) await writeAt(file, layout.profile, layout.profileAt);
  let below = height;
  return {
    write: async (rows) => {
      const count = rows.length / (width * bands);
      below -= count;
      const bytes = Buffer.alloc(count * layout.rowBytes);
      for (let row = 0; row < count; row++) {
        const from = rows.subarray(row * width * bands, (row + 1) * width * bands);
        storeRow(from, bytes.subarray((count - 1 - row) * layout.rowBytes), bands);
      }
      await writeAt(file, bytes, layout.head.length + below * layout.rowBytes);
    },
    finish: async () => {
      await file.close();
      return path;
    },
    discard: () => file.close(),
  };
}

interface BmpLayout {
  /** Headers, masks and palette. */
  readonly head: Buffer;
  /** Padded to whole words. */
  readonly rowBytes: number;
  /** Behind the pixels. */
  readonly profile: Uint8Array | null;
  readonly profileAt: number;
}

function layOut(picture: RowPicture): BmpLayout {
  const { width, height, alpha, metadata } = picture;
  const { icc, density } = metadata;
  const isGray = bandsOf(picture) === 1;
  const bits = isGray ? 8 : alpha ? 32 : 24;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const infoBytes = alpha || icc !== null ? V5_BYTES : INFO_BYTES;
  const head = Buffer.alloc(FILE_HEADER_BYTES + infoBytes + (isGray ? 256 * 4 : 0));
  const profileAt = head.length + rowBytes * height;
  head.write('BM', 'latin1');
  head.writeUInt32LE(profileAt + (icc?.length ?? 0), 2);
  head.writeUInt32LE(head.length, 10);
  const info = head.subarray(FILE_HEADER_BYTES);
  info.writeUInt32LE(infoBytes, 0);
  info.writeInt32LE(width, 4);
  info.writeInt32LE(height, 8);
  info.writeUInt16LE(1, 12);
  info.writeUInt16LE(bits, 14);
  info.writeUInt32LE(alpha ? BITFIELDS : 0, 16);
  info.writeUInt32LE(rowBytes * height, 20);
  info.writeInt32LE(density === null ? 0 : Math.round(density.x / METRES_PER_INCH), 24);
  info.writeInt32LE(density === null ? 0 : Math.round(density.y / METRES_PER_INCH), 28);
  info.writeUInt32LE(isGray ? 256 : 0, 32);
  if (infoBytes === V5_BYTES) {
    if (alpha)
      [0xff0000, 0xff00, 0xff, 0xff000000].forEach((mask, index) => void info.writeUInt32LE(mask, 40 + index * 4));
    // Read as letters from the high byte down.
    info.write(icc === null ? 'BGRs' : 'DEBM', 56, 'latin1');
    info.writeUInt32LE(INTENT_PERCEPTUAL, 108);
    if (icc !== null) {
      info.writeUInt32LE(profileAt - FILE_HEADER_BYTES, 112);
      info.writeUInt32LE(icc.length, 116);
    }
  }
  for (let level = 0; isGray && level < 256; level++)
    head.fill(level, FILE_HEADER_BYTES + infoBytes + level * 4, FILE_HEADER_BYTES + infoBytes + level * 4 + 3);
  return { head, rowBytes, profile: icc, profileAt };
}

const INFO_BYTES = 40;
const V5_BYTES = 124;
const BITFIELDS = 3;
const INTENT_PERCEPTUAL = 4;

/** Blue, green, red and alpha; gray as an index, or with alpha three times. */
function storeRow(from: Uint8Array, to: Buffer, bands: number): void {
  if (bands === 1) {
    to.set(from);
    return;
  }
  const step = bands === 3 ? 3 : 4;
  const isGray = bands === 2;
  for (let at = 0, out = 0; at < from.length; at += bands, out += step) {
    to[out] = from[isGray ? at : at + 2]!;
    to[out + 1] = from[isGray ? at : at + 1]!;
    to[out + 2] = from[at]!;
    if (step === 4) to[out + 3] = from[at + bands - 1]!;
  }
}

import { open } from 'node:fs/promises';
import { bandsOf, type RowFile, type RowPicture, writeAt } from '../definition/row-picture.ts';
import { METRES_PER_INCH } from '../metadata/exif.ts';

/**
 * BMP with rows from the bottom up, as every reader takes it: gray as 256 palette entries, RGB of 24 bits, or with
 * alpha of 32 bits. The header is the first one (40 bytes) unless alpha or a profile needs the fifth.
 * @see Microsoft, BITMAPINFOHEADER and BITMAPV5HEADER
 */
export async function createBmp(path: string, picture: RowPicture): Promise<RowFile> {
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
  const head = Buffer.alloc(FILE_BYTES + infoBytes + (isGray ? 256 * 4 : 0));
  const profileAt = head.length + rowBytes * height;
  head.write('BM', 'latin1');
  head.writeUInt32LE(profileAt + (icc?.length ?? 0), 2);
  head.writeUInt32LE(head.length, 10);
  const info = head.subarray(FILE_BYTES);
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
      info.writeUInt32LE(profileAt - FILE_BYTES, 112);
      info.writeUInt32LE(icc.length, 116);
    }
  }
  for (let level = 0; isGray && level < 256; level++)
    head.fill(level, FILE_BYTES + infoBytes + level * 4, FILE_BYTES + infoBytes + level * 4 + 3);
  return { head, rowBytes, profile: icc, profileAt };
}

const FILE_BYTES = 14;
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

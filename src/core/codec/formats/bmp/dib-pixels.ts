import { makeRaster, type Raster } from '../../../pixels/raster.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { readRest, readRows } from '../../bytes/rows.ts';
import { damagedPicture } from '../../libvips.ts';
import { spreadTable } from '../../spread.ts';
import type { Dib } from './dib.ts';

/** Where the pixels of a bitmap go. */
export interface DibTarget {
  readonly colour: Raster;
  readonly alpha: Raster | null;
}

export function dibRowBytes(bits: number, width: number): number {
  return Math.ceil((bits * width) / 32) * 4;
}

/** Reads the pixels that begin at `offset`. @throws UpreelError `input-damaged` */
export async function readDibPixels(
  source: ByteSource,
  { path, dib, offset }: { path: string; dib: Dib; offset: number },
  target: DibTarget,
): Promise<void> {
  const { width, height: rows, bits, topDown } = dib;
  const put = dib.bits <= 8 ? putPalette(dib, target) : putChannels(dib, target);
  if (dib.coding !== 'plain') {
    const indices = unpackRuns(await readRest(source, path, offset), dib, path);
    for (let y = 0; y < rows; y++) put(indices.subarray(y * width, (y + 1) * width), rows - 1 - y, 8);
    return;
  }
  await readRows(source, { path, offset, rowBytes: dibRowBytes(bits, width), rows }, (row, index) =>
    put(row, topDown ? index : rows - 1 - index, bits),
  );
}

type PutRow = (row: Uint8Array, y: number, bits: number) => void;

function putPalette({ width, palette }: Dib, { colour }: DibTarget): PutRow {
  const entries = new Uint8Array(768);
  entries.set(palette);
  return (row, y, bits) => {
    const mask = 2 ** bits - 1;
    for (let x = 0, to = y * width * colour.channels; x < width; x++) {
      const bit = x * bits;
      const index = (row[bit >> 3]! >> (8 - bits - (bit & 7))) & mask;
      for (let band = 0; band < colour.channels; band++) colour.data[to++] = entries[3 * index + band]!;
    }
  };
}

/** Each channel, as many bits as its mask has, spread over 8. */
function putChannels({ width, bits, masks, hasMasks }: Dib, { colour, alpha }: DibTarget): PutRow {
  if (bits === 24 || (bits === 32 && !hasMasks)) return putBytes(width, bits / 8, { colour, alpha });
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    // Of more than 8 bits the upper 8 are taken.
    const excess = Math.max(0, 32 - Math.clz32(mask >>> shift) - 8);
    return { mask, shift: shift + excess, table: spreadTable(mask >>> (shift + excess) || 1, 255) };
  });
  return (row, y) => {
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    for (let x = 0, pixel = y * width; x < width; x++, pixel++) {
      const value = bits === 16 ? view.getUint16(2 * x, true) : view.getUint32(4 * x, true);
      for (let band = 0; band < 4; band++) {
        const { mask, shift, table } = channels[band]!;
        const level = table[(value & mask) >>> shift]!;
        if (band < 3) colour.data[3 * pixel + band] = level;
        else if (alpha !== null) alpha.data[pixel] = level;
      }
    }
  };
}

function putBytes(width: number, pixelBytes: number, { colour, alpha }: DibTarget): PutRow {
  return (row, y) => {
    for (let x = 0, from = 0, pixel = y * width; x < width; x++, from += pixelBytes, pixel++) {
      colour.data[3 * pixel] = row[from + 2]!;
      colour.data[3 * pixel + 1] = row[from + 1]!;
      colour.data[3 * pixel + 2] = row[from]!;
      if (alpha !== null) alpha.data[pixel] = row[from + 3]!;
    }
  };
}

/** Runs of palette indices, the lowest row first; what is passed over has index 0. */
function unpackRuns(bytes: Buffer, { width, height, coding }: Dib, path: string): Uint8Array {
  const indices = new Uint8Array(width * height);
  const nibbles = coding === 'rle4';
  let [at, x, y] = [0, 0, 0];
  const put = (index: number) => {
    // Beyond the right edge and the top nothing is drawn.
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  while (y < height) {
    const count = bytes[at];
    const value = bytes[at + 1];
    if (count === undefined || value === undefined) {
      // Some writers leave the mark of the end out.
      if (y === height - 1 && x >= width) break;
      throw damagedPicture(path);
    }
    at += 2;
    if (count > 0) {
      for (let n = 0; n < count; n++) put(nibbles ? (n % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) break;
    else if (value === 2) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      const literal = nibbles ? Math.ceil(value / 2) : value;
      if (at + literal > bytes.length) throw damagedPicture(path);
      for (let n = 0; n < value; n++) {
        const byte = bytes[at + (nibbles ? n >> 1 : n)]!;
        put(nibbles ? (n % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      at += literal + (literal % 2);
    }
  }
  return indices;
}

/** Whether the fourth byte of plain 32-bit pixels says anything: it is neither 0 everywhere nor 255. */
export async function usesFourthByte(
  source: ByteSource,
  { path, dib, offset }: { path: string; dib: Dib; offset: number },
): Promise<boolean> {
  let [some, less] = [false, false];
  await readRows(source, { path, offset, rowBytes: dib.width * 4, rows: dib.height }, (row) => {
    for (let at = 3; at < row.length && !(some && less); at += 4) {
      some ||= row[at] !== 0;
      less ||= row[at] !== 255;
    }
  });
  return some && less;
}

export function makeDibTarget({ width, height }: Dib, channels: 1 | 3, alpha: boolean): DibTarget {
  return {
    colour: makeRaster(width, height, { channels, bytesPerSample: 1 }),
    alpha: alpha ? makeRaster(width, height, { channels: 1, bytesPerSample: 1 }) : null,
  };
}

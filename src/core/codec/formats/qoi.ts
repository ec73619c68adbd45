import { makeRaster } from '../../pixels/raster.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readRest } from '../bytes/rows.ts';
import { startsWith } from '../definition/marks.ts';
import { type PlainHeader, readByUpreel } from '../definition/plain-kind.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { damagedPicture } from '../libvips.ts';

/** Read here because ffmpeg fills up what is missing. @see https://qoiformat.org/qoi-specification.pdf */
export const qoi = {
  name: 'QOI',
  extensions: ['.qoi'],
  mark: startsWith('qoif'),
  read: readByUpreel({ readHeader, readPixels }),
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<PlainHeader<null>> {
  const head = await source.read(0, HEADER_BYTES);
  const channels = head[12];
  if (head.length < HEADER_BYTES || (channels !== 3 && channels !== 4)) throw damagedPicture(path);
  const size = { width: head.readUInt32BE(4), height: head.readUInt32BE(8) };
  const still = { size, channels: 3, bytesPerSample: 1, alpha: channels === 4, warnings: [] } as const;
  return { still, own: null };
}

async function readPixels(source: ByteSource, path: string, still: StillHeader): Promise<StillPixels> {
  const { width, height } = still.size;
  const bytes = await readRest(source, path, HEADER_BYTES);
  const colour = makeRaster(width, height, still);
  const alpha = still.alpha ? makeRaster(width, height, { ...still, channels: 1 }) : null;
  const end = decode(bytes, colour.data, alpha?.data ?? null, width * height);
  if (!bytes.subarray(end, end + END.length).equals(END)) throw damagedPicture(path);
  return { colour, alpha, warnings: [] };
}

const HEADER_BYTES = 14;
const END = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);

/** @returns where the stream of chunks ends */
function decode(bytes: Buffer, colour: Uint8Array, alpha: Uint8Array | null, pixels: number): number {
  const seen = new Uint8Array(64 * 4);
  let [r, g, b, a, at, run] = [0, 0, 0, 255, 0, 0];
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (run > 0) run--;
    else {
      const tag = bytes[at++] ?? 0;
      if (tag >= 0xfe) {
        r = bytes[at] ?? 0;
        g = bytes[at + 1] ?? 0;
        b = bytes[at + 2] ?? 0;
        if (tag === 0xff) a = bytes[at + 3] ?? 0;
        at += tag === 0xff ? 4 : 3;
      } else if (tag >= 0xc0) run = tag & 63;
      else if (tag >= 0x80) {
        const green = (tag & 63) - 32;
        const rest = bytes[at++] ?? 0;
        r = (r + green - 8 + (rest >> 4)) & 255;
        g = (g + green) & 255;
        b = (b + green - 8 + (rest & 15)) & 255;
      } else if (tag >= 0x40) {
        r = (r + ((tag >> 4) & 3) - 2) & 255;
        g = (g + ((tag >> 2) & 3) - 2) & 255;
        b = (b + (tag & 3) - 2) & 255;
      } else {
        r = seen[4 * tag]!;
        g = seen[4 * tag + 1]!;
        b = seen[4 * tag + 2]!;
        a = seen[4 * tag + 3]!;
      }
      const place = 4 * ((3 * r + 5 * g + 7 * b + 11 * a) & 63);
      seen[place] = r;
      seen[place + 1] = g;
      seen[place + 2] = b;
      seen[place + 3] = a;
    }
    colour[3 * pixel] = r;
    colour[3 * pixel + 1] = g;
    colour[3 * pixel + 2] = b;
    if (alpha !== null) alpha[pixel] = a;
  }
  return at;
}

import { makeRaster, samplesOf } from '../../pixels/raster.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readRest } from '../bytes/rows.ts';
import { linearNote, openLightEncoder } from '../colour/float-light.ts';
import { startsWith } from '../definition/marks.ts';
import { type PlainHeader, readByUpreel } from '../definition/plain-kind.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';

interface Layout {
  readonly offset: number;
  readonly bottomUp: boolean;
  readonly rightToLeft: boolean;
}

/**
 * Read here because ffmpeg has a decoder only since 6.0.
 * @see "Real Pixels", Graphics Gems II, and Radiance's filefmts.pdf
 */
export const hdr = {
  name: 'Radiance HDR',
  extensions: ['.hdr', '.rgbe'],
  mark: startsWith('#?RADIANCE', '#?RGBE'),
  read: readByUpreel({ readHeader, readPixels }),
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<PlainHeader<Layout>> {
  const text = (await source.read(0, 64 * 1024)).toString('latin1');
  const end = text.indexOf('\n\n');
  const [line, first, rows, second, columns] =
    /^([-+][XY]) +(\d{1,9}) +([-+][XY]) +(\d{1,9})\n/.exec(end < 0 ? '' : text.slice(end + 2)) ?? [];
  if (line === undefined) throw damagedPicture(path);
  if (/^FORMAT=.*xyze/m.test(text.slice(0, end))) throw unsupportedVariant(path, 'is a Radiance picture in CIE XYZ');
  if (!first!.endsWith('Y') || !second!.endsWith('X'))
    throw unsupportedVariant(path, 'is a Radiance picture on its side');
  const size = { width: Number(columns), height: Number(rows) };
  return {
    still: { size, channels: 3, bytesPerSample: 2, alpha: false, warnings: [linearNote(path)] },
    own: { offset: end + 2 + line.length, bottomUp: first === '+Y', rightToLeft: second === '-X' },
  };
}

async function readPixels(
  source: ByteSource,
  path: string,
  still: StillHeader,
  { offset, bottomUp, rightToLeft }: Layout,
): Promise<StillPixels> {
  const { width, height } = still.size;
  const bytes = await readRest(source, path, offset);
  const colour = makeRaster(width, height, still);
  const samples = samplesOf(colour);
  const light = openLightEncoder();
  const row = new Uint8Array(width * 4);
  let at = 0;
  for (let y = 0; y < height; y++) {
    at = readScanline(bytes, at, row, path);
    const line = bottomUp ? height - 1 - y : y;
    for (let x = 0; x < width; x++) {
      const to = 3 * (line * width + (rightToLeft ? width - 1 - x : x));
      const unit = row[4 * x + 3] === 0 ? 0 : 2 ** (row[4 * x + 3]! - 136);
      for (let band = 0; band < 3; band++) samples[to + band] = light.encode(row[4 * x + band]! * unit);
    }
  }
  return { colour, alpha: null, warnings: light.report(path) };
}

/** One row as RGBE quadruples. @returns where the next begins */
function readScanline(bytes: Buffer, start: number, row: Uint8Array, path: string): number {
  const width = row.length / 4;
  const isNew = bytes[start] === 2 && bytes[start + 1] === 2 && bytes[start + 2]! < 128;
  if (!isNew || width < 8 || width > 0x7fff) return readOldScanline(bytes, start, row, path);
  if (((bytes[start + 2]! << 8) | (bytes[start + 3] ?? 0)) !== width) throw damagedPicture(path);
  let at = start + 4;
  for (let band = 0; band < 4; band++) {
    for (let x = 0; x < width; ) {
      const code = bytes[at++] ?? 0;
      const count = code > 128 ? code - 128 : code;
      const last = code > 128 ? at : at + count - 1;
      if (count === 0 || x + count > width || last >= bytes.length) throw damagedPicture(path);
      for (let index = 0; index < count; index++) row[4 * x++ + band] = bytes[code > 128 ? at : at + index]!;
      at = last + 1;
    }
  }
  return at;
}

/** Plain quadruples, in which (1, 1, 1, n) repeats the one before; several in a row are the bytes of one number. */
function readOldScanline(bytes: Buffer, start: number, row: Uint8Array, path: string): number {
  const width = row.length / 4;
  let [at, shift] = [start, 0];
  for (let x = 0; x < width; at += 4) {
    if (at + 4 > bytes.length) throw damagedPicture(path);
    if (bytes[at] !== 1 || bytes[at + 1] !== 1 || bytes[at + 2] !== 1) {
      row.set(bytes.subarray(at, at + 4), 4 * x++);
      shift = 0;
      continue;
    }
    const count = bytes[at + 3]! * 2 ** shift;
    if (x === 0 || x + count > width) throw damagedPicture(path);
    for (let index = 0; index < count; index++, x++) row.copyWithin(4 * x, 4 * x - 4, 4 * x);
    shift += 8;
  }
  return at;
}

import { samplesOf } from '../../pixels/raster.ts';
import { type ByteSource, bufferSource } from '../bytes/byte-source.ts';
import { readRows } from '../bytes/rows.ts';
import { type PlainHeader, readByUpreel } from '../definition/plain-kind.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { damagedPicture, decodeError, openPipeline } from '../libvips.ts';
import { splitAlpha } from '../samples.ts';
import { type Dib, parseDib } from './bmp/dib.ts';
import { dibRowBytes, makeDibTarget, readDibPixels } from './bmp/dib-pixels.ts';

interface Entry {
  readonly offset: number;
  readonly bytes: number;
  readonly png: boolean;
}

/** Icons and cursors: the largest picture of each, with its mask, which ffmpeg leaves out. */
export const ico = {
  name: 'Windows icon',
  extensions: ['.ico', '.cur'],
  mark: isIcon,
  read: readByUpreel({ readHeader, readPixels }),
} satisfies StillFormat;

/** A TGA, too, may begin with these four bytes, but not with a count behind them. */
function isIcon(_: string, head: Buffer): boolean {
  const isMarked = MARKS.includes(head.toString('latin1', 0, 4));
  return isMarked && head.length >= 6 && head.readUInt16LE(4) > 0 && (head.length < 10 || head[9] === 0);
}

const MARKS: readonly string[] = ['\0\0\x01\0', '\0\0\x02\0'];

async function readHeader(source: ByteSource, path: string): Promise<PlainHeader<Entry>> {
  if (source.size < 6 + ENTRY_BYTES) throw damagedPicture(path);
  const count = (await source.read(4, 2)).readUInt16LE(0);
  const directory = await source.read(6, count * ENTRY_BYTES);
  const entries: { place: Entry; pixels: number; bits: number; size: { width: number; height: number } }[] = [];
  for (let at = 0; at + ENTRY_BYTES <= directory.length; at += ENTRY_BYTES) {
    const offset = directory.readUInt32LE(at + 12);
    const bytes = directory.readUInt32LE(at + 8);
    if (offset + bytes > source.size) throw damagedPicture(path);
    const head = await source.read(offset, 40);
    const png = head.length >= 26 && head.toString('latin1', 0, 4) === '\x89PNG';
    const dib = png ? null : parseDib(head, path);
    const size = png
      ? { width: head.readUInt32BE(16), height: head.readUInt32BE(20) }
      : { width: dib!.width, height: Math.floor(dib!.height / 2) };
    entries.push({ place: { offset, bytes, png }, pixels: size.width * size.height, bits: dib?.bits ?? 32, size });
  }
  const largest = entries.sort((a, b) => b.pixels - a.pixels || b.bits - a.bits)[0];
  if (largest === undefined || entries.length < count) throw damagedPicture(path);
  const { size, place } = largest;
  const only = `${path} holds ${count} pictures: only the largest, ${size.width}x${size.height}, is read.`;
  const still = { size, channels: 3, bytesPerSample: 1, alpha: true, warnings: count > 1 ? [only] : [] } as const;
  return { still, own: place };
}

async function readPixels(
  source: ByteSource,
  path: string,
  still: StillHeader,
  { offset, bytes, png }: Entry,
): Promise<StillPixels> {
  const content = await source.read(offset, bytes);
  return png ? await readPng(content, path, still.size) : await readIcon(bufferSource(content), path, still.size);
}

const ENTRY_BYTES = 16;

async function readPng(content: Buffer, path: string, size: { width: number; height: number }): Promise<StillPixels> {
  try {
    const { data, info } = await openPipeline(content, {})
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.width !== size.width || info.height !== size.height) throw damagedPicture(path);
    const picture = { ...size, bands: info.channels, channels: 3, bytesPerSample: 1 } as const;
    return { ...splitAlpha(new Uint8Array(data), picture), warnings: [] };
  } catch (error) {
    throw decodeError(error, path);
  }
}

/** The bitmap says twice its height: a mask of one bit a pixel follows, in which 1 is transparent. */
async function readIcon(
  source: ByteSource,
  path: string,
  { width, height }: { width: number; height: number },
): Promise<StillPixels> {
  const head = await source.read(0, 4096 + 16 + 1024);
  const dib: Dib = { ...parseDib(head, path), height };
  const offset = dib.headBytes;
  const target = makeDibTarget(dib, 3, true);
  await readDibPixels(source, { path, dib, offset }, target);
  const alpha = samplesOf(target.alpha!);
  if (dib.bits === 32 && alpha.some((level) => level !== 0)) return { ...target, warnings: [] };
  const place = { path, offset: offset + dibRowBytes(dib.bits, width) * height, rowBytes: dibRowBytes(1, width) };
  await readRows(source, { ...place, rows: height }, (row, index) => {
    const start = (height - 1 - index) * width;
    for (let x = 0; x < width; x++) alpha[start + x] = (row[x >> 3]! >> (7 - (x & 7))) & 1 ? 0 : 255;
  });
  return { ...target, warnings: [] };
}

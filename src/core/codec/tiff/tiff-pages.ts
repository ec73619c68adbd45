import { type FileHandle, open } from 'node:fs/promises';
import { type ByteSource, fileSource } from '../bytes/byte-source.ts';
import { copyRange } from '../bytes/rewrite.ts';
import { type Density, describeForTiff, serialiseDescription, TAG } from '../metadata/exif.ts';
import {
  bytesEntry,
  entryNumbers,
  findEntry,
  type Ifd,
  linkOffset,
  type NewEntry,
  numberEntry,
  readIfd,
  readTiffLayout,
  type TiffLayout,
  TYPE,
  writeUint,
} from '../metadata/ifd.ts';
import { iptcRecords, type PictureMetadata } from '../metadata/metadata.ts';

/** A page as a TIFF file lists it. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly ifd: Ifd;
}

/** A TIFF file's pages, without the pixels; stops at a damaged or repeated directory. At most `MAX_TIFF_PAGES`. */
export async function readTiffPages(source: ByteSource): Promise<{ layout: TiffLayout; pages: TiffPage[] } | null> {
  const layout = await readTiffLayout(source);
  if (layout === null) return null;
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  let offset = layout.firstIfd;
  while (offset !== 0 && !seen.has(offset) && pages.length < MAX_TIFF_PAGES) {
    seen.add(offset);
    const ifd = await readIfd(source, layout, offset, LISTING_BUDGET_BYTES);
    if (ifd === null) break;
    const number = (tag: number) => entryNumbers(findEntry(ifd, tag), layout.littleEndian)[0] ?? 0;
    pages.push({ width: number(TAG.imageWidth), height: number(TAG.imageLength), ifd });
    offset = ifd.next;
  }
  return { layout, pages };
}

export const MAX_TIFF_PAGES = 2000;
const LISTING_BUDGET_BYTES = 4096;

/**
 * Makes one TIFF file of the pages, in `pageFiles[0]`: the other files' bytes are appended to it, and each page gets a
 * new directory with the metadata, at the end. The files must come from libvips: one page each, all of one layout.
 */
export async function joinTiffPages(pageFiles: readonly string[], metadata: PictureMetadata): Promise<void> {
  const [first = '', ...rest] = pageFiles;
  const target = await open(first, 'r+');
  try {
    const layout = await requireLayout(await fileSource(target));
    const page = await requireIfd(await fileSource(target), layout);
    let linkAt = await appendDirectory(target, layout, page, 0, metadata, layout.big ? 8 : 4);
    for (const file of rest) linkAt = await appendPage(target, layout, file, metadata, linkAt);
  } finally {
    await target.close();
  }
}

async function appendPage(
  target: FileHandle,
  layout: TiffLayout,
  file: string,
  metadata: PictureMetadata,
  linkAt: number,
): Promise<number> {
  const added = await open(file, 'r');
  try {
    const source = await fileSource(added);
    const page = await requireIfd(source, await requireLayout(source));
    const base = evenEnd((await target.stat()).size);
    let at = base;
    await copyRange(source, 0, source.size, async (bytes) => {
      await target.write(bytes, 0, bytes.length, at);
      at += bytes.length;
    });
    return await appendDirectory(target, layout, page, base, metadata, linkAt);
  } finally {
    await added.close();
  }
}

/**
 * Writes the page's directory at the end of the file and its offset at `linkAt`; returns where the next link belongs.
 */
async function appendDirectory(
  target: FileHandle,
  layout: TiffLayout,
  page: Ifd,
  base: number,
  metadata: PictureMetadata,
  linkAt: number,
): Promise<number> {
  const { littleEndian, big } = layout;
  const offset = evenEnd((await target.stat()).size);
  const description =
    metadata.exif === null ? { main: [], photo: [], gps: [] } : await describeForTiff(metadata.exif, littleEndian);
  const own: NewEntry[] = [...pixelEntries(page, base, layout), ...metadataEntries(metadata, littleEndian)];
  const bytes = serialiseDescription(description, layout, offset, own);
  await target.write(bytes, 0, bytes.length, offset);
  const link = Buffer.alloc(big ? 8 : 4);
  writeUint(link, 0, link.length, offset, littleEndian);
  await target.write(link, 0, link.length, linkAt);
  return offset + linkOffset(bytes, layout);
}

/** The page's tags about its pixels, moved by `base` bytes; libvips' other tags are left behind. */
function pixelEntries(page: Ifd, base: number, layout: TiffLayout): NewEntry[] {
  return page.entries
    .filter(({ tag }) => PIXEL_TAGS.has(tag))
    .map((entry) => {
      if (entry.tag !== STRIP_OFFSETS && entry.tag !== TILE_OFFSETS) return entry;
      const offsets = entryNumbers(entry, layout.littleEndian).map((offset) => offset + base);
      return numberEntry(entry.tag, layout.big ? TYPE.long8 : TYPE.long, offsets, layout.littleEndian);
    });
}

const STRIP_OFFSETS = 0x111;
const STRIP_BYTE_COUNTS = 0x117;
const TILE_OFFSETS = 0x144;

/**
 * NewSubfileType, ImageWidth, ImageLength, BitsPerSample, Compression, Photometric, FillOrder, StripOffsets,
 * SamplesPerPixel, RowsPerStrip, StripByteCounts, PlanarConfiguration, Predictor, ColorMap, tiles, ExtraSamples,
 * SampleFormat.
 */
const PIXEL_TAGS: ReadonlySet<number> = new Set([
  0xfe,
  0x100,
  0x101,
  0x102,
  0x103,
  0x106,
  0x10a,
  STRIP_OFFSETS,
  0x115,
  0x116,
  STRIP_BYTE_COUNTS,
  0x11c,
  0x13d,
  0x140,
  0x142,
  0x143,
  TILE_OFFSETS,
  0x145,
  0x152,
  0x153,
]);

function metadataEntries({ icc, xmp, iptc, density }: PictureMetadata, littleEndian: boolean): NewEntry[] {
  const records = iptc === null ? null : iptcRecords(iptc);
  return [
    ...densityEntries(density, littleEndian),
    ...(xmp === null ? [] : [bytesEntry(0x2bc, TYPE.byte, xmp)]),
    ...(records === null ? [] : [bytesEntry(0x83bb, TYPE.undefined, records)]),
    ...(iptc === null ? [] : [bytesEntry(0x8649, TYPE.byte, iptc)]),
    ...(icc === null ? [] : [bytesEntry(0x8773, TYPE.undefined, icc)]),
  ];
}

/** TIFF demands a resolution; unit 1 says that only the aspect is meant. */
function densityEntries(density: Density | null, littleEndian: boolean): NewEntry[] {
  const { x, y } = density ?? { x: 1, y: 1 };
  return [
    numberEntry(TAG.xResolution, TYPE.rational, [x], littleEndian),
    numberEntry(TAG.yResolution, TYPE.rational, [y], littleEndian),
    numberEntry(TAG.resolutionUnit, TYPE.short, [density === null ? 1 : 2], littleEndian),
  ];
}

/**
 * The rows of an uncompressed TIFF file of one page from libvips, some at a time, interleaved, in the machine's order.
 */
export async function* readTiffRows(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const source = await fileSource(file);
    const layout = await requireLayout(source);
    const page = await requireIfd(source, layout);
    const numbers = (tag: number) => entryNumbers(findEntry(page, tag), layout.littleEndian);
    const counts = numbers(STRIP_BYTE_COUNTS);
    for (const [index, offset] of numbers(STRIP_OFFSETS).entries()) yield await source.read(offset, counts[index] ?? 0);
  } finally {
    await file.close();
  }
}

async function requireLayout(source: ByteSource): Promise<TiffLayout> {
  const layout = await readTiffLayout(source);
  if (layout === null) throw new Error('Expected a TIFF file from libvips.');
  return layout;
}

async function requireIfd(source: ByteSource, layout: TiffLayout): Promise<Ifd> {
  const ifd = await readIfd(source, layout, layout.firstIfd, Number.POSITIVE_INFINITY);
  if (ifd === null) throw new Error('Expected a TIFF directory from libvips.');
  return ifd;
}

/** TIFF wants directories and values at even places. */
function evenEnd(size: number): number {
  return size + (size % 2);
}

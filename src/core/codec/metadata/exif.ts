import type { Size } from '../../pixels/geometry.ts';
import { type ByteSource, bufferSource } from '../bytes/byte-source.ts';
import {
  entryNumbers,
  findEntry,
  type Ifd,
  ifdBytes,
  type NewEntry,
  numberEntry,
  readIfd,
  readTiffLayout,
  serialiseIfd,
  swapEntry,
  type TiffLayout,
  TYPE,
  writeUint,
} from './ifd.ts';

export const TAG = {
  newSubfileType: 0xfe,
  imageWidth: 0x100,
  imageLength: 0x101,
  bitsPerSample: 0x102,
  photometric: 0x106,
  planar: 0x11c,
  whitePoint: 0x13e,
  tileWidth: 0x142,
  sampleFormat: 0x153,
  orientation: 0x112,
  samplesPerPixel: 0x115,
  extraSamples: 0x152,
  xResolution: 0x11a,
  yResolution: 0x11b,
  resolutionUnit: 0x128,
  subIfds: 0x14a,
  dngVersion: 0xc612,
  exifIfd: 0x8769,
  gpsIfd: 0x8825,
  pixelXDimension: 0xa002,
  pixelYDimension: 0xa003,
  interoperabilityIfd: 0xa005,
} as const;

/** More than any camera writes. */
export const EXIF_BUDGET_BYTES = 16 * 1024 * 1024;

/** Dots per inch along both axes. */
export interface Density {
  readonly x: number;
  readonly y: number;
}

/**
 * An EXIF block ("II" or "MM" first) for pixels that already stand upright and have a new size: orientation 1, sizes as
 * given, the thumbnail unlinked. Everything else, maker notes too, stays byte for byte where it was.
 * null if the block cannot be read: it is then better dropped, as it might turn the picture.
 */
export async function updateExif(exif: Uint8Array, size: Size): Promise<Buffer | null> {
  const bytes = Buffer.from(exif);
  const source = bufferSource(bytes);
  const layout = await readTiffLayout(source);
  const main = layout === null || layout.big ? null : await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  if (layout === null || main === null) return null;
  const { littleEndian } = layout;
  const set = (ifd: Ifd, tag: number, value: number) => {
    const entry = findEntry(ifd, tag);
    if (entry?.count !== 1 || (entry.type !== TYPE.short && entry.type !== TYPE.long)) return;
    // A value of either type lies inside the entry, so the type can change with it.
    const type = value > 0xffff ? TYPE.long : entry.type;
    writeUint(bytes, entry.at + 2, 2, type, littleEndian);
    bytes.fill(0, entry.at + 8, entry.at + 12);
    writeUint(bytes, entry.at + 8, type === TYPE.short ? 2 : 4, value, littleEndian);
  };
  set(main, TAG.orientation, 1);
  set(main, TAG.imageWidth, size.width);
  set(main, TAG.imageLength, size.height);
  const photo = await subIfd(source, layout, main, TAG.exifIfd);
  if (photo !== null) {
    set(photo, TAG.pixelXDimension, size.width);
    set(photo, TAG.pixelYDimension, size.height);
  }
  if (main.next !== 0 && main.nextAt + 4 <= bytes.length) writeUint(bytes, main.nextAt, 4, 0, littleEndian);
  return bytes;
}

/** The density that a directory states, or null. */
export function ifdDensity(ifd: Ifd, littleEndian: boolean): Density | null {
  const number = (tag: number) => entryNumbers(findEntry(ifd, tag), littleEndian)[0];
  const [x, y] = [number(TAG.xResolution), number(TAG.yResolution)];
  const perInch = { 2: 1, 3: 2.54 }[number(TAG.resolutionUnit) ?? 2];
  return perInch === undefined ? null : makeDensity((x ?? 0) * perInch, (y ?? x ?? 0) * perInch);
}

export const METRES_PER_INCH = 0.0254;

/** null unless both are sane. */
export function makeDensity(x: number, y: number): Density | null {
  return x >= 1 && y >= 1 && x <= 1e6 && y <= 1e6 ? { x, y } : null;
}

/** What an EXIF block says of the picture itself: its density, and how it is turned (1 to 8). */
export async function exifFacts(exif: Uint8Array): Promise<{ density: Density | null; orientation: number }> {
  const source = bufferSource(exif);
  const layout = await readTiffLayout(source);
  const main = layout === null ? null : await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  if (layout === null || main === null) return { density: null, orientation: 1 };
  const [turned = 1] = entryNumbers(findEntry(main, TAG.orientation), layout.littleEndian);
  return { density: ifdDensity(main, layout.littleEndian), orientation: turned >= 1 && turned <= 8 ? turned : 1 };
}

/** An EXIF block that states a density and nothing else, for formats that have no other place for it. */
export function densityExif({ x, y }: Density): Buffer {
  const layout = { littleEndian: true, big: false };
  const entries = [
    numberEntry(TAG.xResolution, TYPE.rational, [x], true),
    numberEntry(TAG.yResolution, TYPE.rational, [y], true),
    numberEntry(TAG.resolutionUnit, TYPE.short, [2], true),
  ];
  return Buffer.concat([classicHead(true), serialiseIfd(entries, layout, 8, 0)]);
}

/**
 * What a TIFF page says about camera, author, time and place, as an EXIF block in the file's byte order; null if
 * nothing.
 */
export async function extractExif(source: ByteSource, layout: TiffLayout, page: Ifd): Promise<Buffer | null> {
  const { main, photo, gps } = await readDescription(source, layout, page);
  if (main.length + photo.length + gps.length === 0) return null;
  const classic = { littleEndian: layout.littleEndian, big: false };
  return Buffer.concat([classicHead(layout.littleEndian), serialiseDescription({ main, photo, gps }, classic, 8, [])]);
}

/** The eight bytes before a first directory that follows at once. */
function classicHead(littleEndian: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.write(littleEndian ? 'II' : 'MM', 'latin1');
  writeUint(head, 2, 2, 42, littleEndian);
  writeUint(head, 4, 4, 8, littleEndian);
  return head;
}

/** The tags of an EXIF block that a TIFF page can carry, in byte order `littleEndian`; empty if it cannot be read. */
export async function describeForTiff(exif: Uint8Array, littleEndian: boolean): Promise<Description> {
  const source = bufferSource(exif);
  const layout = await readTiffLayout(source);
  const main = layout === null ? null : await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  if (layout === null || main === null) return { main: [], photo: [], gps: [] };
  const found = await readDescription(source, layout, main);
  if (layout.littleEndian === littleEndian) return found;
  return { main: found.main.map(swapEntry), photo: found.photo.map(swapEntry), gps: found.gps.map(swapEntry) };
}

/** Tags about camera, author, time and place: those of the page itself, of its EXIF and of its GPS directory. */
export interface Description {
  readonly main: readonly NewEntry[];
  readonly photo: readonly NewEntry[];
  readonly gps: readonly NewEntry[];
}

/** A directory of `main` and `more`, at `offset` of its file, followed by the directories it refers to. */
export function serialiseDescription(
  description: Description,
  layout: Pick<TiffLayout, 'littleEndian' | 'big'>,
  offset: number,
  more: readonly NewEntry[],
): Buffer {
  const { littleEndian, big } = layout;
  const pointer = (tag: number, to: number) => numberEntry(tag, big ? TYPE.long8 : TYPE.long, [to], littleEndian);
  const parts = [
    { tag: TAG.exifIfd, entries: description.photo },
    { tag: TAG.gpsIfd, entries: description.gps },
  ].filter(({ entries }) => entries.length > 0);
  const own = [...description.main, ...more];
  let at = offset + ifdBytes([...own, ...parts.map(({ tag }) => pointer(tag, 0))], big);
  const pointers: NewEntry[] = [];
  const behind: Buffer[] = [];
  for (const { tag, entries } of parts) {
    const bytes = serialiseIfd(entries, layout, at, 0);
    pointers.push(pointer(tag, at));
    behind.push(bytes);
    at += bytes.length;
  }
  return Buffer.concat([serialiseIfd([...own, ...pointers], layout, offset, 0), ...behind]);
}

async function readDescription(source: ByteSource, layout: TiffLayout, page: Ifd) {
  const [photo, gps] = await Promise.all([
    subIfd(source, layout, page, TAG.exifIfd),
    subIfd(source, layout, page, TAG.gpsIfd),
  ]);
  return {
    main: page.entries.filter(({ tag }) => DESCRIPTIVE_TAGS.has(tag)),
    // A pointer to a directory that does not come along would point at nothing.
    photo: (photo?.entries ?? []).filter(({ tag }) => tag !== TAG.interoperabilityIfd),
    gps: gps?.entries ?? [],
  };
}

/** ImageDescription, Make, Model, Software, DateTime, Artist, HostComputer, Rating, Copyright and Windows' XP tags. */
const DESCRIPTIVE_TAGS: ReadonlySet<number> = new Set([
  0x10e, 0x10f, 0x110, 0x131, 0x132, 0x13b, 0x13c, 0x4746, 0x4749, 0x8298, 0x9c9b, 0x9c9c, 0x9c9d, 0x9c9e, 0x9c9f,
]);

async function subIfd(source: ByteSource, layout: TiffLayout, ifd: Ifd, tag: number): Promise<Ifd | null> {
  const [offset] = entryNumbers(findEntry(ifd, tag), layout.littleEndian);
  return offset === undefined ? null : await readIfd(source, layout, offset, EXIF_BUDGET_BYTES);
}

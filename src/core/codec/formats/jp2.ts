import type { Size } from '../../pixels/geometry.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { type Box, boxesOf, readBox } from '../bytes/iso-boxes.ts';
import type { FfmpegHeader } from '../definition/ffmpeg-kind.ts';
import { startsWith } from '../definition/marks.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { type Density, makeDensity } from '../metadata/exif.ts';
import { iccColourSpace, type PictureMetadata } from '../metadata/metadata.ts';
import { multipliedNote } from '../samples.ts';
import { exifOrientation } from '../turned.ts';

/** JP2 files and bare codestreams. @see ITU-T T.800, annexes A and I */
export const jp2 = {
  name: 'JPEG 2000',
  extensions: ['.jp2', '.j2k', '.j2c', '.jpc', '.jpf', '.jpx'],
  mark: startsWith('\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'),
  read: { by: 'ffmpeg', demuxer: 'j2k_pipe', readHeader },
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<FfmpegHeader> {
  const container = (await source.read(4, 4)).toString('latin1') === 'jP  ' ? await readContainer(source, path) : BARE;
  const { size, bits } = await readCodestream(source, container.codestream, path);
  const { profile, density, xmp, exif, alpha } = container;
  const metadata: Partial<PictureMetadata> = { icc: profile, density, xmp, exif };
  const orientation = exif === null ? 1 : await exifOrientation(exif);
  const { warnings } = container;
  return { size, metadata, orientation, warnings, upperBits: container.palette ? null : bits, alpha };
}

interface Container {
  readonly codestream: Box;
  readonly profile: Uint8Array | null;
  readonly density: Density | null;
  readonly xmp: Uint8Array | null;
  readonly exif: Uint8Array | null;
  readonly palette: boolean;
  readonly alpha: NonNullable<FfmpegHeader['alpha']>;
  readonly warnings: readonly string[];
}

const BARE: Container = {
  codestream: { type: 'jp2c', start: 0, end: Number.POSITIVE_INFINITY },
  profile: null,
  density: null,
  xmp: null,
  exif: null,
  palette: false,
  alpha: 'straight',
  warnings: [],
};

async function readContainer(source: ByteSource, path: string): Promise<Container> {
  let container: Container = BARE;
  let codestream: Box | null = null;
  for await (const box of boxesOf(source, 0, source.size)) {
    if (box.type === 'jp2h') container = { ...container, ...(await readJp2Header(source, box, path)) };
    if (box.type === 'jp2c') codestream ??= box;
    if (box.type === 'uuid') container = { ...container, ...(await readUuid(source, box)) };
  }
  if (codestream === null) throw damagedPicture(path);
  return { ...container, codestream };
}

async function readJp2Header(source: ByteSource, header: Box, path: string): Promise<Partial<Container>> {
  let found: Partial<Container> = {};
  let hasColour = false;
  for await (const box of boxesOf(source, header.start, header.end)) {
    const content = await readBox(source, box, MAX_METADATA_BYTES);
    if (content === null) continue;
    // Of several descriptions the first counts.
    if (box.type === 'colr' && !hasColour) {
      hasColour = true;
      found = { ...found, ...readColour(content, path) };
    }
    if (box.type === 'pclr') found = { ...found, palette: true };
    if (box.type === 'cdef') found = { ...found, ...readChannels(content, path) };
    if (box.type === 'res ') found = { ...found, density: await readResolution(source, box) };
  }
  return found;
}

const MAX_METADATA_BYTES = 16 * 1024 * 1024;

function readColour(content: Buffer, path: string): Partial<Container> {
  if (content[0] === 1 && content.length >= 7) {
    const space = content.readUInt32BE(3);
    const refused = REFUSED_SPACES[space];
    if (refused !== undefined) throw unsupportedVariant(path, `is a JPEG 2000 picture in ${refused}`);
    return {};
  }
  if (content[0] !== 2) return {};
  const profile = content.subarray(3);
  const space = iccColourSpace(profile);
  if (space === 'RGB' || space === 'GRAY') return { profile };
  if (space === 'CMYK' || space === 'Lab') throw unsupportedVariant(path, `is a JPEG 2000 picture in ${space}`);
  return { warnings: [`${path} has a colour profile that does not suit its pixels: it was left out.`] };
}

/** Of T.801's list those that ffmpeg takes for RGB. */
const REFUSED_SPACES: Readonly<Record<number, string>> = { 12: 'CMYK', 13: 'YCCK', 14: 'CIELAB', 19: 'CIEJab' };

/** Channels of type 1 are opacity, of type 2 opacity that is multiplied into the colours. */
function readChannels(content: Buffer, path: string): Partial<Container> {
  const types: number[] = [];
  for (let at = 2; at + 6 <= content.length; at += 6) types.push(content.readUInt16BE(at + 2));
  if (types.includes(2)) {
    const note = multipliedNote(path);
    return { alpha: 'multiplied', warnings: [note] };
  }
  return { alpha: types.includes(1) ? 'straight' : 'none' };
}

/** Pixels per metre, vertical first; how it is to be shown counts more than how it was captured. */
async function readResolution(source: ByteSource, parent: Box): Promise<Density | null> {
  const found = new Map<string, Density | null>();
  for await (const box of boxesOf(source, parent.start, parent.end)) {
    const content = await readBox(source, box, 64);
    if (content === null || content.length < 10) continue;
    const perInch = (at: number, exponent: number) =>
      (content.readUInt16BE(at) / content.readUInt16BE(at + 2)) * 10 ** content.readInt8(exponent) * 0.0254;
    found.set(box.type, makeDensity(perInch(4, 9), perInch(0, 8)));
  }
  return found.get('resd') ?? found.get('resc') ?? null;
}

async function readUuid(source: ByteSource, box: Box): Promise<Partial<Container>> {
  const content = await readBox(source, box, MAX_METADATA_BYTES);
  const id = content?.subarray(0, 16).toString('hex');
  if (id === 'be7acfcb97a942e89c71999491e3afac') return { xmp: content!.subarray(16) };
  if (id === Buffer.from('JpgTiffExif->JP2', 'latin1').toString('hex')) return { exif: content!.subarray(16) };
  return {};
}

/** Size and depth from SIZ. The decoder is content with a part of the data, so all tiles are looked for here. */
async function readCodestream(
  source: ByteSource,
  { start, end }: Box,
  path: string,
): Promise<{ size: Size; bits: readonly number[] }> {
  const siz = await source.read(start, 4 + 38 + 3 * MAX_COMPONENTS);
  if (siz.length < 45 || siz.readUInt32BE(0) !== 0xff4fff51) throw damagedPicture(path);
  const components = siz.readUInt16BE(40);
  if (components < 1 || components > MAX_COMPONENTS) {
    throw unsupportedVariant(path, `is a JPEG 2000 picture of ${components} components`);
  }
  if (siz.length < 42 + 3 * components) throw damagedPicture(path);
  const size = {
    width: siz.readUInt32BE(8) - siz.readUInt32BE(16),
    height: siz.readUInt32BE(12) - siz.readUInt32BE(20),
  };
  const depths = Array.from({ length: components }, (_, index) => siz[42 + 3 * index]!);
  if (depths.some((depth) => depth >= 128)) throw unsupportedVariant(path, 'is a JPEG 2000 picture of signed samples');
  const bits = depths.map((depth) => depth + 1);
  if (bits.some((depth) => depth > 16)) throw unsupportedVariant(path, `has samples of ${Math.max(...bits)} bits`);
  await checkTiles(source, start, Math.min(end, source.size), path);
  return { size, bits };
}

const MAX_COMPONENTS = 4;

/** Tile-parts say how long they are, but for the last, which may end with the file; an end is marked. */
async function checkTiles(source: ByteSource, start: number, end: number, path: string): Promise<void> {
  let at = start + 2;
  for (let seen = 0; seen < MAX_MARKERS; seen++) {
    const head = await source.read(at, 12);
    const marker = head.length < 2 ? 0 : head.readUInt16BE(0);
    if (marker === EOC) return;
    if (head.length < 12 || marker < 0xff00) throw damagedPicture(path);
    if (marker !== SOT) {
      at += 2 + head.readUInt16BE(2);
      continue;
    }
    const bytes = head.readUInt32BE(6);
    if (bytes === 0) {
      if ((await source.read(end - 2, 2)).readUInt16BE(0) !== EOC) throw damagedPicture(path);
      return;
    }
    if (bytes < 14 || at + bytes > end) throw damagedPicture(path);
    at += bytes;
  }
  throw damagedPicture(path);
}

/** Many times what encoders write. */
const MAX_MARKERS = 1_000_000;
const SOT = 0xff90;
const EOC = 0xffd9;

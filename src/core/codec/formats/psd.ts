import { endianness } from 'node:os';
import { makeRaster, type Raster, samplesOf } from '../../pixels/raster.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readRest } from '../bytes/rows.ts';
import { linearNote, openLightEncoder } from '../colour/float-light.ts';
import { startsWith } from '../definition/marks.ts';
import { type PlainHeader, readByUpreel } from '../definition/plain-kind.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { StillHeader, StillPixels } from '../definition/still-picture.ts';
import { unsupportedVariant } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { exifFacts } from '../metadata/exif.ts';
import { exifOrientation } from '../turned.ts';
import { takeOffWhite } from './psd/over-white.ts';
import { readPhotoshopResources } from './psd/photoshop-resources.ts';

interface Layout {
  readonly depth: 1 | 8 | 16 | 32;
  /** Planes of the file. */
  readonly planes: number;
  /** 2 in large documents (PSB), whose lengths are longer. */
  readonly version: 1 | 2;
  /** RGB triplets, one colour after the other; null: samples are levels. */
  readonly palette: Buffer | null;
  /** Where the picture of all layers begins. */
  readonly offset: number;
}

/**
 * The picture of all layers in a Photoshop document. Read here because ffmpeg knows neither more than four planes nor
 * which of them is transparency, and converts CMYK without its profile. @see Adobe Photoshop File Formats Specification
 */
export const psd = {
  name: 'Photoshop',
  extensions: ['.psd', '.psb'],
  mark: startsWith('8BPS'),
  read: readByUpreel({ readHeader, readPixels }),
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<PlainHeader<Layout>> {
  const head = await source.read(0, 26);
  const version = head.length < 26 ? 0 : head.readUInt16BE(4);
  if (version !== 1 && version !== 2) throw damagedPicture(path);
  const [planes, depth, mode] = [head.readUInt16BE(12), head.readUInt16BE(22), head.readUInt16BE(24)];
  const colours = coloursOf(mode, path);
  if (!isDepth(depth) || planes < colours || planes > 56) throw damagedPicture(path);
  if (mode === INDEXED && depth !== 8) throw damagedPicture(path);
  const { palette, resources, layers, offset } = await sections(source, version, path);
  const kept = readPhotoshopResources(resources);
  if (!kept.hasMergedPicture) {
    throw unsupportedVariant(path, 'holds layers without a picture of them all', MERGE_HINT);
  }
  const alpha = planes > colours && layers < 0;
  const { exif } = kept;
  const density = kept.density ?? (exif === null ? null : (await exifFacts(exif)).density);
  const still: StillHeader = {
    size: { width: head.readUInt32BE(18), height: head.readUInt32BE(14) },
    orientation: exif === null ? 1 : await exifOrientation(exif),
    channels: colours === 1 && mode !== INDEXED ? 1 : 3,
    bytesPerSample: depth >= 16 ? 2 : 1,
    alpha,
    metadata: { icc: kept.icc, exif, xmp: kept.xmp, iptc: kept.iptc, density },
    warnings: [
      ...(layers !== 0 ? [`${path} has layers: the picture of them all is read, as Photoshop last saved it.`] : []),
      ...(mode === DUOTONE ? [`${path} is a duotone: it is read as gray, without its inks.`] : []),
      ...(depth === 32 ? [linearNote(path)] : []),
      ...(planes > colours + (alpha ? 1 : 0) ? [`${path} has channels beside its colours: they are left out.`] : []),
    ],
  };
  return { still, own: { depth, planes, version, palette: mode === INDEXED ? palette : null, offset } };
}

async function readPixels(source: ByteSource, path: string, still: StillHeader, own: Layout): Promise<StillPixels> {
  const { width, height } = still.size;
  const colour = makeRaster(width, height, still);
  const alpha = still.alpha ? makeRaster(width, height, { ...still, channels: 1 }) : null;
  const warnings = await readPlanes(source, path, own, { colour, alpha });
  if (alpha !== null) takeOffWhite(colour, alpha);
  return { colour, alpha, warnings };
}

const MERGE_HINT = 'Save it in Photoshop with "Maximize Compatibility", or as PNG or TIFF.';
const [BITMAP, GRAY, INDEXED, RGB, DUOTONE] = [0, 1, 2, 3, 8];

/** Planes of colour. */
function coloursOf(mode: number, path: string): 1 | 3 {
  if (mode === RGB) return 3;
  if (mode === BITMAP || mode === GRAY || mode === INDEXED || mode === DUOTONE) return 1;
  const name = { 4: 'CMYK', 7: 'several inks', 9: 'CIELAB' }[mode];
  if (name === undefined) throw damagedPicture(path);
  const hint = 'Convert it to RGB first (Image, Mode), or save it as TIFF, whose CMYK and CIELAB upreel reads.';
  throw unsupportedVariant(path, `is a Photoshop document in ${name}`, hint);
}

function isDepth(depth: number): depth is Layout['depth'] {
  return depth === 1 || depth === 8 || depth === 16 || depth === 32;
}

/** @returns `layers` below 0: the first plane behind the colours is the transparency of the picture of all layers */
async function sections(source: ByteSource, version: 1 | 2, path: string) {
  const lengthAt = async (at: number, bytes: 4 | 8) => {
    const field = await source.read(at, bytes);
    if (field.length < bytes) throw damagedPicture(path);
    return bytes === 4 ? field.readUInt32BE(0) : Number(field.readBigUInt64BE(0));
  };
  const content = async (at: number, bytes: number) => {
    const data = await source.read(at, Math.min(bytes, MAX_SECTION_BYTES));
    if (bytes > MAX_SECTION_BYTES || data.length < bytes) throw damagedPicture(path);
    return data;
  };
  let at = 26;
  const paletteBytes = await lengthAt(at, 4);
  const palette = await content(at + 4, paletteBytes);
  at += 4 + paletteBytes;
  const resourceBytes = await lengthAt(at, 4);
  const resources = await content(at + 4, resourceBytes);
  at += 4 + resourceBytes;
  const wide = version === 2 ? 8 : 4;
  const layerBytes = await lengthAt(at, wide);
  const counted = layerBytes === 0 ? 0 : await lengthAt(at + wide, wide);
  const layers = counted < 2 ? 0 : (await content(at + 2 * wide, 2)).readInt16BE(0);
  return { palette, resources, layers, offset: at + wide + layerBytes };
}

const MAX_SECTION_BYTES = 256 * 1024 * 1024;

async function readPlanes(
  source: ByteSource,
  path: string,
  own: Layout,
  { colour, alpha }: { colour: Raster; alpha: Raster | null },
): Promise<StillPixels['warnings']> {
  const { width, height, channels } = colour;
  const { depth } = own;
  const rowBytes = Math.ceil((width * depth) / 8);
  const light = openLightEncoder();
  const bytes = await readRest(source, path, own.offset);
  const rows = bytes.length < 2 ? null : rowSource(bytes, own, { rowBytes, height, path });
  if (rows === null) throw damagedPicture(path);
  const planes = own.palette === null ? channels : 1;
  for (let plane = 0; plane < planes + (alpha === null ? 0 : 1); plane++) {
    const isAlpha = plane === planes;
    const to = samplesOf(isAlpha ? alpha! : colour);
    const step = isAlpha ? 1 : channels;
    for (let y = 0; y < height; y++) {
      const row = rows(plane * height + y);
      const values = valuesOf(row, depth, width);
      for (let x = 0, at = y * width * step + (isAlpha ? 0 : plane); x < width; x++, at += step) {
        const value = values[x]!;
        if (own.palette !== null && !isAlpha) {
          for (let band = 0; band < 3; band++) to[at + band] = own.palette[value + 256 * band] ?? 0;
        } else if (depth === 32) {
          to[at] = isAlpha ? Math.round(65_535 * Math.min(1, Math.max(0, value || 0))) : light.encode(value);
        } else to[at] = value;
      }
    }
  }
  return depth === 32 ? light.report(path) : [];
}

/** Bitmaps hold 1 for black. */
function valuesOf(row: Uint8Array, depth: Layout['depth'], width: number): Uint8Array | Uint16Array | Float32Array {
  if (depth === 8) return row;
  if (depth === 1) return Uint8Array.from({ length: width }, (_, x) => ((row[x >> 3]! >> (7 - (x & 7))) & 1 ? 0 : 255));
  const bytes = new Uint8Array(row);
  const own = Buffer.from(bytes.buffer);
  if (endianness() === 'LE') depth === 16 ? own.swap16() : own.swap32();
  return depth === 16 ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
}

/** The rows of all planes, one plane after the other. */
function rowSource(
  bytes: Buffer,
  { planes, version }: Layout,
  { rowBytes, height, path }: { rowBytes: number; height: number; path: string },
): (index: number) => Uint8Array {
  const coding = bytes.readUInt16BE(0);
  const count = planes * height;
  if (coding === 0) {
    if (bytes.length < 2 + count * rowBytes) throw damagedPicture(path);
    return (index) => bytes.subarray(2 + index * rowBytes, 2 + (index + 1) * rowBytes);
  }
  if (coding !== 1)
    throw unsupportedVariant(path, `is a Photoshop document whose picture is coded by method ${coding}`);
  const lengthBytes = version === 2 ? 4 : 2;
  const starts = new Float64Array(count + 1);
  starts[0] = 2 + count * lengthBytes;
  if (bytes.length < starts[0]) throw damagedPicture(path);
  for (let index = 0; index < count; index++) {
    const at = 2 + index * lengthBytes;
    starts[index + 1] = starts[index]! + (version === 2 ? bytes.readUInt32BE(at) : bytes.readUInt16BE(at));
  }
  if (starts[count]! > bytes.length) throw damagedPicture(path);
  return (index) => unpackBits(bytes.subarray(starts[index], starts[index + 1]), rowBytes, path);
}

/** Apple's PackBits. */
function unpackBits(packed: Buffer, rowBytes: number, path: string): Uint8Array {
  const row = new Uint8Array(rowBytes);
  let filled = 0;
  for (let at = 0; filled < rowBytes; ) {
    const code = packed[at++];
    if (code === undefined) throw damagedPicture(path);
    if (code === 128) continue;
    const count = code < 128 ? code + 1 : 257 - code;
    const used = code < 128 ? count : 1;
    if (at + used > packed.length || filled + count > rowBytes) throw damagedPicture(path);
    if (code < 128) row.set(packed.subarray(at, at + count), filled);
    else row.fill(packed[at]!, filled, filled + count);
    at += used;
    filled += count;
  }
  return row;
}

import { readFile } from 'node:fs/promises';
import { bufferSource } from '../bytes/byte-source.ts';
import { damagedPicture, decodeError, openPipeline } from '../libvips.ts';
import { EXIF_BUDGET_BYTES, TAG } from '../metadata/exif.ts';
import {
  findEntry,
  type Ifd,
  type NewEntry,
  numberEntry,
  readIfd,
  readTiffLayout,
  serialiseIfd,
  type TiffLayout,
  TYPE,
  writeUint,
} from '../metadata/ifd.ts';
import { samplesToRgb } from './ink-and-lab.ts';
import { type OddSamples, plainLayout } from './odd-samples.ts';
import type { PlainSamples } from './plain-samples.ts';
import type { TiffPageFacts } from './tiff-page-facts.ts';
import { unpackBits } from './unpack-bits.ts';

/**
 * The file with one page alone, in samples that libvips reads: 8 or 16 bits, gray, RGB, or RGB for CMYK and CIELAB.
 * libvips undoes strips, tiles and compression, by a directory that calls the samples bytes or RGB.
 * @throws UpreelError `input-damaged`, `input-unsupported`.
 */
export async function plainTiff(path: string, page: number, facts: TiffPageFacts, odd: OddSamples): Promise<Buffer> {
  const file = await readTiffFile(path, page);
  const raw = await readSamples(path, file, facts, odd);
  const [depth = 8] = facts.bits;
  const { samplesPerPixel } = facts;
  const icc = findEntry(file.ifd, ICC)?.value ?? null;
  const plain =
    odd === 'packed'
      ? unpackBits(raw.data, { ...raw, depth, samplesPerPixel })
      : await samplesToRgb(raw.data, { bands: raw.bands, depth: depth === 8 ? 8 : 16, model: odd, facts, icc });
  return withPixels(file, facts, plain);
}

/** The same without the pixels, for its header alone. */
export async function plainTiffHeader(path: string, page: number, facts: TiffPageFacts, odd: OddSamples) {
  return withPixels(await readTiffFile(path, page), facts, { ...plainLayout(facts, odd), data: new Uint8Array(0) });
}

async function readTiffFile(path: string, page: number): Promise<TiffFile> {
  const bytes = await readFile(path);
  const source = bufferSource(bytes);
  const layout = await readTiffLayout(source);
  let ifd: Ifd | null = null;
  for (let at = 0, offset = layout?.firstIfd ?? 0; layout !== null && at <= page; at++) {
    ifd = await readIfd(source, layout, offset, EXIF_BUDGET_BYTES);
    offset = ifd?.next ?? 0;
  }
  if (layout === null || ifd === null) throw damagedPicture(path);
  return { bytes, layout, ifd };
}

const ICC = 0x8773;
const RGB = 2;

interface TiffFile {
  readonly bytes: Buffer;
  readonly layout: TiffLayout;
  readonly ifd: Ifd;
}

/** Samples in the machine's byte order; of packed ones the bytes, row by row. */
async function readSamples(path: string, file: TiffFile, facts: TiffPageFacts, odd: OddSamples) {
  const { storedWidth: width, samplesPerPixel, bits } = facts;
  const [depth = 8] = bits;
  const rowBytes = Math.ceil((width * samplesPerPixel * depth) / 8);
  const asBytes = [
    [TAG.imageWidth, rowBytes],
    [TAG.bitsPerSample, 8],
    [TAG.samplesPerPixel, 1],
    [TAG.photometric, 1],
  ] as const;
  const disguised = withDirectory(
    file,
    odd === 'packed' ? asBytes : [[TAG.photometric, RGB]],
    odd === 'packed' ? [TAG.extraSamples, TAG.sampleFormat] : [TAG.sampleFormat],
  );
  const wide = odd !== 'packed' && depth === 16;
  try {
    const { data, info } = await openPipeline(disguised, {})
      .toColourspace(odd === 'packed' ? 'b-w' : wide ? 'rgb16' : 'srgb')
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data: new Uint8Array(data), width, height: info.height, bands: info.channels };
  } catch (error) {
    throw decodeError(error, path);
  }
}

const COMPRESSION = 0x103;
const FILL_ORDER = 0x10a;
const STRIP_OFFSETS = 0x111;
const ROWS_PER_STRIP = 0x116;
const STRIP_BYTES = 0x117;
const PREDICTOR = 0x13d;
const TILES = [TAG.tileWidth, 0x143, 0x144, 0x145];

function withPixels(file: TiffFile, facts: TiffPageFacts, { data, bands, bytesPerSample }: PlainSamples): Buffer {
  const pixels = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytesPerSample === 2 && !file.layout.littleEndian) pixels.swap16();
  const offset = file.bytes.length + (file.bytes.length % 2);
  const appended = Buffer.concat([file.bytes, Buffer.alloc(file.bytes.length % 2), pixels]);
  const photometric = facts.photometric > RGB ? RGB : facts.photometric;
  return withDirectory(
    { ...file, bytes: appended },
    [
      [TAG.bitsPerSample, ...new Array<number>(bands).fill(bytesPerSample * 8)],
      [COMPRESSION, 1],
      [TAG.photometric, photometric],
      [STRIP_OFFSETS, offset],
      [TAG.samplesPerPixel, bands],
      [ROWS_PER_STRIP, facts.storedHeight],
      [STRIP_BYTES, pixels.length],
      [TAG.planar, 1],
    ],
    [FILL_ORDER, PREDICTOR, TAG.sampleFormat, ...(photometric === facts.photometric ? [] : [ICC]), ...TILES],
  );
}

/**
 * The file with a directory of its own for the page: some numbers changed, some entries left out, no page behind it.
 */
function withDirectory(
  { bytes, layout, ifd }: TiffFile,
  changes: readonly (readonly [number, ...number[]])[],
  left: readonly number[],
): Buffer {
  const changed = new Set([...changes.map(([tag]) => tag), ...left]);
  const entries: NewEntry[] = [
    ...ifd.entries.filter(({ tag }) => !changed.has(tag)),
    ...changes.map(([tag, ...numbers]) =>
      numberEntry(
        tag,
        SHORTS.has(tag) ? TYPE.short : layout.big ? TYPE.long8 : TYPE.long,
        numbers,
        layout.littleEndian,
      ),
    ),
  ];
  const offset = bytes.length + (bytes.length % 2);
  const made = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2), serialiseIfd(entries, layout, offset, 0)]);
  const [at, size] = layout.big ? [8, 8] : [4, 4];
  writeUint(made, at, size, offset, layout.littleEndian);
  return made;
}

const SHORTS: ReadonlySet<number> = new Set([
  ...[TAG.bitsPerSample, COMPRESSION, TAG.photometric, TAG.samplesPerPixel, TAG.planar],
]);

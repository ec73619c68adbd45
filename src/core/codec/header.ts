import { open } from 'node:fs/promises';
import { UpreelError } from '../errors.ts';
import type { Size } from '../geometry.ts';
import { readAvif } from './avif.ts';
import { type ByteSource, fileSource } from './byte-source.ts';
import { type Density, EXIF_BUDGET_BYTES, extractExif, ifdDensity, TAG } from './exif.ts';
import { entryNumbers, findEntry, type Ifd, readIfd, type TiffLayout } from './ifd.ts';
import { readJfifDensity } from './jpeg.ts';
import { damaged } from './libvips.ts';
import type { PictureMetadata } from './metadata.ts';
import { readPngHeader } from './png.ts';
import { inputError, type LibvipsFormat } from './sniff.ts';
import { readTiffPages } from './tiff-pages.ts';

/** What upreel reads from a file itself, because libvips does not tell it. */
export interface OwnHeader {
  readonly density: Density | null;
  /** Only for TIFF, whose camera data libvips leaves alone. */
  readonly exif: Uint8Array | null;
  readonly pngColour: PictureMetadata['pngColour'];
  /** There is a colour profile in the file; libvips may not give it. Of a PNG alone. */
  readonly hasProfile: boolean;
  /** Colours come multiplied with alpha out of the decoder. */
  readonly premultiplied: boolean;
  /** The pages of a TIFF file; empty for the other formats. */
  readonly tiffPages: readonly TiffPageFacts[];
  readonly warnings: readonly string[];
}

export interface TiffPageFacts {
  /** After orientation. */
  readonly size: Size;
  readonly samplesPerPixel: number;
  /** Meaning of the samples beyond colour: 0 unspecified, 1 and 2 alpha. */
  readonly extraSamples: readonly number[];
  /** Before orientation. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  /** Of each sample of a pixel. */
  readonly bits: readonly number[];
  /** TIFF 6.0's PhotometricInterpretation: 2 is RGB, 5 CMYK, 8 and 9 CIELAB. */
  readonly photometric: number;
  /** Samples are whole numbers from 0 on. */
  readonly isUnsigned: boolean;
  readonly isPlanar: boolean;
  readonly isTiled: boolean;
  /** What CIELAB refers to; null: not said. */
  readonly white: readonly [number, number] | null;
}

/**
 * @throws UpreelError `input-damaged` for a TIFF file without a readable page, `input-unsupported` for a camera's raw
 *   file, `input-missing`, `input-unreadable`.
 */
export async function readOwnHeader(path: string, format: LibvipsFormat): Promise<OwnHeader> {
  try {
    const file = await open(path, 'r');
    try {
      return await readByFormat(await fileSource(file), path, format);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

const NOTHING: OwnHeader = {
  density: null,
  exif: null,
  pngColour: [],
  hasProfile: false,
  premultiplied: false,
  tiffPages: [],
  warnings: [],
};

async function readByFormat(source: ByteSource, path: string, format: LibvipsFormat): Promise<OwnHeader> {
  switch (format) {
    case 'png': {
      const { density, pngColour, hasProfile, animated } = await readPngHeader(source);
      const warnings = animated ? [`${path} is an animated PNG: only its first picture is read.`] : [];
      return { ...NOTHING, density, pngColour, hasProfile, warnings };
    }
    case 'jpeg':
      return { ...NOTHING, density: await readJfifDensity(source) };
    case 'avif':
      return { ...NOTHING, ...(await readAvif(source)) };
    case 'tiff':
      return await readTiff(source, path);
    case 'webp':
    case 'gif':
      return NOTHING;
  }
}

async function readTiff(source: ByteSource, path: string): Promise<OwnHeader> {
  const found = await readTiffPages(source);
  const first = found?.pages[0];
  if (found === null || first === undefined) throw damaged(path);
  const { layout, pages } = found;
  refuseCameraRaw(first.ifd, layout, path);
  const full = await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  return {
    ...NOTHING,
    density: ifdDensity(first.ifd, layout.littleEndian),
    exif: full === null ? null : await extractExif(source, layout, full),
    tiffPages: pages.map((page) => tiffPageFacts(page, layout)),
  };
}

/** Raw files of cameras (DNG, NEF, ARW, ...) are TIFF files whose first page is a thumbnail, with the picture behind it. */
function refuseCameraRaw(page: Ifd, layout: TiffLayout, path: string): void {
  const [kind] = entryNumbers(findEntry(page, TAG.newSubfileType), layout.littleEndian);
  const isThumbnail = kind === 1 && findEntry(page, TAG.subIfds) !== undefined;
  if (!isThumbnail && findEntry(page, TAG.dngVersion) === undefined) return;
  throw new UpreelError('input-unsupported', `${path} is a camera's raw file, which upreel does not read.`, {
    hint: 'Develop it first, for example in darktable, and save it as 16-bit TIFF.',
  });
}

function tiffPageFacts(
  { width, height, ifd }: { width: number; height: number; ifd: Ifd },
  layout: TiffLayout,
): TiffPageFacts {
  const numbers = (tag: number) => entryNumbers(findEntry(ifd, tag), layout.littleEndian);
  const turned = (numbers(TAG.orientation)[0] ?? 1) >= 5;
  return {
    size: turned ? { width: height, height: width } : { width, height },
    samplesPerPixel: numbers(TAG.samplesPerPixel)[0] ?? 1,
    extraSamples: numbers(TAG.extraSamples),
    storedWidth: width,
    storedHeight: height,
    bits: numbers(TAG.bitsPerSample),
    photometric: numbers(TAG.photometric)[0] ?? 0,
    isUnsigned: numbers(TAG.sampleFormat).every((kind) => kind === 1),
    isPlanar: numbers(TAG.planar)[0] === 2,
    isTiled: findEntry(ifd, TAG.tileWidth) !== undefined,
    white: whiteOf(numbers(TAG.whitePoint)),
  };
}

function whiteOf([x, y]: readonly number[]): TiffPageFacts['white'] {
  return x !== undefined && y !== undefined && x > 0 && y > 0 && x + y < 1 ? [x, y] : null;
}

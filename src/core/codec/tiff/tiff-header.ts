import type { Size } from '../../pixels/geometry.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { withFile } from '../bytes/with-file.ts';
import { readJpegExtras } from '../formats/jpeg/jpeg-extras.ts';
import { readJfifDensity } from '../formats/jpeg/jpeg-segments.ts';
import type { LibvipsFormat } from '../formats/list.ts';
import { readPngHeader } from '../formats/png/png-chunks.ts';
import { readAvif } from '../heif/avif.ts';
import { damagedPicture } from '../libvips.ts';
import { type Density, EXIF_BUDGET_BYTES, extractExif, ifdDensity, TAG } from '../metadata/exif.ts';
import { entryNumbers, findEntry, type Ifd, readIfd, type TiffLayout } from '../metadata/ifd.ts';
import { leftOutNote, type PictureMetadata } from '../metadata/metadata.ts';
import { foreignFormat } from '../read/sniff.ts';
import { CAMERA_RAW, isCameraRaw } from './camera-raw.ts';
import { readTiffPages } from './tiff-pages.ts';

/** What upreel reads from a file itself, because libvips does not tell it. */
export interface OwnHeader {
  readonly density: Density | null;
  /**
   * These only where libvips does not find them: camera data of TIFF, what stands in a PNG's text or behind its pixels.
   */
  readonly icc: Uint8Array | null;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  readonly iptc: Uint8Array | null;
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
  return await withFile(path, (source) => readByFormat(source, path, format));
}

const NOTHING: OwnHeader = {
  density: null,
  icc: null,
  exif: null,
  xmp: null,
  iptc: null,
  pngColour: [],
  hasProfile: false,
  premultiplied: false,
  tiffPages: [],
  warnings: [],
};

async function readByFormat(source: ByteSource, path: string, format: LibvipsFormat): Promise<OwnHeader> {
  switch (format) {
    case 'png': {
      const { frames: _, ...header } = await readPngHeader(source);
      return { ...NOTHING, ...header };
    }
    case 'jpeg': {
      const warnings = leftOutNote(path, await readJpegExtras(source));
      return { ...NOTHING, density: await readJfifDensity(source), warnings };
    }
    case 'avif':
      return { ...NOTHING, ...(await readAvif(source, path)) };
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
  if (found === null || first === undefined) throw damagedPicture(path);
  const { layout, pages } = found;
  if (await isCameraRaw(source, first.ifd, layout)) throw foreignFormat(path, CAMERA_RAW);
  const full = await readIfd(source, layout, layout.firstIfd, EXIF_BUDGET_BYTES);
  return {
    ...NOTHING,
    density: ifdDensity(first.ifd, layout.littleEndian),
    exif: full === null ? null : await extractExif(source, layout, full),
    tiffPages: pages.map((page) => tiffPageFacts(page, layout)),
  };
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

import type { Sharp } from 'sharp';
import type { ByteSource } from '../bytes/byte-source.ts';
import { rewriteFile } from '../bytes/rewrite.ts';
import type { OwnHeader } from '../definition/libvips-kind.ts';
import { startsWith } from '../definition/marks.ts';
import { ALL_PLACES } from '../definition/metadata-places.ts';
import { libvipsQuality, type PictureEncoding } from '../definition/picture-encoding.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { leftOutNote } from '../metadata/metadata.ts';
import { readJpegExtras } from './jpeg/jpeg-extras.ts';
import {
  jpegPieces,
  MAX_JPEG_EXIF_BYTES,
  MAX_JPEG_ICC_BYTES,
  MAX_JPEG_XMP_BYTES,
  readJfifDensity,
} from './jpeg/jpeg-segments.ts';

const QUALITY = 93;

/** @see ITU-T T.81 */
export const jpeg = {
  name: 'JPEG',
  extensions: ['.jpg', '.jpeg', '.jpe', '.jfif', '.mpo'],
  mark: startsWith('\xff\xd8\xff'),
  read: { by: 'libvips', pages: 'one', readHeader },
  write: {
    endings: ['.jpg', '.jpeg', '.jpe', '.jfif'],
    abilities: {
      maxSidePx: 65_535,
      maxMegapixels: Number.POSITIVE_INFINITY,
      alpha: false,
      sixteenBit: false,
      pages: 'one',
      lossless: 'never',
      defaultQuality: QUALITY,
    },
    places: {
      ...ALL_PLACES,
      most: { icc: MAX_JPEG_ICC_BYTES, exif: MAX_JPEG_EXIF_BYTES, xmp: MAX_JPEG_XMP_BYTES },
    },
    still: {
      by: 'libvips',
      encode,
      complete: async ([pixels = ''], { metadata }, { newFile }) =>
        await rewriteFile(pixels, await newFile('jpeg'), (source) => jpegPieces(source, metadata)),
    },
  },
} satisfies StillFormat;

async function readHeader(source: ByteSource, path: string): Promise<Partial<OwnHeader>> {
  const warnings = leftOutNote(path, await readJpegExtras(source));
  return { density: await readJfifDensity(source), warnings };
}

function encode(pipeline: Sharp, { quality, effort, size }: PictureEncoding): Sharp {
  const level = libvipsQuality(quality, QUALITY);
  return pipeline.jpeg({
    quality: level,
    chromaSubsampling: level >= 90 ? '4:4:4' : '4:2:0',
    // Optimal codes need all coefficients in memory: 6 bytes a pixel.
    optimiseCoding: effort !== 'fast' && size.width * size.height <= LARGE_PIXELS,
  });
}

const LARGE_PIXELS = 24e6;

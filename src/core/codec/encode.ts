import { open } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import type { Rect, Size } from '../geometry.ts';
import { type ByteSource, fileSource } from './byte-source.ts';
import { jpegPieces } from './jpeg.ts';
import { openPipeline } from './libvips.ts';
import type { PictureMetadata } from './metadata.ts';
import { type Effort, FORMAT_ABILITIES, type OutputFormat } from './output-format.ts';
import { pngPieces } from './png.ts';
import { type Piece, writePieces } from './rewrite.ts';
import { joinTiffPages } from './tiff-pages.ts';
import { webpPieces } from './webp.ts';

/** How finished rows become a file. */
export interface Encoding {
  readonly format: OutputFormat;
  /** 0 to 100; null: the format's default. */
  readonly quality: number | null;
  readonly effort: Effort;
  readonly lossless: boolean;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  /** The carrier's pixels have alpha. */
  readonly alpha: boolean;
  /** What lies around an opaque picture, as #rrggbb; null: black. */
  readonly flatten: string | null;
  /** What a page is resampled to where the carrier's size differs. */
  readonly resized: Size;
  /** What of it the file shows, in its pixels, and what lies around it; null: just that. */
  readonly canvas: Rect | null;
  /** Of a page in the file. */
  readonly size: Size;
  readonly pages: number;
  readonly metadata: PictureMetadata;
}

/**
 * Encodes a carrier's pixels into a new file, without metadata; the profile does not touch the pixels. libvips reads row
 * by row, so for PNG, TIFF and JPEG memory does not grow with the height (WebP and AVIF hold the picture whole).
 */
export async function encodePixels(carrier: Buffer | string, encoding: Encoding, to: string): Promise<void> {
  const { resized, pages } = encoding;
  const pipeline = openPipeline(carrier, { pages: pages > 1 ? -1 : 1 });
  pipeline.resize({ width: resized.width, height: resized.height, fit: 'fill', kernel: 'lanczos3' });
  if (encoding.canvas !== null) showOn(pipeline, encoding.canvas, encoding);
  pipeline.toColourspace(colourspaceOf(encoding));
  await setFormat(pipeline, encoding).toFile(to);
}

/** Cuts off what lies beyond the canvas, and fills what it has beyond the picture. */
function showOn(pipeline: Sharp, canvas: Rect, { resized, alpha, flatten }: Encoding): void {
  const [left, top] = [Math.max(0, canvas.x), Math.max(0, canvas.y)];
  const width = Math.min(resized.width, canvas.x + canvas.width) - left;
  const height = Math.min(resized.height, canvas.y + canvas.height) - top;
  if (width < resized.width || height < resized.height) pipeline.extract({ left, top, width, height });
  const before = { left: Math.max(0, -canvas.x), top: Math.max(0, -canvas.y) };
  const after = { right: canvas.width - width - before.left, bottom: canvas.height - height - before.top };
  const colour = flatten ?? { r: 0, g: 0, b: 0, alpha: alpha ? 0 : 1 };
  if (width < canvas.width || height < canvas.height) pipeline.extend({ ...before, ...after, background: colour });
}

/** Puts the metadata to encoded pixels: the name of the file that then is complete, one of `pixelFiles` or `to`. */
export async function addMetadata(pixelFiles: readonly string[], encoding: Encoding, to: string): Promise<string> {
  const [first = ''] = pixelFiles;
  if (encoding.format === 'tiff') {
    await joinTiffPages(pixelFiles, encoding.metadata);
    return first;
  }
  const file = await open(first, 'r');
  try {
    const source = await fileSource(file);
    await writePieces(source, await metadataPieces(source, encoding), to);
  } finally {
    await file.close();
  }
  return to;
}

/** AVIF's boxes are best written by libheif, which takes the metadata from a PNG file that has it. */
export async function convertToAvif(png: string, encoding: Encoding, to: string): Promise<void> {
  const { icc, exif, xmp } = encoding.metadata;
  const pipeline = openPipeline(png, {});
  // Where there is nothing to keep, libvips would make up an EXIF block with a density of 72.
  if (icc !== null || exif !== null || xmp !== null) pipeline.keepMetadata();
  await setFormat(pipeline, encoding).toFile(to);
}

function metadataPieces(source: ByteSource, encoding: Encoding): Promise<Piece[]> {
  switch (encoding.format) {
    case 'jpeg':
      return jpegPieces(source, encoding.metadata);
    case 'webp':
      return webpPieces(source, encoding.metadata, {
        ...encoding.size,
        alpha: encoding.alpha,
      });
    default:
      return pngPieces(source, encoding.metadata);
  }
}

function colourspaceOf({ channels, bytesPerSample }: Encoding): string {
  if (channels === 1) return bytesPerSample === 1 ? 'b-w' : 'grey16';
  return bytesPerSample === 1 ? 'srgb' : 'rgb16';
}

function setFormat(pipeline: Sharp, encoding: Encoding): Sharp {
  const { format, lossless, size, pages, metadata, effort } = encoding;
  const pixels = size.width * size.height;
  const quality = Math.max(1, Math.round(encoding.quality ?? FORMAT_ABILITIES[format].defaultQuality));
  switch (format) {
    case 'png':
      return pipeline.png(PNG_EFFORT[effort]);
    case 'jpeg':
      return pipeline.jpeg({
        quality,
        chromaSubsampling: quality >= 90 ? '4:4:4' : '4:2:0',
        // Optimal codes need all coefficients in memory: 6 bytes a pixel.
        optimiseCoding: effort !== 'fast' && pixels <= LARGE_PIXELS,
      });
    case 'webp':
      return pipeline.webp({
        quality,
        lossless,
        effort: WEBP_EFFORT[effort],
        exact: lossless,
        smartSubsample: true,
        ...(pages > 1 ? { delay: [...metadata.delaysMs], loop: metadata.loop ?? 0 } : {}),
      });
    case 'tiff':
      return pipeline.tiff({
        compression: effort === 'fast' ? 'none' : 'deflate',
        predictor: 'horizontal',
        // All pages of a file must be of one kind, and a deflated one may come out a little larger than it was.
        bigtiff: pixels * pages * 4 * encoding.bytesPerSample > 3.5e9,
      });
    case 'avif':
      return pipeline.avif({ quality, lossless, effort: AVIF_EFFORT[effort], chromaSubsampling: '4:4:4' });
  }
}

const LARGE_PIXELS = 24e6;

/** Milliseconds and size for a megapixel that a network made: 30 and 1.6 times, 75 and 1, 180 and 0.95 (docs/stills.md). */
const PNG_EFFORT = {
  fast: { compressionLevel: 1, adaptiveFiltering: false },
  balanced: { compressionLevel: 3, adaptiveFiltering: true },
  best: { compressionLevel: 9, adaptiveFiltering: true },
} as const;
/** libvips' own scales: 0 to 6, and 0 to 9, where the last steps take minutes. */
const WEBP_EFFORT = { fast: 1, balanced: 4, best: 6 } as const;
const AVIF_EFFORT = { fast: 2, balanced: 4, best: 6 } as const;

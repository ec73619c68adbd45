import type { Sharp } from 'sharp';
import type { Rect, Size } from '../../pixels/geometry.ts';
import { openPipeline, whole } from '../libvips.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import { rawPixels } from '../raw-pixels.ts';
import { type Effort, FORMAT_ABILITIES, type OutputFormat } from './output-format.ts';

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
  readonly metadata: PictureMetadata;
  /** How the picture is made, for PNM, which has no metadata but a line; null: that is not told. */
  readonly made: string | null;
}

/** What libvips encodes itself. */
type LibvipsEncoding = Encoding & { readonly format: 'png' | 'jpeg' | 'webp' | 'tiff' | 'avif' };

/** How libvips carries the pixels: as the file itself, or quickly as what that is made of afterwards (complete.ts). */
export function carried(encoding: Encoding): LibvipsEncoding {
  const { format } = encoding;
  switch (format) {
    case 'jxl':
      return { ...encoding, format: 'png', effort: 'fast' };
    case 'avif':
    case 'bmp':
    case 'pnm':
    case 'exr':
      return { ...encoding, format: 'tiff', effort: 'fast' };
    case 'gif':
      throw new Error('GIF has a writer of its own.');
    default:
      return { ...encoding, format };
  }
}

/**
 * Encodes a carrier's pixels into a new file, without metadata; the profile does not touch the pixels. libvips reads
 * row by row, so for PNG, TIFF and JPEG memory does not grow with the height (WebP and AVIF hold the picture whole).
 */
export async function encodePixels(carrier: Buffer | string, encoding: LibvipsEncoding, to: string): Promise<void> {
  const pipeline = finishedPixels(carrier, encoding).toColourspace(colourspaceOf(encoding));
  await whole(pipeline, setFormat(pipeline, encoding).toFile(to));
}

/** A page's pixels as they would be encoded: interleaved, alpha last. */
export async function renderPixels(carrier: Buffer | string, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const { channels, bytesPerSample, alpha, size } = encoding;
  const samples = { bands: channels + (alpha ? 1 : 0), bytesPerSample };
  return await rawPixels(finishedPixels(carrier, encoding), samples, size);
}

/** At their size. */
function finishedPixels(carrier: Buffer | string, encoding: Encoding): Sharp {
  const { resized } = encoding;
  const pipeline = openPipeline(carrier, {});
  pipeline.resize({ width: resized.width, height: resized.height, fit: 'fill', kernel: 'lanczos3' });
  if (encoding.canvas !== null) showOn(pipeline, encoding.canvas, encoding);
  return pipeline;
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

/** AVIF from a TIFF file that has the profile, which libvips takes from there alone. */
export async function convertToAvif(tiff: string, encoding: LibvipsEncoding, to: string): Promise<void> {
  const pipeline = openPipeline(tiff, {});
  if (encoding.metadata.icc !== null) pipeline.keepIccProfile();
  await whole(pipeline, setFormat(pipeline, encoding).toFile(to));
}

function colourspaceOf({ channels, bytesPerSample }: Encoding): string {
  if (channels === 1) return bytesPerSample === 1 ? 'b-w' : 'grey16';
  return bytesPerSample === 1 ? 'srgb' : 'rgb16';
}

function setFormat(pipeline: Sharp, encoding: LibvipsEncoding): Sharp {
  const { format, lossless, size, effort } = encoding;
  const pixels = size.width * size.height;
  const quality = qualityOf(encoding);
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
      return pipeline.webp(webpOptions({ quality, lossless, effort }));
    case 'tiff':
      return pipeline.tiff({
        compression: effort === 'fast' ? 'none' : 'deflate',
        predictor: 'horizontal',
        // All pages of a file must be of one kind, and a deflated one may come out a little larger than it was.
        bigtiff: pixels * 4 * encoding.bytesPerSample > 3.5e9,
      });
    case 'avif':
      return pipeline.avif({ quality, lossless, effort: AVIF_EFFORT[effort], chromaSubsampling: '4:4:4' });
  }
}

/** 1 to 100, as libvips takes it. */
export function qualityOf({ quality, format }: Pick<Encoding, 'quality' | 'format'>): number {
  return Math.max(1, Math.round(quality ?? FORMAT_ABILITIES[format].defaultQuality));
}

export function webpOptions({
  quality,
  lossless,
  effort,
}: Pick<Encoding, 'lossless' | 'effort'> & { quality: number }) {
  return { quality, lossless, effort: WEBP_EFFORT[effort], exact: lossless, smartSubsample: true };
}

const LARGE_PIXELS = 24e6;

/**
 * Milliseconds and size for a megapixel that a network made: 30 and 1.6 times, 75 and 1, 180 and 0.95 (docs/stills.md).
 */
export const PNG_EFFORT = {
  fast: { compressionLevel: 1, adaptiveFiltering: false },
  balanced: { compressionLevel: 3, adaptiveFiltering: true },
  best: { compressionLevel: 9, adaptiveFiltering: true },
} as const;
/** libvips' own scales: 0 to 6, and 0 to 9, where the last steps take minutes. */
const WEBP_EFFORT = { fast: 1, balanced: 4, best: 6 } as const;
const AVIF_EFFORT = { fast: 2, balanced: 4, best: 6 } as const;

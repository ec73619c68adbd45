import type { Sharp } from 'sharp';
import type { Rect } from '../../pixels/geometry.ts';
import { libvipsQuality, type PictureEncoding } from '../definition/picture-encoding.ts';
import type { LibvipsWriting, StillWriting } from '../definition/written-format.ts';
import { FORMATS, type OutputFormat } from '../formats/list.ts';
import { openPipeline, whole } from '../libvips.ts';
import { rawPixels } from '../raw-pixels.ts';
import { writtenFormat } from './output-format.ts';

/** How finished rows become a file. */
export interface Encoding extends PictureEncoding {
  readonly format: OutputFormat;
}

/** What libvips encodes itself. */
interface CarriedEncoding extends Encoding {
  readonly encode: LibvipsWriting['encode'];
}

/** How libvips carries the pixels: as the file itself, or quickly as what that is made of afterwards (complete.ts). */
export function carried(encoding: Encoding): CarriedEncoding {
  const writing = stillWriting(encoding.format);
  if (writing.by === 'libvips') return { ...encoding, encode: writing.encode };
  const format = writing.by === 'conversion' ? writing.from : 'tiff';
  return { ...encoding, format, effort: 'fast', encode: FORMATS[format].write.still.encode };
}

/** @throws Error where a still picture is an animation of one page. */
export function stillWriting(format: OutputFormat): StillWriting {
  const { still } = writtenFormat(format);
  if (still === null) throw new Error(`${FORMATS[format].name} has a writer of its own.`);
  return still;
}

/**
 * Encodes a carrier's pixels into a new file, without metadata; the profile does not touch the pixels. libvips reads
 * row by row, so for PNG, TIFF and JPEG memory does not grow with the height (WebP and AVIF hold the picture whole).
 */
export async function encodePixels(carrier: Buffer | string, encoding: CarriedEncoding, to: string): Promise<void> {
  const pipeline = finishedPixels(carrier, encoding).toColourspace(colourspaceOf(encoding));
  await whole(pipeline, encoding.encode(pipeline, encoding).toFile(to));
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

function colourspaceOf({ channels, bytesPerSample }: Encoding): string {
  if (channels === 1) return bytesPerSample === 1 ? 'b-w' : 'grey16';
  return bytesPerSample === 1 ? 'srgb' : 'rgb16';
}

/** 1 to 100, as libvips takes it. */
export function qualityOf({ quality, format }: Pick<Encoding, 'quality' | 'format'>): number {
  return libvipsQuality(quality, writtenFormat(format).abilities.defaultQuality);
}

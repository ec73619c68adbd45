import type { Raster } from '../../pixels/raster.ts';
import { makeWebpChunk, WEBP_FLAG } from '../formats/webp/webp-chunks.ts';
import { whole } from '../libvips.ts';
import { pixelPipeline } from '../raw-pixels.ts';
import { joinAlpha } from '../samples.ts';

/**
 * A part of a picture as WebP without loss, for programs that show it.
 * @param colour 8 bits, at most 16,383 pixels on a side; `alpha` of its size, or null
 * @param icc of the samples; null: sRGB
 */
export async function losslessTile(
  colour: Raster,
  alpha: Raster | null,
  icc: Uint8Array | null,
): Promise<Buffer<ArrayBuffer>> {
  const { width, height, channels } = colour;
  const pixels = alpha === null ? colour.data : joinAlpha(colour, alpha);
  const bands = channels + (alpha === null ? 0 : 1);
  const pipeline = pixelPipeline(pixels, { width, height }, { bands, bytesPerSample: 1 });
  const file = Buffer.from(await whole(pipeline, pipeline.webp({ lossless: true, effort: 0, exact: true }).toBuffer()));
  return icc === null ? file : withProfile(file, icc, { width, height, alpha: alpha !== null });
}

/** The extended form (VP8X) of a plain WebP file. */
function withProfile(
  file: Buffer,
  icc: Uint8Array,
  { width, height, alpha }: { width: number; height: number; alpha: boolean },
): Buffer<ArrayBuffer> {
  const canvas = Buffer.alloc(10);
  canvas.writeUInt8(WEBP_FLAG.icc | (alpha ? WEBP_FLAG.alpha : 0), 0);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  // libvips writes the extended form by itself where there is alpha.
  const pixels = file.subarray(file.toString('latin1', 12, 16) === 'VP8X' ? 30 : 12);
  const parts = [makeWebpChunk('VP8X', canvas), makeWebpChunk('ICCP', icc), pixels];
  head.writeUInt32LE(4 + parts.reduce((sum, { length }) => sum + length, 0), 4);
  return Buffer.concat([head, ...parts]);
}

import { escapeMarkup } from '../escape-markup.ts';
import type { Raster } from '../pixels/raster.ts';
import { textPipeline, whole } from './libvips.ts';

/**
 * A line of text in the system's plain font, white on black, one channel; what is wider than `maxWidth` is cut off.
 * Control characters become spaces. @param heightPx of the line
 */
export async function textPixels(line: string, heightPx: number, maxWidth: number): Promise<Raster> {
  // Pango reads markup.
  const text = escapeMarkup(line.replace(/\p{Cc}/gu, ' ')).trim();
  if (text === '')
    return { width: 1, height: heightPx, channels: 1, bytesPerSample: 1, data: new Uint8Array(heightPx) };
  const pipeline = textPipeline(text, Math.round(heightPx * 4.5));
  const { data, info } = await whole(pipeline, pipeline.extractChannel(0).raw().toBuffer({ resolveWithObject: true }));
  const width = Math.min(maxWidth, info.width);
  const line8 = new Uint8Array(width * info.height);
  for (let y = 0; y < info.height; y++) line8.set(data.subarray(y * info.width, y * info.width + width), y * width);
  return { width, height: info.height, channels: 1, bytesPerSample: 1, data: line8 };
}

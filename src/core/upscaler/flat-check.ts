import type { Rect } from '../pixels/geometry.ts';
import { type Raster, samplesOf } from '../pixels/raster.ts';

/**
 * NaN, the usual way for a network to fail (half precision that overflows, damaged weights), does not survive the cast
 * to integers: it shows as 0, so as an area of one exact value (black) where the source has a picture.
 */
export type Flatness = 'none' | 'part' | 'whole';

/** Cells of this side are looked at, in source pixels: smaller than what one NaN spreads to in a deep network. */
const CELL_PX = 32;
/**
 * A source cell whose levels of 255 span this much is a picture; networks do smooth weaker noise to one exact value.
 */
const PICTURE_LEVELS = 64;

/**
 * Whether the upscaled window is of one value, in whole or in some cell, where its source is a picture. Costs one
 * comparison of memory for each cell that is not flat.
 */
export function flatness(source: Raster, window: Rect, upscaled: Uint8Array, scale: number): Flatness {
  const pixelBytes = source.channels * source.bytesPerSample;
  const bytes = Buffer.from(upscaled.buffer, upscaled.byteOffset, upscaled.byteLength);
  let flat = 0;
  let pictures = 0;
  let cells = 0;
  for (let y = 0; y < window.height; y += CELL_PX) {
    for (let x = 0; x < window.width; x += CELL_PX) {
      const cell = { x, y, width: Math.min(CELL_PX, window.width - x), height: Math.min(CELL_PX, window.height - y) };
      cells++;
      if (!isFlat(bytes, window.width * scale * pixelBytes, pixelBytes, cell, scale)) continue;
      flat++;
      if (isPicture(source, { ...cell, x: window.x + x, y: window.y + y })) pictures++;
    }
  }
  if (pictures === 0) return 'none';
  return flat === cells && isConstant(bytes, 0, bytes.length, pixelBytes) ? 'whole' : 'part';
}

function isFlat(bytes: Buffer, rowBytes: number, pixelBytes: number, cell: Rect, scale: number): boolean {
  const [first, length] = [cell.y * scale * rowBytes + cell.x * scale * pixelBytes, cell.width * scale * pixelBytes];
  if (!isConstant(bytes, first, first + length, pixelBytes)) return false;
  for (let row = 1; row < cell.height * scale; row++) {
    const start = first + row * rowBytes;
    if (bytes.compare(bytes, first, first + length, start, start + length) !== 0) return false;
  }
  return true;
}

/** What is shifted by one pixel equals itself only if all its pixels are the same. */
function isConstant(bytes: Buffer, start: number, end: number, pixelBytes: number): boolean {
  return bytes.compare(bytes, start + pixelBytes, end, start, end - pixelBytes) === 0;
}

function isPicture(source: Raster, cell: Rect): boolean {
  const { width, channels, bytesPerSample } = source;
  const samples = samplesOf(source);
  const least = PICTURE_LEVELS * (bytesPerSample === 1 ? 1 : 257);
  for (let channel = 0; channel < channels; channel++) {
    let [low, high] = [Number.POSITIVE_INFINITY, 0];
    for (let y = cell.y; y < cell.y + cell.height; y++) {
      const start = (y * width + cell.x) * channels + channel;
      for (let at = start; at < start + cell.width * channels; at += channels) {
        low = Math.min(low, samples[at]!);
        high = Math.max(high, samples[at]!);
      }
    }
    if (high - low >= least) return true;
  }
  return false;
}

import type { Rect } from './geometry.ts';
import type { Raster } from './raster.ts';

/** Copies whole rows; no pixel is ever touched one by one. */

export function cropInto(target: Uint8Array, source: Raster, rect: Rect): void {
  const pixelBytes = source.channels * source.bytesPerSample;
  const rowBytes = rect.width * pixelBytes;
  const strideBytes = source.width * pixelBytes;
  let from = rect.y * strideBytes + rect.x * pixelBytes;
  if (rowBytes === strideBytes) {
    target.set(source.data.subarray(from, from + rowBytes * rect.height));
    return;
  }
  for (let row = 0; row < rect.height; row++, from += strideBytes) {
    target.set(source.data.subarray(from, from + rowBytes), row * rowBytes);
  }
}

/**
 * Pastes a part of an upscaled window into the result.
 * @param from the part, in the window's own pixels
 * @param to where its top left pixel goes
 */
export function pasteInto(
  target: Raster,
  to: { readonly x: number; readonly y: number },
  window: { readonly data: Uint8Array; readonly width: number },
  from: Rect,
): void {
  const pixelBytes = target.channels * target.bytesPerSample;
  const rowBytes = from.width * pixelBytes;
  const targetStride = target.width * pixelBytes;
  const windowStride = window.width * pixelBytes;
  let source = from.y * windowStride + from.x * pixelBytes;
  let offset = to.y * targetStride + to.x * pixelBytes;
  if (rowBytes === targetStride && rowBytes === windowStride) {
    target.data.set(window.data.subarray(source, source + rowBytes * from.height), offset);
    return;
  }
  for (let row = 0; row < from.height; row++, source += windowStride, offset += targetStride) {
    target.data.set(window.data.subarray(source, source + rowBytes), offset);
  }
}

/** Rows of a raster, as a view of its data. */
export function cutRows(source: Raster, start: number, end: number): Raster {
  const rowBytes = source.width * source.channels * source.bytesPerSample;
  return { ...source, height: end - start, data: source.data.subarray(start * rowBytes, end * rowBytes) };
}

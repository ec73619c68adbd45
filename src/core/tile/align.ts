import type { FixedSize, Size } from '../pixels/geometry.ts';
import { makeRaster, type Raster } from '../pixels/raster.ts';
import { cropInto } from '../pixels/rows.ts';

/** The least size of at least this that is a multiple of `alignPx`, and holds a window of fixed size. */
export function paddedSize({ width, height }: Size, alignPx: number, fixedPx: FixedSize | null): Size {
  const padded = (length: number, fixed: number | null | undefined) =>
    fixed == null ? Math.ceil(length / alignPx) * alignPx : Math.max(length, fixed);
  return { width: padded(width, fixedPx?.width), height: padded(height, fixedPx?.height) };
}

/**
 * Grows a raster to the right and down by reflection without repeating the border pixel, as the Real-ESRGAN scripts do
 * before pixel-unshuffle networks; as often as it takes. Pictures of one pixel repeat it.
 */
export function padByReflection(source: Raster, { width, height }: Size): Raster {
  if (width === source.width && height === source.height) return source;
  const padded = makeRaster(width, height, source);
  const pixelBytes = source.channels * source.bytesPerSample;
  const stride = width * pixelBytes;
  for (let y = 0; y < height; y++) {
    const from = reflect(y, source.height) * source.width * pixelBytes;
    padded.data.set(source.data.subarray(from, from + source.width * pixelBytes), y * stride);
    for (let x = source.width; x < width; x++) {
      const pixel = y * stride + reflect(x, source.width) * pixelBytes;
      padded.data.copyWithin(y * stride + x * pixelBytes, pixel, pixel + pixelBytes);
    }
  }
  return padded;
}

/** The top left part of a raster. */
export function cropTopLeft(source: Raster, width: number, height: number): Raster {
  if (width === source.width && height === source.height) return source;
  const cropped = makeRaster(width, height, source);
  cropInto(cropped.data, source, { x: 0, y: 0, width, height });
  return cropped;
}

function reflect(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = index % period;
  return folded < length ? folded : period - folded;
}

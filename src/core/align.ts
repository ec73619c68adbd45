import { makeRaster, type Raster } from './raster.ts';
import { cropInto } from './rows.ts';

/**
 * Grows a raster to the right and down to multiples of `alignPx` by reflection without repeating the border pixel, as
 * the Real-ESRGAN scripts do before pixel-unshuffle networks. Pictures of one pixel repeat it.
 */
export function padToAlignment(source: Raster, alignPx: number): Raster {
  const width = Math.ceil(source.width / alignPx) * alignPx;
  const height = Math.ceil(source.height / alignPx) * alignPx;
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

import type { Size } from '../core/geometry.ts';
import { makeRaster, type Raster } from '../core/raster.ts';
import { channelPlane, type Plane } from './plane.ts';

/**
 * Bicubic resampling as MATLAB's imresize does it, which the papers' low-resolution pictures were made with: Keys' kernel
 * (a = -0.5), stretched by the factor when shrinking (antialiasing), weights normalised, borders mirrored, result rounded
 * to 8 bits. `scale` is the exact factor; the size is rounded up as MATLAB does.
 */
export function bicubic(raster: Raster, scale: number): Raster {
  const size = { width: Math.ceil(raster.width * scale), height: Math.ceil(raster.height * scale) };
  const result = makeRaster(size.width, size.height, { channels: raster.channels, bytesPerSample: 1 });
  for (let channel = 0; channel < raster.channels; channel++) {
    const plane = resamplePlane(channelPlane(raster, channel), size, scale);
    plane.data.forEach((value, i) => {
      result.data[i * raster.channels + channel] = Math.max(0, Math.min(255, Math.round(value)));
    });
  }
  return result;
}

function resamplePlane(plane: Plane, size: Size, scale: number): Plane {
  // Rows first, then columns: the passes commute up to rounding in float64.
  const columns = contributions(plane.height, size.height, scale);
  const narrow = new Float64Array(plane.width * size.height);
  for (const [y, taps] of columns.entries()) {
    for (let x = 0; x < plane.width; x++) {
      let sum = 0;
      for (const { index, weight } of taps) sum += weight * plane.data[index * plane.width + x]!;
      narrow[y * plane.width + x] = sum;
    }
  }
  const rows = contributions(plane.width, size.width, scale);
  const data = new Float64Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    for (const [x, taps] of rows.entries()) {
      let sum = 0;
      for (const { index, weight } of taps) sum += weight * narrow[y * plane.width + index]!;
      data[y * size.width + x] = sum;
    }
  }
  return { ...size, data };
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

function contributions(from: number, to: number, scale: number): Tap[][] {
  const stretch = Math.min(scale, 1);
  const reach = 2 / stretch;
  return Array.from({ length: to }, (_, out) => {
    const centre = (out + 0.5) / scale - 0.5;
    const first = Math.floor(centre - reach) + 1;
    const count = Math.ceil(2 * reach) + 1;
    const taps = Array.from({ length: count }, (__, k) => ({
      index: mirror(first + k, from),
      weight: kernel((centre - first - k) * stretch),
    }));
    const total = taps.reduce((sum, tap) => sum + tap.weight, 0);
    return taps.filter((tap) => tap.weight !== 0).map((tap) => ({ ...tap, weight: tap.weight / total }));
  });
}

/** Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5. */
function kernel(distance: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x <= 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

function mirror(index: number, length: number): number {
  const period = 2 * length;
  const folded = ((index % period) + period) % period;
  return folded < length ? folded : period - 1 - folded;
}

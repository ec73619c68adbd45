import { makeRaster, type Raster } from '../../src/core/pixels/raster.ts';
import { samplesOf } from './rasters.ts';

/**
 * MATLAB's imresize from its definition, one sum over the whole line for each sample, in float64: as slow and as plain
 * as can be. Columns first; rounded and clamped after each direction; borders repeated.
 */
export function plainImresize(picture: Raster, width: number, height: number, kernel: Kernel): Raster {
  const most = picture.bytesPerSample === 1 ? 255 : 65535;
  const source = samplesOf(picture);
  const { channels } = picture;
  const result = makeRaster(width, height, picture);
  const target = samplesOf(result);
  for (let c = 0; c < channels; c++) {
    const columns = Array.from({ length: picture.width }, (_, x) => {
      const column = Array.from({ length: picture.height }, (__, y) => source[(y * picture.width + x) * channels + c]!);
      return plainLine(column, height, kernel, most);
    });
    for (let y = 0; y < height; y++) {
      const row = plainLine(
        columns.map((column) => column[y]!),
        width,
        kernel,
        most,
      );
      for (const [x, value] of row.entries()) target[(y * width + x) * channels + c] = value;
    }
  }
  return result;
}

export type Kernel = (x: number) => number;

function plainLine(line: readonly number[], to: number, kernel: Kernel, most: number): number[] {
  const scale = to / line.length;
  const h: Kernel = scale < 1 ? (x) => kernel(x * scale) : kernel;
  return Array.from({ length: to }, (_, i) => {
    // MATLAB counts from 1: u = x / scale + (1 - 1 / scale) / 2.
    const u = (i + 1) / scale + 0.5 * (1 - 1 / scale);
    let [sum, weights] = [0, 0];
    for (let at = -4 * line.length - 40; at <= 5 * line.length + 40; at++) {
      sum += h(u - at) * line[Math.min(line.length, Math.max(1, at)) - 1]!;
      weights += h(u - at);
    }
    return Math.min(most, Math.max(0, Math.floor(sum / weights + 0.5)));
  });
}

/** As MATLAB's own source and Keys' paper write them. */
export const PLAIN_KERNELS = {
  nearest: (x) => (-0.5 <= x && x < 0.5 ? 1 : 0),
  bicubic: (x) => {
    const a = Math.abs(x);
    return a <= 1 ? 1.5 * a * a * a - 2.5 * a * a + 1 : a <= 2 ? -0.5 * a * a * a + 2.5 * a * a - 4 * a + 2 : 0;
  },
  lanczos: (x) => {
    const sinc = (t: number): number => (t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t));
    return Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
  },
} as const satisfies Record<string, Kernel>;

import type { Size } from '../core/pixels/geometry.ts';
import { makeRaster, type Raster, samplesOf } from '../core/pixels/raster.ts';
import { levelsPerUnit } from './plane.ts';

/** What plain resampling can be asked for; each as MATLAB's imresize has it. */
export const KERNELS = {
  nearest: { reach: 0.5, weight: (x) => (x >= -0.5 && x < 0.5 ? 1 : 0) },
  bicubic: { reach: 2, weight: keys },
  lanczos: { reach: 3, weight: lanczos3 },
} as const satisfies Record<string, Kernel>;

export type KernelName = keyof typeof KERNELS;

interface Kernel {
  /** Source samples on either side of the centre beyond which the weight is 0. */
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

/**
 * The low-resolution picture that the papers make of a full-size one: MATLAB's `imresize(picture, 1 / factor)` of
 * integer samples. The bicubic kernel is stretched by the factor (antialiasing), borders are repeated, and samples are
 * rounded and clamped after each pass: first down the columns, then along the rows. The published pictures of Set5 and
 * Set14 (SelfExSR) come out to the sample; docs/measuring.md tells which ones have mirrored borders instead.
 * @param raster its width and height are multiples of `factor`
 */
export function shrink(raster: Raster, factor: number): Raster {
  return resample(raster, { width: raster.width / factor, height: raster.height / factor }, KERNELS.bicubic);
}

/** `imresize(picture, factor)`, as deep as the raster. @param factor a whole number */
export function enlarge(raster: Raster, factor: number, kernel: KernelName): Raster {
  return resample(raster, { width: raster.width * factor, height: raster.height * factor }, KERNELS[kernel]);
}

/**
 * Bicubic as `enlarge` has it, to any size that is no smaller. Sides that are not the same multiple are stretched by
 * what makes them fit.
 */
export function enlargeTo(raster: Raster, { width, height }: Size): Raster {
  return resample(raster, { width, height }, KERNELS.bicubic);
}

/**
 * Row by row: first down the columns, then along the row. Rounded and clamped after each pass, because MATLAB's
 * imresize keeps the class of its input between the passes.
 */
function resample(raster: Raster, size: Size, kernel: Kernel): Raster {
  const result = makeRaster(size.width, size.height, raster);
  const [from, to] = [samplesOf(raster), samplesOf(result)];
  const top = levelsPerUnit(raster) * 255;
  const { channels } = raster;
  const stored = (value: number): number => Math.min(top, Math.max(0, Math.round(value)));
  const down = tapsOf(raster.height, size.height, kernel);
  const along = tapsOf(raster.width, size.width, kernel);
  const stride = raster.width * channels;
  const row = new Float64Array(stride);
  let at = 0;
  for (const column of down) {
    row.fill(0);
    for (const { index, weight } of column) {
      for (let x = 0, sample = index * stride; x < stride; x++, sample++) row[x] = row[x]! + weight * from[sample]!;
    }
    for (let x = 0; x < stride; x++) row[x] = stored(row[x]!);
    for (const taps of along) {
      for (let channel = 0; channel < channels; channel++, at++) {
        let sum = 0;
        for (const { index, weight } of taps) sum += weight * row[index * channels + channel]!;
        to[at] = stored(sum);
      }
    }
  }
  return result;
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** For each sample of the result, the source samples it is made of; their weights sum to 1. */
function tapsOf(from: number, to: number, { reach, weight }: Kernel): Tap[][] {
  const scale = to / from;
  const stretch = Math.min(scale, 1);
  const count = Math.ceil((2 * reach) / stretch) + 2;
  return Array.from({ length: to }, (_, out) => {
    const centre = (out + 0.5) / scale - 0.5;
    const first = Math.floor(centre - reach / stretch);
    const taps = Array.from({ length: count }, (__, k) => ({
      index: Math.min(from - 1, Math.max(0, first + k)),
      weight: weight((centre - first - k) * stretch),
    }));
    const total = taps.reduce((sum, tap) => sum + tap.weight, 0);
    return taps.filter((tap) => tap.weight !== 0).map((tap) => ({ ...tap, weight: tap.weight / total }));
  });
}

/** Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5. */
function keys(distance: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x <= 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

/** sinc(x) sinc(x / 3) within three samples, 0 beyond. */
function lanczos3(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / angle ** 2;
}

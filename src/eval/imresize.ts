import { makeRaster, type Raster, samplesOf } from '../core/pixels/raster.ts';
import { channelPlane, type LumaPlane, levelsPerUnit } from './plane.ts';

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
  return resample(raster, raster.width / factor, raster.height / factor, 1 / factor, KERNELS.bicubic);
}

/** `imresize(picture, factor)`, as deep as the raster. @param factor a whole number */
export function enlarge(raster: Raster, factor: number, kernel: KernelName): Raster {
  return resample(raster, raster.width * factor, raster.height * factor, factor, KERNELS[kernel]);
}

function resample(raster: Raster, width: number, height: number, scale: number, kernel: Kernel): Raster {
  const result = makeRaster(width, height, raster);
  const samples = samplesOf(result);
  const unit = levelsPerUnit(raster);
  const [down, along] = [tapsOf(raster.height, height, scale, kernel), tapsOf(raster.width, width, scale, kernel)];
  for (let channel = 0; channel < raster.channels; channel++) {
    const short = resampleColumns(channelPlane(raster, channel), down, unit);
    const { data } = transposed(resampleColumns(transposed(short), along, unit));
    for (let i = 0; i < data.length; i++) samples[i * raster.channels + channel] = Math.round(data[i]! * unit);
  }
  return result;
}

/** One pass: rounded and clamped, because MATLAB's imresize keeps the class of its input between the passes. */
function resampleColumns(plane: LumaPlane, taps: readonly Tap[][], unit: number): LumaPlane {
  const { width } = plane;
  const data = new Float64Array(width * taps.length);
  for (const [y, column] of taps.entries()) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const { index, weight } of column) sum += weight * plane.data[index * width + x]!;
      data[y * width + x] = Math.min(255, Math.max(0, Math.round(sum * unit) / unit));
    }
  }
  return { width, height: taps.length, data };
}

function transposed({ width, height, data }: LumaPlane): LumaPlane {
  const turned = new Float64Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + y] = data[y * width + x]!;
  }
  return { width: height, height: width, data: turned };
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** For each sample of the result, the source samples it is made of; their weights sum to 1. */
function tapsOf(from: number, to: number, scale: number, { reach, weight }: Kernel): Tap[][] {
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

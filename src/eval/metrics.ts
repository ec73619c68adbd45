import type { Plane } from './plane.ts';

/** What is left of two sets of samples when they are compared; differences add up, decibels do not. */
export interface Difference {
  readonly samples: number;
  /** Sum of the squared differences, in levels of 255. */
  readonly squares: number;
  /** The largest difference of two samples, in levels of 255. */
  readonly largest: number;
}

export const NO_DIFFERENCE: Difference = Object.freeze({ samples: 0, squares: 0, largest: 0 });

export function differenceOf(a: Plane, b: Plane): Difference {
  let squares = 0;
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) {
    const difference = Math.abs(a.data[i]! - b.data[i]!);
    squares += difference * difference;
    if (difference > largest) largest = difference;
  }
  return { samples: a.data.length, squares, largest };
}

export function sumOf(differences: readonly Difference[]): Difference {
  return differences.reduce(
    (sum, { samples, squares, largest }) => ({
      samples: sum.samples + samples,
      squares: sum.squares + squares,
      largest: Math.max(sum.largest, largest),
    }),
    NO_DIFFERENCE,
  );
}

/** Peak signal-to-noise ratio in dB for a peak of 255; null: equal, which is no number of decibels. */
export function psnrOf({ samples, squares }: Difference): number | null {
  return squares === 0 ? null : 10 * Math.log10((255 * 255 * samples) / squares);
}

/** Rows below a band that its windows reach into. */
export const WINDOW_REACH = 10;
const WINDOW = WINDOW_REACH + 1;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * Structural similarity, -1..1 (Wang et al., "Image quality assessment: from error visibility to structural
 * similarity", 2004, and its ssim_index.m): Gaussian window of 11 pixels and sigma 1.5, mean over the windows that lie
 * inside; null: there is none.
 */
export function ssim(a: Plane, b: Plane): number | null {
  return meanSimilarity([similarityOf(a, b)]);
}

/**
 * What is left of the windows of two planes, or of a band of them; similarities add up where windows do not overlap.
 */
export interface Similarity {
  readonly windows: number;
  readonly sum: number;
}

/** null: there is no window. */
export function meanSimilarity(parts: readonly Similarity[]): number | null {
  const windows = parts.reduce((total, part) => total + part.windows, 0);
  return windows === 0 ? null : parts.reduce((total, { sum }) => total + sum, 0) / windows;
}

export function similarityOf(a: Plane, b: Plane): Similarity {
  if (Math.min(a.width, a.height) < WINDOW) return { windows: 0, sum: 0 };
  const meanA = blur(a);
  const meanB = blur(b);
  const squareA = blur(multiply(a, a));
  const squareB = blur(multiply(b, b));
  const product = blur(multiply(a, b));
  let sum = 0;
  for (let i = 0; i < meanA.data.length; i++) {
    const [mA, mB] = [meanA.data[i]!, meanB.data[i]!];
    const varianceA = squareA.data[i]! - mA * mA;
    const varianceB = squareB.data[i]! - mB * mB;
    const covariance = product.data[i]! - mA * mB;
    sum += ((2 * mA * mB + C1) * (2 * covariance + C2)) / ((mA * mA + mB * mB + C1) * (varianceA + varianceB + C2));
  }
  return { windows: meanA.data.length, sum };
}

function multiply(a: Plane, b: Plane): Plane {
  return { ...a, data: a.data.map((value, i) => value * b.data[i]!) };
}

/** Only where the whole window lies inside. */
function blur(plane: Plane): Plane {
  const weights = gaussian();
  const width = plane.width - WINDOW + 1;
  const height = plane.height - WINDOW + 1;
  const rows = new Float64Array(width * plane.height);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += weights[k]! * plane.data[y * plane.width + x + k]!;
      rows[y * width + x] = sum;
    }
  }
  const data = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += weights[k]! * rows[(y + k) * width + x]!;
      data[y * width + x] = sum;
    }
  }
  return { width, height, data };
}

function gaussian(): number[] {
  const raw = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA * SIGMA)));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
}

import type { Plane } from '../plane.ts';

/** Rows and columns beside a pixel that its mean and deviation are taken over. */
const REACH = 3;
const SIGMA = 7 / 6;
/** Rounding leaves less than this where samples are all alike; its sign would mean something to the fits. */
const ROUNDING = 1e-10;

/**
 * Mean subtracted, contrast normalised (MSCN): each sample less the mean around it, divided by the deviation around it
 * and 1. Gaussian window of 7 x 7 pixels, sigma 7/6, borders repeated (Mittal et al. 2013, equations 1 to 3).
 */
export function normalise(plane: Plane): Plane {
  const mean = blur(plane);
  const squares = new Float64Array(plane.data.length);
  for (let at = 0; at < squares.length; at++) squares[at] = plane.data[at]! * plane.data[at]!;
  const square = blur({ ...plane, data: squares });
  const data = new Float64Array(squares.length);
  for (let at = 0; at < data.length; at++) {
    const around = mean.data[at]!;
    const above = plane.data[at]! - around;
    if (Math.abs(above) < ROUNDING) continue;
    data[at] = above / (Math.sqrt(Math.abs(square.data[at]! - around * around)) + 1);
  }
  return { ...plane, data };
}

function blur(plane: Plane): Plane {
  return alongRows(downColumns(plane, GAUSSIAN, 1, repeated), GAUSSIAN, 1, repeated);
}

/**
 * Half as large, as MATLAB's imresize does it: bicubic with a = -0.5, stretched by two, borders mirrored, not rounded.
 * @param plane of even width and height
 */
export function halve(plane: Plane): Plane {
  return alongRows(downColumns(plane, HALVING, 2, mirrored), HALVING, 2, mirrored);
}

const GAUSSIAN = sumToOne(
  Array.from({ length: 2 * REACH + 1 }, (_, at) => Math.exp(-((at - REACH) ** 2) / (2 * SIGMA ** 2))),
);

/** Keys' kernel at 7/4, 5/4, 3/4 and 1/4 samples on either side, times 128: these sum to 256. */
const HALVING = sumToOne([-3, -9, 29, 111, 111, 29, -9, -3]);

function sumToOne(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

type Edge = (at: number, length: number) => number;
const repeated: Edge = (at, length) => Math.min(length - 1, Math.max(0, at));
const mirrored: Edge = (at, length) => (at < 0 ? -1 - at : at >= length ? 2 * length - 1 - at : at);

/** Of every `step`th place, the weighted samples around it. */
function downColumns({ width, height, data }: Plane, weights: readonly number[], step: number, edge: Edge): Plane {
  const rows = height / step;
  const sums = new Float64Array(width * rows);
  for (let y = 0; y < rows; y++) {
    const from = weights.map((_, k) => edge(y * step - REACH + k, height) * width);
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * data[from[k]! + x]!;
      sums[y * width + x] = sum;
    }
  }
  return { width, height: rows, data: sums };
}

function alongRows({ width, height, data }: Plane, weights: readonly number[], step: number, edge: Edge): Plane {
  const columns = width / step;
  const sums = new Float64Array(columns * height);
  const from = Int32Array.from({ length: width + weights.length }, (_, at) => edge(at - REACH, width));
  const row = new Float64Array(from.length);
  for (let y = 0; y < height; y++) {
    for (let at = 0; at < row.length; at++) row[at] = data[y * width + from[at]!]!;
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * row[x * step + k]!;
      sums[y * columns + x] = sum;
    }
  }
  return { width: columns, height, data: sums };
}

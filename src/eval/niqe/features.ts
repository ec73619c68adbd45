import type { Plane } from '../plane.ts';
import { fitAggd } from './aggd.ts';

/** The neighbours that a sample is multiplied with: right, below, and on both diagonals. */
const SHIFTS = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;

/**
 * The 18 numbers of a square block of normalised samples: shape and spread of the samples, and of their products with
 * each of four neighbours shape, mean, left and right spread. Blocks go round at their sides, as in the authors'
 * program.
 */
export function blockFeatures({ width, data }: Plane, left: number, top: number, side: number): number[] {
  const block = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    const from = (top + y) * width + left;
    block.set(data.subarray(from, from + side), y * side);
  }
  const own = fitAggd(block);
  const pair = new Float64Array(block.length);
  const products = SHIFTS.flatMap(([down, along]) => {
    const columns = Int32Array.from({ length: side }, (_, x) => (x - along + side) % side);
    for (let y = 0; y < side; y++) {
      const [own, other] = [y * side, ((y - down + side) % side) * side];
      for (let x = 0; x < side; x++) pair[own + x] = block[own + x]! * block[other + columns[x]!]!;
    }
    const { alpha, mean, left, right } = fitAggd(pair);
    return [alpha, mean, left, right];
  });
  return [own.alpha, (own.left + own.right) / 2, ...products];
}

import type { CellGrid } from './cell-grid.ts';
import { boxMean } from './cell-means.ts';

/** Source pixels that a cell may have moved by: a blend of both is as sharp. From the second on it moves. */
const DISTANCE_LIMITS = [0.25, 0.5] as const;
/** What a shift explains, in the noise's variance: less is hidden by the noise. */
const ENERGY_LIMITS = [0.4, 1] as const;

/**
 * How much speaks for each cell's having moved, 0..1: the part of the squared difference from the mean that a shift of
 * the mean explains, in the 5x5 cells around it, by least squares on the slopes (Lucas and Kanade, "An iterative image
 * registration technique with an application to stereo vision", 1981). Noise leaves next to nothing to a shift, what
 * moves slowly nearly all. Shifts that are too small to be seen, and what they explain below the noise, count less.
 * @param noise variance that the difference would have if it were noise alone
 */
export function findShifts(grid: CellGrid, noise: Float32Array): Float32Array {
  const { sums, columns, rows } = grid;
  const around = (values: Float64Array) => boxMean(Float32Array.from(values), columns, rows, 2);
  const [xx, xy, yy] = [around(sums.acrossAcross), around(sums.acrossDown), around(sums.downDown)];
  const [xd, yd, dd] = [around(sums.acrossOffset), around(sums.downOffset), around(sums.square)];
  const pixels = boxMean(
    noise.map((_, cell) => grid.pixelsOf(cell)),
    columns,
    rows,
    2,
  );
  return dd.map((square, cell) => {
    const determinant = xx[cell]! * yy[cell]! - xy[cell]! ** 2;
    if (square === 0 || determinant <= 1e-6 * xx[cell]! * yy[cell]!) return 0;
    const x = (yy[cell]! * xd[cell]! - xy[cell]! * yd[cell]!) / determinant;
    const y = (xx[cell]! * yd[cell]! - xy[cell]! * xd[cell]!) / determinant;
    const explained = x * xd[cell]! + y * yd[cell]!;
    const energy = explained / pixels[cell]! / noise[cell]!;
    // The slopes are differences over two pixels.
    return (explained / square) * rise(2 * Math.hypot(x, y), DISTANCE_LIMITS) * rise(energy, ENERGY_LIMITS);
  });
}

/** 0 up to the first limit, 1 from the second on. */
function rise(value: number, [from, to]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

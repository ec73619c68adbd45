import type { Size } from '../../core/pixels/geometry.ts';
import type { Raster } from '../../core/pixels/raster.ts';
import { CellGrid } from './cell-grid.ts';
import { NoiseLevel } from './noise-level.ts';

/** How much the result leans on the one before it in each cell of the source, 0..256; null: hold it, nothing changed. */
export type LeanWeights = Uint8Array | null;

/** Frames that the mean reaches back to at most: it then weighs this / (this + 1). */
const LONGEST_MEAN = 7;

/** Mean squares in units of noise's: from the first on it is less surely noise, from the second on it is not. */
const CELL_LIMITS = [3, 6] as const;
const NEAR_LIMITS = [1.6, 2.4] as const;
/** Colour is coarser than luma in most films, and its noise is in lumps. */
const COLOUR_CELL_LIMITS = [5, 9] as const;
const COLOUR_NEAR_LIMITS = [2, 3.2] as const;
/** Of the mean offset of 5x5 cells, in standard deviations of noise. */
const OFFSET_LIMITS = [0.2, 0.4] as const;
/**
 * Part of the squared difference from the mean, in 5x5 cells, that a shift of the mean explains: noise leaves next to
 * nothing to it, whatever its colour, what moves slowly nearly all.
 */
const SHIFT_LIMITS = [0.06, 0.14] as const;
/** Variance that rounding to 8 bits has, in fourfold levels. */
const ROUNDING = 0.5;

/**
 * Tells where the source only jitters by its own noise, frame by frame. Each cell of 4x4 pixels is held against the mean
 * of the frames since it last moved; it is still if their mean square difference is that of the noise (noise-level.ts),
 * in the cell, in the 3x3 cells around it, of luma and of colour, if the mean of 5x5 cells has not drifted, as in a
 * fade, and if no shift of the mean explains the difference. What is not surely still in one cell counts in its eight
 * neighbours, too, so that the weight is exactly 0 over all of what moves.
 */
export class Stillness {
  readonly #grid: CellGrid;
  readonly #noise: NoiseLevel;
  readonly #strength: number;
  /** Frames in the mean of each cell. */
  readonly #count: Float32Array;
  readonly #weights: Float32Array;
  /** Variance of the mean's noise, in that of a frame's. */
  readonly #noiseLeft: Float32Array;
  #frames = 0;
  #last: Uint8Array | null = null;

  /** @param strength 0..1 */
  constructor(size: Size, strength: number) {
    this.#grid = new CellGrid(size);
    this.#noise = new NoiseLevel(this.#grid);
    this.#strength = strength;
    this.#count = new Float32Array(this.#grid.columns * this.#grid.rows);
    this.#weights = new Float32Array(this.#count.length);
    this.#noiseLeft = new Float32Array(this.#count.length).fill(1);
  }

  get columns(): number {
    return this.#grid.columns;
  }

  get rows(): number {
    return this.#grid.rows;
  }

  /** @param raster the next frame, RGB. */
  next(raster: Raster): LeanWeights {
    const grid = this.#grid;
    // A frame that is repeated says nothing of noise, and is as if it had not been there.
    if (this.#last !== null && Buffer.compare(this.#last, raster.data) === 0) return null;
    this.#last ??= new Uint8Array(raster.data.length);
    this.#last.set(raster.data);
    grid.read(raster);
    this.#frames++;
    const shifted = shiftShares(grid);
    if (this.#frames > 2) this.#noise.observe(shifted);
    const still = this.#frames > 1 ? spread(grid, this.#findStill(shifted)) : new Float32Array(this.#count.length);
    for (let cell = 0; cell < still.length; cell++) {
      const kept = still[cell]! * this.#count[cell]!;
      const weight = (this.#strength * kept) / (this.#count[cell]! + 1);
      this.#weights[cell] = weight;
      this.#noiseLeft[cell] = weight ** 2 * this.#noiseLeft[cell]! + (1 - weight) ** 2;
      this.#count[cell] = Math.min(LONGEST_MEAN, kept + 1);
    }
    const weights = Uint8Array.from(this.#weights, (weight) => Math.floor(weight * 256));
    grid.moveMean(this.#weights);
    return weights;
  }

  /** 0..1 for each cell. */
  #findStill(shifted: Float32Array): Float32Array {
    const { columns, rows } = this.#grid;
    const { unlike, colour, offset, still } = this.#compare();
    const [near, nearColour] = [boxMean(unlike, columns, rows, 1), boxMean(colour, columns, rows, 1)];
    const drift = boxMean(offset, columns, rows, 2);
    return still.map((value, cell) =>
      Math.min(
        value,
        fall(near[cell]!, NEAR_LIMITS),
        fall(nearColour[cell]!, COLOUR_NEAR_LIMITS),
        fall(Math.abs(drift[cell]!), OFFSET_LIMITS),
        fall(shifted[cell]!, SHIFT_LIMITS),
      ),
    );
  }

  /** Each cell by itself against the noise. */
  #compare(): Record<'unlike' | 'colour' | 'offset' | 'still', Float32Array> {
    const grid = this.#grid;
    const { sums } = grid;
    const values = () => new Float32Array(this.#count.length);
    const [unlike, colour, offset, still] = [values(), values(), values(), values()];
    for (let cell = 0; cell < still.length; cell++) {
      const pixels = grid.pixelsOf(cell);
      const noise = this.#noise.at(sums.luma[cell]! / (4 * pixels));
      // The mean has noise of its own.
      const both = 1 + this.#noiseLeft[cell]!;
      const luma = noise.luma * both + ROUNDING;
      unlike[cell] = sums.square[cell]! / pixels / luma;
      offset[cell] = sums.offset[cell]! / pixels / Math.sqrt(luma);
      colour[cell] = sums.colourSquare[cell]! / (2 * pixels) / (noise.colour * both + ROUNDING / 4);
      still[cell] = Math.min(fall(unlike[cell]!, CELL_LIMITS), fall(colour[cell]!, COLOUR_CELL_LIMITS));
    }
    return { unlike, colour, offset, still };
  }
}

/**
 * Least squares of the difference on the slopes (Lucas and Kanade, "An iterative image registration technique with an
 * application to stereo vision", 1981): what part of it is explained, for each cell in the 5x5 cells around it.
 */
function shiftShares({ sums, columns, rows }: CellGrid): Float32Array {
  const around = (values: Float64Array) => boxMean(Float32Array.from(values), columns, rows, 2);
  const [xx, xy, yy] = [around(sums.acrossAcross), around(sums.acrossDown), around(sums.downDown)];
  const [xd, yd, dd] = [around(sums.acrossOffset), around(sums.downOffset), around(sums.square)];
  return dd.map((square, cell) => {
    const determinant = xx[cell]! * yy[cell]! - xy[cell]! ** 2;
    if (square === 0 || determinant <= 1e-6 * xx[cell]! * yy[cell]!) return 0;
    const explained =
      (yy[cell]! * xd[cell]! ** 2 - 2 * xy[cell]! * xd[cell]! * yd[cell]! + xx[cell]! * yd[cell]! ** 2) / determinant;
    return explained / square;
  });
}

/** 1 up to the first limit, 0 from the second on. */
function fall(value: number, [from, to]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (to - value) / (to - from)));
}

/** The least of each cell and its eight neighbours. */
function spread({ columns, rows }: CellGrid, still: Float32Array): Float32Array {
  const across = still.map((value, cell) => {
    const x = cell % columns;
    return Math.min(value, x > 0 ? still[cell - 1]! : 1, x < columns - 1 ? still[cell + 1]! : 1);
  });
  return across.map((value, cell) =>
    Math.min(value, across[cell - columns] ?? 1, cell < (rows - 1) * columns ? across[cell + columns]! : 1),
  );
}

/** Mean over the cells up to `reach` away on each side, as far as there are any. */
function boxMean(values: Float32Array, columns: number, rows: number, reach: number): Float32Array {
  const across = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) slide(values, across, row * columns, 1, columns, reach);
  const mean = new Float32Array(values.length);
  for (let column = 0; column < columns; column++) slide(across, mean, column, columns, rows, reach);
  return mean;
}

function slide(
  from: Float32Array,
  to: Float32Array,
  start: number,
  stride: number,
  count: number,
  reach: number,
): void {
  for (let at = 0; at < count; at++) {
    const [first, last] = [Math.max(0, at - reach), Math.min(count - 1, at + reach)];
    let sum = 0;
    for (let near = first; near <= last; near++) sum += from[start + near * stride]!;
    to[start + at * stride] = sum / (last - first + 1);
  }
}

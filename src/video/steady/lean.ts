import { type Raster, rasterBytes, samplesOf } from '../../core/pixels/raster.ts';
import { CELL_PX } from './cell-grid.ts';
import type { LeanWeights } from './stillness.ts';

/**
 * The result so far, leaning on the results before it. Finer than the samples, so that what is rounded away does not add
 * up: 8 bits have 8 more. In 16 bits it is a few units.
 */
export class LeaningResult {
  readonly #columns: number;
  readonly #rows: number;
  readonly #cellPx: number;
  #state: Uint16Array | null = null;

  /**
   * @param columns of the weights' grid
   * @param scale of the network: a cell of the source has so many times its pixels
   */
  constructor(columns: number, rows: number, scale: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#cellPx = CELL_PX * scale;
  }

  /** Goes on to the next result and writes what comes of it to `into`. Where the weight is 0 that is the result itself. */
  next(result: Raster, weights: LeanWeights, into: Raster): void {
    this.#state ??= new Uint16Array(rasterBytes(result.width, result.height, { channels: 3, bytesPerSample: 1 }));
    const [from, to] = [samplesOf(result), samplesOf(into)];
    const shift = result.bytesPerSample === 1 ? 8 : 0;
    if (weights === null) {
      hold(this.#state, to, shift);
      return;
    }
    const row = new Int32Array(result.width);
    const stride = 3 * result.width;
    for (let y = 0; y < result.height; y++) {
      const isLeaning = this.#weighRow(weights, y, row);
      if (isLeaning) leanRow(from, to, this.#state, row, y * stride, shift);
      else takeRow(from, to, this.#state, y * stride, stride, shift);
    }
  }

  /** Between the middles of cells weights change evenly. @returns whether any is not 0. */
  #weighRow(weights: Uint8Array, y: number, row: Int32Array): boolean {
    const columns = this.#columns;
    const cellPx = this.#cellPx;
    const middle = (y + 0.5) / cellPx - 0.5;
    const above = Math.max(0, Math.floor(middle));
    const below = Math.min(this.#rows - 1, Math.floor(middle) + 1);
    const share = middle - Math.floor(middle);
    const at = (column: number) =>
      weights[above * columns + column]! * (1 - share) + weights[below * columns + column]! * share;
    let isLeaning = false;
    let right = at(0);
    let x = 0;
    for (let column = -1; column < columns && x < row.length; column++) {
      const left = right;
      right = at(Math.min(columns - 1, column + 1));
      if (left !== 0 || right !== 0) isLeaning = true;
      // From the middle of this cell to that of the next.
      const end = Math.min(row.length, (column + 1.5) * cellPx);
      const begin = (column + 0.5) * cellPx - 0.5;
      for (; x < end; x++) row[x] = left + ((right - left) * (x - begin)) / cellPx;
    }
    return isLeaning;
  }
}

type Samples = Uint8Array | Uint16Array;

/** Three channels spelt out: the loop over them would cost a third more. */
function leanRow(from: Samples, to: Samples, state: Uint16Array, row: Int32Array, start: number, shift: number): void {
  const half = shift === 0 ? 0 : 128;
  for (let x = 0, at = start; x < row.length; x++, at += 3) {
    const weight = row[x]!;
    const red = from[at]! << shift;
    const green = from[at + 1]! << shift;
    const blue = from[at + 2]! << shift;
    const nextRed = red + (((state[at]! - red) * weight + 128) >> 8);
    const nextGreen = green + (((state[at + 1]! - green) * weight + 128) >> 8);
    const nextBlue = blue + (((state[at + 2]! - blue) * weight + 128) >> 8);
    state[at] = nextRed;
    state[at + 1] = nextGreen;
    state[at + 2] = nextBlue;
    to[at] = (nextRed + half) >> shift;
    to[at + 1] = (nextGreen + half) >> shift;
    to[at + 2] = (nextBlue + half) >> shift;
  }
}

function takeRow(from: Samples, to: Samples, state: Uint16Array, start: number, count: number, shift: number): void {
  to.set(from.subarray(start, start + count), start);
  for (let at = start; at < start + count; at++) state[at] = from[at]! << shift;
}

function hold(state: Uint16Array, to: Samples, shift: number): void {
  const half = shift === 0 ? 0 : 128;
  for (let at = 0; at < state.length; at++) to[at] = (state[at]! + half) >> shift;
}

import { type Raster, rasterBytes, samplesOf } from '../../core/pixels/raster.ts';
import { CELL_PX, movePlane } from './planes.ts';
import type { Lean } from './stillness.ts';

/**
 * The result so far, leaning on the results before it. Finer than the samples, so that what is rounded away does not
 * add up: 8 bits have 8 more. In 16 bits it is a few units.
 */
export class LeaningResult {
  readonly #columns: number;
  readonly #rows: number;
  readonly #cellPx: number;
  #state: Uint16Array | null = null;
  /** A place of the memory is so much farther right and down in the frame that was read last. */
  #shift = { x: 0, y: 0 };

  /**
   * @param columns of the weights' grid
   * @param scale of the network: a cell of the source has so many times its pixels
   */
  constructor(columns: number, rows: number, scale: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#cellPx = CELL_PX * scale;
  }

  /**
   * Goes on to the next result and writes what comes of it to `into`. Where the weight is 0 that is the result itself.
   */
  next(result: Raster, lean: Lean, into: Raster): void {
    const { width, height } = result;
    this.#state ??= new Uint16Array(rasterBytes(width, height, { channels: 3, bytesPerSample: 1 }));
    const [from, to, state] = [samplesOf(result), samplesOf(into), this.#state];
    const depth = result.bytesPerSample === 1 ? 8 : 0;
    if (lean !== null) this.#follow(lean, width, result.bytesPerSample === 1 ? 256 : 257);
    const { x: right, y: down } = this.#shift;
    // What both the frame and the memory show.
    const [left, end] = [Math.max(0, right), Math.min(width, width + right)];
    const row = new Int32Array(Math.max(0, end - left));
    for (let y = 0; y < height; y++) {
      const stateY = y - down;
      const start = 3 * y * width;
      if (stateY < 0 || stateY >= height || row.length === 0) {
        to.set(from.subarray(start, start + 3 * width), start);
        continue;
      }
      to.set(from.subarray(start, start + 3 * left), start);
      to.set(from.subarray(start + 3 * end, start + 3 * width), start + 3 * end);
      const span = { at: start + 3 * left, stateAt: 3 * (stateY * width + left - right), depth };
      if (lean === null) holdRow(to, state, row.length, span);
      else if (this.#weighRow(lean.weights, stateY, left - right, row)) leanRow(from, to, state, row, span);
      else takeRow(from, to, state, row.length, span);
    }
  }

  /**
   * What is remembered goes along with the camera and the light. @param level one of 255, in units of what is
   * remembered
   */
  #follow({ position }: NonNullable<Lean>, width: number, level: number): void {
    const state = this.#state!;
    const { x, y, gain, offset, moved } = position;
    const scale = this.#cellPx / CELL_PX;
    this.#shift = { x: Math.round(x * scale), y: Math.round(y * scale) };
    movePlane(state, 3 * width, 3 * moved.right * this.#cellPx, moved.down * this.#cellPx);
    if (gain === 1 && offset === 0) return;
    for (let at = 0; at < state.length; at++) {
      // Brighter than white would be rounded to 256, which is black.
      state[at] = Math.min(255 * level, Math.max(0, gain * state[at]! + level * offset + 0.5));
    }
  }

  /**
   * Weights of a row of the memory, from a place on: between the middles of cells they change evenly. @returns whether
   * any is not 0.
   */
  #weighRow(weights: Uint8Array, y: number, from: number, row: Int32Array): boolean {
    const columns = this.#columns;
    const cellPx = this.#cellPx;
    const middle = (y + 0.5) / cellPx - 0.5;
    const above = Math.max(0, Math.floor(middle));
    const below = Math.min(this.#rows - 1, Math.floor(middle) + 1);
    const share = middle - Math.floor(middle);
    const at = (column: number) =>
      weights[above * columns + column]! * (1 - share) + weights[below * columns + column]! * share;
    let isLeaning = false;
    const first = Math.floor((from + 0.5) / cellPx - 0.5);
    let right = at(Math.max(0, first));
    let x = 0;
    for (let column = first; column < columns && x < row.length; column++) {
      const left = right;
      right = at(Math.min(columns - 1, column + 1));
      if (left !== 0 || right !== 0) isLeaning = true;
      // From the middle of this cell to that of the next.
      const end = Math.min(row.length, (column + 1.5) * cellPx - from);
      const begin = (column + 0.5) * cellPx - 0.5 - from;
      for (; x < end; x++) row[x] = left + ((right - left) * (x - begin)) / cellPx;
    }
    return isLeaning;
  }
}

type Samples = Uint8Array | Uint16Array;

/** A row's part that both have. */
interface Span {
  /** First sample of the frame, and of the memory. */
  readonly at: number;
  readonly stateAt: number;
  /** Bits that the memory has beyond the samples. */
  readonly depth: number;
}

/** Three channels spelt out: the loop over them would cost a third more. */
function leanRow(from: Samples, to: Samples, state: Uint16Array, row: Int32Array, span: Span): void {
  const { depth } = span;
  const half = depth === 0 ? 0 : 128;
  let place = span.stateAt;
  for (let x = 0, at = span.at; x < row.length; x++, at += 3, place += 3) {
    const weight = row[x]!;
    const red = from[at]! << depth;
    const green = from[at + 1]! << depth;
    const blue = from[at + 2]! << depth;
    const nextRed = red + (((state[place]! - red) * weight + 128) >> 8);
    const nextGreen = green + (((state[place + 1]! - green) * weight + 128) >> 8);
    const nextBlue = blue + (((state[place + 2]! - blue) * weight + 128) >> 8);
    state[place] = nextRed;
    state[place + 1] = nextGreen;
    state[place + 2] = nextBlue;
    to[at] = (nextRed + half) >> depth;
    to[at + 1] = (nextGreen + half) >> depth;
    to[at + 2] = (nextBlue + half) >> depth;
  }
}

function takeRow(from: Samples, to: Samples, state: Uint16Array, pixels: number, span: Span): void {
  const { at, stateAt, depth } = span;
  to.set(from.subarray(at, at + 3 * pixels), at);
  for (let sample = 0; sample < 3 * pixels; sample++) state[stateAt + sample] = from[at + sample]! << depth;
}

function holdRow(to: Samples, state: Uint16Array, pixels: number, span: Span): void {
  const { at, stateAt, depth } = span;
  const half = depth === 0 ? 0 : 128;
  for (let sample = 0; sample < 3 * pixels; sample++) to[at + sample] = (state[stateAt + sample]! + half) >> depth;
}

import type { Size } from '../../core/pixels/geometry.ts';
import { isShown } from '../../core/registration/frame-registration.ts';
import { FilmAligner, type Place } from './film-aligner.ts';

/** How much two films of one scene change where their source stands still. */
export interface Flicker {
  /** Mean change of luma from the frame before, in levels of 255, of each frame; null: nothing stands still there. */
  readonly source: readonly (number | null)[];
  readonly result: readonly (number | null)[];
  /**
   * The result's change over the source's, all frames together; null: nothing that stands still changes in the source.
   */
  readonly ratio: number | null;
  /** Part of all samples of the steps measured that was found to stand still. */
  readonly stillShare: number;
}

/** Frames on either side of a step that are looked at to tell noise from motion. */
const REACH = 3;
/**
 * Means of three frames of noise differ by 1 / sqrt(3) = 0.58 of what two frames do, those of what moves by more than
 * two frames do.
 */
const NOISE_RATIO = 0.8;
/**
 * Those of noise that a codec holds and changes bit by bit, a random walk, differ by sqrt(19) / 3 = 1.45, those of what
 * moves or fades evenly by 3.
 */
const HELD_NOISE_RATIO = 2;
/**
 * How a change goes on, as a correlation of this one and the next: that of noise turns back, -1/2, or -0.28 where half
 * of it is held from frame to frame and 0 where 0.85 are; what moves goes on.
 */
const HELD_NOISE_TURNS = [-0.4, 0] as const;
/** What rounding to 8 bits leaves of a mean, in levels. */
const ROUNDING = 0.05;
/** Of the source, on each side. */
const BLOCK_PX = 8;

/**
 * Measures flicker: the mean absolute difference of consecutive frames where the source stands still, of a result, over
 * the same of its source, enlarged by bicubic to the result's size. 1: it flickers as bicubic does; 0: it is frozen.
 *
 * **Still** is a block of 8x8 source pixels at a step from one frame to the next if the mean of the three frames before
 * the step and the mean of the three after it are no farther apart than noise makes them. Noise is what the block
 * itself shows: with D = the median of the mean absolute differences between the six frames, one after the other, the
 * two means of noise are 0.58 D apart; up to 0.8 D count as noise. Whatever moves, fades, appears or is cut is farther
 * apart than D. So is grain that a codec holds over some frames, and changes bit by bit: up to 2 D count as such if the
 * change from the first two frames to the middle two and that from these to the last two correlate by -0.4 to 0 in the
 * block and around it, and by -0.4 or more in most of the picture. White noise turns back by -1/2, and a small thing
 * that moves stands out of it; what moves or fades goes on. All eight neighbours must be still too, because enlarging
 * draws on them. Steps without three frames on both sides are not measured. No level of noise is guessed, and no
 * block's motion counts for another's noise.
 *
 * Films that weave, pan or flicker as a whole are measured in the moving picture: both films' frames are first brought
 * to where the source's first lie (film-aligner.ts), or nothing of a real film would ever stand still.
 */
export class FlickerMeter {
  readonly #size: Size;
  readonly #blockPx: number;
  readonly #aligner: FilmAligner;
  readonly #frames: { readonly source: Uint8Array; readonly result: Uint8Array; readonly place: Place }[] = [];
  readonly #steps: Step[] = [];

  /**
   * @param size of the frames
   * @param enlargement of the source: frame pixels for one of its own, 1 or more
   */
  constructor(size: Size, enlargement: number) {
    this.#size = size;
    this.#blockPx = Math.max(BLOCK_PX, Math.round(BLOCK_PX * enlargement));
    this.#aligner = new FilmAligner(size, enlargement);
  }

  /** The next frame of both: luma of 8 bits, row by row. They are kept for six frames. */
  add(source: Uint8Array, result: Uint8Array): void {
    const place = this.#aligner.next(source);
    const align = (frame: Uint8Array) => this.#aligner.align(frame, place);
    this.#frames.push({ source: align(source), result: align(result), place });
    if (this.#frames.length < 2 * REACH) return;
    this.#steps.push(this.#measure());
    this.#frames.shift();
  }

  /** @param frames of the whole films. */
  finish(frames: number): Flicker {
    const steps = this.#steps;
    const total = (key: keyof Step) => steps.reduce((sum, step) => sum + step[key], 0);
    const perFrame = (key: 'source' | 'result') =>
      Array.from({ length: frames }, (_, frame) => {
        const step = steps[frame - REACH];
        return step === undefined || step.pixels === 0 ? null : step[key] / step.pixels;
      });
    const all = this.#size.width * this.#size.height * Math.max(1, steps.length);
    return {
      source: perFrame('source'),
      result: perFrame('result'),
      ratio: total('source') === 0 ? null : total('result') / total('source'),
      stillShare: total('pixels') / all,
    };
  }

  /** Of the step in the middle of the frames. */
  #measure(): Step {
    const blockPx = this.#blockPx;
    const { width, height } = this.#size;
    const [columns, rows] = [Math.ceil(width / blockPx), Math.ceil(height / blockPx)];
    const blocks = this.#lookAtBlocks(columns, rows);
    const mostApart = isNoiseHeld(blocks) ? HELD_NOISE_RATIO : NOISE_RATIO;
    const step = { pixels: 0, source: 0, result: 0 };
    const [before, after] = [this.#frames[REACH - 1]!, this.#frames[REACH]!];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if (!isStillAround(blocks, { columns, rows }, { column, row }, mostApart)) continue;
        const [left, right] = [column * blockPx, Math.min(width, (column + 1) * blockPx)];
        for (let y = row * blockPx; y < Math.min(height, (row + 1) * blockPx); y++) {
          step.pixels += right - left;
          step.source += differenceOf(before.source, after.source, y * width + left, y * width + right);
          step.result += differenceOf(before.result, after.result, y * width + left, y * width + right);
        }
      }
    }
    return step;
  }

  #lookAtBlocks(columns: number, rows: number): Blocks {
    const { width, height } = this.#size;
    const sources = this.#frames.map(({ source }) => source);
    const changes = sources.slice(1).map(() => new Float64Array(columns));
    const apart = new Float64Array(columns);
    const perBlock = () => new Float64Array(columns * rows);
    const blocks = { apart: perBlock(), onward: perBlock(), changed: perBlock() };
    for (let row = 0; row < rows; row++) {
      for (const sums of [...changes, apart]) sums.fill(0);
      const bottom = Math.min(height, (row + 1) * this.#blockPx);
      for (let y = row * this.#blockPx; y < bottom; y++) {
        for (let column = 0; column < columns; column++) {
          const from = y * width + column * this.#blockPx;
          const to = y * width + Math.min(width, (column + 1) * this.#blockPx);
          for (const [at, sums] of changes.entries()) {
            sums[column] = sums[column]! + differenceOf(sources[at]!, sources[at + 1]!, from, to);
          }
          apart[column] = apart[column]! + differenceOfMeans(sources, from, to);
          addChanges(sources, { from, to }, blocks, row * columns + column);
        }
      }
      for (let column = 0; column < columns; column++) {
        const pixels =
          (bottom - row * this.#blockPx) * (Math.min(width, (column + 1) * this.#blockPx) - column * this.#blockPx);
        const noise = median(changes.map((sums) => sums[column]!)) / pixels;
        const beyondRounding = Math.max(0, apart[column]! / pixels - ROUNDING);
        const isSeen = this.#isSeen(column * this.#blockPx, row * this.#blockPx);
        // Without noise all that changes moves.
        const inNoise = beyondRounding === 0 ? 0 : beyondRounding / noise;
        blocks.apart[row * columns + column] = isSeen ? inNoise : Number.POSITIVE_INFINITY;
      }
    }
    return blocks;
  }

  /** Whether all frames show all of a block. */
  #isSeen(left: number, top: number): boolean {
    const { width, height } = this.#size;
    const block = {
      left,
      top,
      right: Math.min(width, left + this.#blockPx),
      bottom: Math.min(height, top + this.#blockPx),
    };
    return this.#frames.every(({ place }) => isShown(block, place, this.#size));
  }
}

/** Sums over the samples that stand still. */
interface Step {
  readonly pixels: number;
  readonly source: number;
  readonly result: number;
}

/** Of each block. */
interface Blocks {
  /** How far the means before and after the step lie apart, in that block's noise. */
  readonly apart: Float64Array;
  /** Sums over its pixels: of both changes of two frames' means multiplied, and of the mean of their squares. */
  readonly onward: Float64Array;
  readonly changed: Float64Array;
}

/** By what most blocks that may be still are like. */
function isNoiseHeld({ apart, onward, changed }: Blocks): boolean {
  const turns = [...apart.keys()]
    .filter((block) => apart[block]! <= HELD_NOISE_RATIO && changed[block]! > 0)
    .map((block) => onward[block]! / changed[block]!);
  return turns.length > 0 && median(turns) >= HELD_NOISE_TURNS[0];
}

function isStillAround(
  blocks: Blocks,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  { column, row }: { readonly column: number; readonly row: number },
  mostApart: number,
): boolean {
  let [apart, onward, changed] = [0, 0, 0];
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      const block = y * columns + x;
      apart = Math.max(apart, blocks.apart[block]!);
      onward += blocks.onward[block]!;
      changed += blocks.changed[block]!;
    }
  }
  if (apart <= NOISE_RATIO) return true;
  const [least, most] = HELD_NOISE_TURNS;
  return apart <= mostApart && onward >= least * changed && onward <= most * changed;
}

function differenceOf(a: Uint8Array, b: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += Math.abs(a[at]! - b[at]!);
  return sum;
}

function differenceOfMeans(frames: readonly Uint8Array[], from: number, to: number): number {
  const [a, b, c, d, e, f] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  let sum = 0;
  for (let at = from; at < to; at++) sum += Math.abs(d[at]! + e[at]! + f[at]! - a[at]! - b[at]! - c[at]!);
  return sum / REACH;
}

/** The change from the first two frames to the middle two and that from these to the last two. */
function addChanges(
  frames: readonly Uint8Array[],
  { from, to }: { readonly from: number; readonly to: number },
  { onward, changed }: Blocks,
  block: number,
): void {
  const [a, b, c, d, e, f] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  let [products, squares] = [0, 0];
  for (let at = from; at < to; at++) {
    const middle = c[at]! + d[at]!;
    const [first, second] = [middle - a[at]! - b[at]!, e[at]! + f[at]! - middle];
    products += first * second;
    squares += first * first + second * second;
  }
  onward[block]! += products;
  changed[block]! += squares / 2;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

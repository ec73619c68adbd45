import type { Size } from '../../core/pixels/geometry.ts';
import type { Raster } from '../../core/pixels/raster.ts';
import { CellGrid } from './cell-grid.ts';
import { boxMean, leastAround } from './cell-means.ts';
import { AT_REST, type FramePosition, PositionFinder } from './frame-position.ts';
import { Lumpiness } from './lumpiness.ts';
import { NoiseLevel, type NoiseVariance } from './noise-level.ts';
import { makePlanes, movePlane, type Planes, splitPlanes } from './planes.ts';
import { findShifts } from './shift-evidence.ts';

/** How a result leans on the one before it; null: hold it, nothing changed. */
export type Lean = {
  /** How much, in each cell of what is remembered, 0..256. */
  readonly weights: Uint8Array;
  readonly position: FramePosition;
} | null;

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
/** Of what speaks for a shift (shift-evidence.ts). */
const SHIFT_LIMITS = [0.06, 0.14] as const;
/** What noise in lumps (lumpiness.ts) adds to those of the offset and of the shift, at most, in parts of them. */
const LUMPS_DRIFT = 4;
const LUMPS_SHIFT = 2;
/** Cells on each side of one that a lump is smaller than. */
const WIDE_CELLS = 6;
/** Source pixels that an edge may be beside itself, as of film that shrinks and warps: no one sees it. */
const UNSEEN_PX = 0.2;
/** Variance that rounding to 8 bits has, in fourfold levels. */
const ROUNDING = 0.5;

/**
 * Tells where the source only jitters by its own noise, frame by frame, in the picture that weaves, pans and flickers
 * as a whole (frame-position.ts): all lies in the place and light of what is remembered. Each cell of 4x4 pixels is
 * held against the mean of the frames since it last moved; it is still if their mean square difference is that of the
 * noise (noise-level.ts), in the cell, in the 3x3 cells around it, of luma and of colour, if the mean of 5x5 cells has
 * not drifted, as under a shadow, and if no shift of the mean explains the difference. What is not surely still in one
 * cell counts in its eight neighbours, too, so that the weight is exactly 0 over all of what moves.
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
  readonly #finder: PositionFinder;
  readonly #frame: Planes;
  readonly #lumpiness = new Lumpiness();
  #frames = 0;
  #last: Uint8Array | null = null;

  /**
   * @param scale of the result
   * @param strength 0..1
   */
  constructor(size: Size, scale: number, strength: number) {
    this.#grid = new CellGrid(size);
    this.#finder = new PositionFinder(size, scale);
    this.#frame = makePlanes(size.width * size.height);
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
  next(raster: Raster): Lean {
    const grid = this.#grid;
    // A frame that is repeated says nothing of noise, and is as if it had not been there.
    if (this.#last !== null && Buffer.compare(this.#last, raster.data) === 0) return null;
    this.#last ??= new Uint8Array(raster.data.length);
    this.#last.set(raster.data);
    splitPlanes(raster, this.#frame);
    const position = this.#frames === 0 ? AT_REST : this.#finder.next(grid.mean, this.#frame.luma);
    this.#follow(position);
    grid.read(this.#frame, position);
    this.#frames++;
    const shifts = findShifts(
      grid,
      this.#count.map((_, cell) => this.#noiseOf(cell).luma),
    );
    const isTelling = this.#frames > 2 && this.#noise.observe(shifts);
    const still = this.#frames > 1 ? this.#findStill(shifts, isTelling) : new Float32Array(this.#count.length);
    for (let cell = 0; cell < still.length; cell++) {
      const kept = still[cell]! * this.#count[cell]!;
      const weight = (this.#strength * kept) / (this.#count[cell]! + 1);
      this.#weights[cell] = weight;
      this.#noiseLeft[cell] = weight ** 2 * this.#noiseLeft[cell]! + (1 - weight) ** 2;
      this.#count[cell] = Math.min(LONGEST_MEAN, kept + 1);
    }
    const weights = Uint8Array.from(this.#weights, (weight) => Math.floor(weight * 256));
    grid.moveMean(this.#weights);
    return { weights, position };
  }

  /** Cells that come into sight have no past. */
  #follow({ moved: { right, down } }: FramePosition): void {
    if (right === 0 && down === 0) return;
    const { columns, rows } = this.#grid;
    movePlane(this.#count, columns, right, down);
    movePlane(this.#noiseLeft, columns, right, down);
    for (let cell = 0; cell < this.#count.length; cell++) {
      const column = (cell % columns) - right;
      const row = Math.floor(cell / columns) - down;
      if (column >= 0 && column < columns && row >= 0 && row < rows) continue;
      this.#count[cell] = 0;
      this.#noiseLeft[cell] = 1;
    }
  }

  /** 0..1 for each cell. */
  #findStill(shifts: Float32Array, isTelling: boolean): Float32Array {
    const { columns, rows } = this.#grid;
    const { unlike, colour, offset } = this.#compare();
    const near = boxMean(unlike, columns, rows, 1);
    const nearColour = boxMean(colour, columns, rows, 1);
    const drift = boxMean(offset, columns, rows, 2);
    if (isTelling) {
      // A fade or a shadow drifts far and wide, lumps here and there.
      const wide = boxMean(drift, columns, rows, WIDE_CELLS);
      this.#lumpiness.observe(
        near,
        drift.map((value, cell) => value - wide[cell]!),
        shifts,
      );
    }
    const lumps = this.#lumpiness.value;
    const judge = (leniency: number) =>
      unlike.map((value, cell) =>
        Math.min(
          this.#grid.isSeen(cell) ? 1 : 0,
          fall(value / leniency, CELL_LIMITS),
          fall(colour[cell]! / leniency, COLOUR_CELL_LIMITS),
          fall(near[cell]! / leniency / (1 + lumps), NEAR_LIMITS),
          fall(nearColour[cell]! / leniency, COLOUR_NEAR_LIMITS),
          fall(Math.abs(drift[cell]!) / leniency / (1 + LUMPS_DRIFT * lumps), OFFSET_LIMITS),
          fall(shifts[cell]! / leniency / (1 + LUMPS_SHIFT * lumps), SHIFT_LIMITS),
        ),
      );
    // Lumps look a little like motion here and there: only what surely moves counts for its neighbours, too.
    const sure = leastAround(judge(1 + lumps), columns, rows);
    return lumps === 0 ? sure : judge(1).map((value, cell) => Math.min(value, sure[cell]!));
  }

  /** Each cell by itself against the noise. */
  #compare(): Record<'unlike' | 'colour' | 'offset', Float32Array> {
    const grid = this.#grid;
    const { sums } = grid;
    const values = () => new Float32Array(this.#count.length);
    const [unlike, colour, offset] = [values(), values(), values()];
    for (let cell = 0; cell < unlike.length; cell++) {
      const pixels = grid.pixelsOf(cell);
      const { luma, colour: colourNoise } = this.#noiseOf(cell);
      const slopes = (sums.acrossAcross[cell]! + sums.downDown[cell]!) / (4 * pixels);
      unlike[cell] = sums.square[cell]! / pixels / (luma + UNSEEN_PX ** 2 * slopes);
      offset[cell] = sums.offset[cell]! / pixels / Math.sqrt(luma);
      colour[cell] = sums.colourSquare[cell]! / (2 * pixels) / colourNoise;
    }
    return { unlike, colour, offset };
  }

  /** Variance that a cell's difference from the mean has by noise alone. */
  #noiseOf(cell: number): NoiseVariance {
    const { luma, colour } = this.#noise.at(this.#grid.sums.luma[cell]! / (4 * this.#grid.pixelsOf(cell)));
    // The mean has noise of its own.
    const both = 1 + this.#noiseLeft[cell]!;
    return { luma: luma * both + ROUNDING, colour: colour * both + ROUNDING / 4 };
  }
}

/** 1 up to the first limit, 0 from the second on. */
function fall(value: number, [from, to]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (to - value) / (to - from)));
}

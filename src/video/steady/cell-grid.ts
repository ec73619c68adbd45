import type { Size } from '../../core/pixels/geometry.ts';
import { isShown } from '../../core/registration/frame-registration.ts';
import { warpPlane } from '../../core/registration/warp-plane.ts';
import { AT_REST, type FramePosition } from './frame-position.ts';
import { CELL_PX, makePlanes, movePlane, type Planes } from './planes.ts';

/** Sums over the pixels of each cell of a frame, in levels of 255; luma counts fourfold (R + 2 G + B). */
export interface CellSums {
  /** Of luma itself. */
  readonly luma: Float64Array;
  /** Of luma's difference from what stood there, and of its square. */
  readonly offset: Float64Array;
  readonly square: Float64Array;
  /** Of the squares of both colour differences (R - G, B - G) from what stood there. */
  readonly colourSquare: Float64Array;
  /** Squares of the differences from the frame before, and of luma from the one before that. */
  readonly step: Float64Array;
  readonly colourStep: Float64Array;
  readonly secondStep: Float64Array;
  /** Products of the mean luma's slopes across and down with each other and with the difference from it. */
  readonly acrossAcross: Float64Array;
  readonly acrossDown: Float64Array;
  readonly downDown: Float64Array;
  readonly acrossOffset: Float64Array;
  readonly downOffset: Float64Array;
}

/** The source's frames as far as they are remembered, in cells. */
export class CellGrid {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly sums: CellSums;
  /** Luma, R - G and B - G of every pixel: of the mean that a frame is held against, and of the last frames. */
  readonly #mean: Planes;
  #now: Planes;
  #before: Planes;
  /** Luma of the frame before that. */
  #earlier: Float32Array;
  readonly #between: Float32Array;
  #position = AT_REST;

  constructor({ width, height }: Size) {
    this.width = width;
    this.height = height;
    this.columns = Math.ceil(width / CELL_PX);
    this.rows = Math.ceil(height / CELL_PX);
    const cells = this.columns * this.rows;
    const sum = () => new Float64Array(cells);
    this.sums = {
      ...{ luma: sum(), offset: sum(), square: sum(), colourSquare: sum() },
      ...{ step: sum(), colourStep: sum(), secondStep: sum() },
      ...{ acrossAcross: sum(), acrossDown: sum(), downDown: sum(), acrossOffset: sum(), downOffset: sum() },
    };
    const planes = () => makePlanes(width * height);
    [this.#mean, this.#now, this.#before] = [planes(), planes(), planes()];
    this.#earlier = new Float32Array(width * height);
    this.#between = new Float32Array(width * height);
  }

  /** Luma of what the next frame is held against. */
  get mean(): Float32Array {
    return this.#mean.luma;
  }

  /** Luma of the frame that was read last, and of the one before it. */
  get lumas(): { readonly now: Float32Array; readonly before: Float32Array } {
    return { now: this.#now.luma, before: this.#before.luma };
  }

  /** Pixels of a cell: fewer at the right and lower side. */
  pixelsOf(cell: number): number {
    const column = cell % this.columns;
    const row = (cell - column) / this.columns;
    const across = Math.min(CELL_PX, this.width - column * CELL_PX);
    return across * Math.min(CELL_PX, this.height - row * CELL_PX);
  }

  /** Whether the frame that was read last shows all of a cell. */
  isSeen(cell: number): boolean {
    const column = cell % this.columns;
    const row = (cell - column) / this.columns;
    const [left, top] = [column * CELL_PX, row * CELL_PX];
    const box = {
      left,
      top,
      right: Math.min(this.width, left + CELL_PX),
      bottom: Math.min(this.height, top + CELL_PX),
    };
    return isShown(box, this.#position, this);
  }

  /**
   * Takes the next frame, brought to where what is remembered lies, and sums it up against the mean and the last
   * frames.
   */
  read(frame: Planes, position: FramePosition): void {
    this.#follow(position);
    const earlier = this.#earlier;
    this.#earlier = this.#before.luma;
    const recycled = { ...this.#before, luma: earlier };
    this.#before = this.#now;
    this.#now = recycled;
    for (const key of ['luma', 'red', 'blue'] as const) {
      if (position.x === 0 && position.y === 0) this.#now[key].set(frame[key]);
      else warpPlane(frame[key], this.#now[key], this.#between, this, position);
    }
    for (const sums of Object.values(this.sums) as Float64Array[]) sums.fill(0);
    for (let y = 0; y < this.height; y++) {
      this.#sumRow(y);
      if (y > 0 && y < this.height - 1) this.#sumSlopes(y);
    }
  }

  /** What is remembered goes along with the camera and the light. */
  #follow(position: FramePosition): void {
    this.#position = position;
    const { gain, offset, moved } = position;
    const lumas = [this.#mean.luma, this.#now.luma, this.#before.luma];
    const colours = [this.#mean, this.#now].flatMap(({ red, blue }) => [red, blue]);
    if (moved.right !== 0 || moved.down !== 0) {
      for (const plane of [...lumas, ...colours]) {
        movePlane(plane, this.width, moved.right * CELL_PX, moved.down * CELL_PX);
      }
    }
    if (gain === 1 && offset === 0) return;
    for (const plane of lumas) for (let at = 0; at < plane.length; at++) plane[at] = gain * plane[at]! + 4 * offset;
    for (const plane of colours) for (let at = 0; at < plane.length; at++) plane[at] = gain * plane[at]!;
  }

  /** Plain variables: to allocate something, or to store a sum, for each pixel would cost more than the sums do. */
  #sumRow(y: number): void {
    const { luma, offset, square, colourSquare, step, colourStep, secondStep } = this.sums;
    const { luma: lumas, red: reds, blue: blues } = this.#now;
    const { luma: lumasBefore, red: redsBefore, blue: bluesBefore } = this.#before;
    const { luma: lumaMeans, red: redMeans, blue: blueMeans } = this.#mean;
    const earlier = this.#earlier;
    const end = (y + 1) * this.width;
    let cell = Math.floor(y / CELL_PX) * this.columns;
    for (let from = y * this.width; from < end; from += CELL_PX, cell++) {
      const to = Math.min(end, from + CELL_PX);
      let ofLuma = 0;
      let ofOffset = 0;
      let ofSquare = 0;
      let ofColour = 0;
      let ofStep = 0;
      let ofColourStep = 0;
      let ofSecond = 0;
      for (let at = from; at < to; at++) {
        const value = lumas[at]!;
        const red = reds[at]!;
        const blue = blues[at]!;
        const apart = value - lumaMeans[at]!;
        const redApart = red - redMeans[at]!;
        const blueApart = blue - blueMeans[at]!;
        const change = value - lumasBefore[at]!;
        const redChange = red - redsBefore[at]!;
        const blueChange = blue - bluesBefore[at]!;
        const longer = value - earlier[at]!;
        ofLuma += value;
        ofOffset += apart;
        ofSquare += apart * apart;
        ofColour += redApart * redApart + blueApart * blueApart;
        ofStep += change * change;
        ofColourStep += redChange * redChange + blueChange * blueChange;
        ofSecond += longer * longer;
      }
      luma[cell]! += ofLuma;
      offset[cell]! += ofOffset;
      square[cell]! += ofSquare;
      colourSquare[cell]! += ofColour;
      step[cell]! += ofStep;
      colourStep[cell]! += ofColourStep;
      secondStep[cell]! += ofSecond;
    }
  }

  #sumSlopes(y: number): void {
    const { acrossAcross, acrossDown, downDown, acrossOffset, downOffset } = this.sums;
    const { luma: lumas } = this.#now;
    const { luma: means } = this.#mean;
    const width = this.width;
    const start = y * width;
    const end = start + width - 1;
    let cell = Math.floor(y / CELL_PX) * this.columns;
    for (let from = start; from < end; from += CELL_PX, cell++) {
      const to = Math.min(end, from + CELL_PX);
      let xx = 0;
      let xy = 0;
      let yy = 0;
      let xd = 0;
      let yd = 0;
      for (let at = Math.max(start + 1, from); at < to; at++) {
        const across = means[at + 1]! - means[at - 1]!;
        const down = means[at + width]! - means[at - width]!;
        const apart = lumas[at]! - means[at]!;
        xx += across * across;
        xy += across * down;
        yy += down * down;
        xd += across * apart;
        yd += down * apart;
      }
      acrossAcross[cell]! += xx;
      acrossDown[cell]! += xy;
      downDown[cell]! += yy;
      acrossOffset[cell]! += xd;
      downOffset[cell]! += yd;
    }
  }

  /** The mean goes on: it keeps the weight that it has in each cell, and the frame has the rest. */
  moveMean(weights: Float32Array): void {
    const { luma, red, blue } = this.#now;
    const { luma: lumaMean, red: redMean, blue: blueMean } = this.#mean;
    for (let y = 0; y < this.height; y++) {
      const end = (y + 1) * this.width;
      let cell = Math.floor(y / CELL_PX) * this.columns;
      for (let from = y * this.width; from < end; from += CELL_PX, cell++) {
        const weight = weights[cell]!;
        const to = Math.min(end, from + CELL_PX);
        for (let at = from; at < to; at++) {
          lumaMean[at] = luma[at]! + weight * (lumaMean[at]! - luma[at]!);
          redMean[at] = red[at]! + weight * (redMean[at]! - red[at]!);
          blueMean[at] = blue[at]! + weight * (blueMean[at]! - blue[at]!);
        }
      }
    }
  }
}

import type { Size } from '../../core/pixels/geometry.ts';
import {
  brightnessChange,
  FrameRegistration,
  type Registration,
  UNMOVED,
} from '../../core/registration/frame-registration.ts';
import { CELL_PX } from './planes.ts';

/** How a frame lies against what is remembered of those before it. */
export interface FramePosition {
  /** frame(x + shift) shows what is remembered at x: source pixels, in whole pixels of the result. */
  readonly x: number;
  readonly y: number;
  /** What is remembered becomes so much brighter to be like the frame: gain before + offset, in levels of 255. */
  readonly gain: number;
  readonly offset: number;
  /** Cells that what is remembered was moved by first, to the right and down. */
  readonly moved: { readonly right: number; readonly down: number };
}

export const AT_REST: FramePosition = { x: 0, y: 0, gain: 1, offset: 0, moved: { right: 0, down: 0 } };

/** Luma counts fourfold. */
const LUMA = 4;
/** Less than half a level is rounding, and is calmed with the noise. */
const LEAST_CHANGE = 0.5;
/** What flashes is another picture. */
const MOST_CHANGE = 12;
/** Of the remembered picture, before it is moved along with a camera that pans. */
const LEASH_PX = 1.5 * CELL_PX;

/** Follows a film that weaves, flickers or pans as a whole. */
export class PositionFinder {
  readonly #registration: FrameRegistration;
  readonly #scale: number;
  #last: Registration = UNMOVED;

  /** @param scale of the result: positions are whole pixels of it, so that nothing has to be resampled there */
  constructor(size: Size, scale: number) {
    this.#registration = new FrameRegistration(size);
    this.#scale = scale;
  }

  /** @param mean what is remembered, and the frame: fourfold luma. */
  next(mean: Float32Array, frame: Float32Array): FramePosition {
    const found = this.#registration.find(mean, frame, { ...this.#last, gain: 1, offset: 0 });
    const change = brightnessChange(found, 255 * LUMA) / LUMA;
    if (found === UNMOVED || change > MOST_CHANGE) {
      this.#last = UNMOVED;
      return AT_REST;
    }
    const isAsBright = change < LEAST_CHANGE;
    const [right, down] = [cellsBeyond(found.x), cellsBeyond(found.y)];
    this.#last = { ...found, x: found.x - right * CELL_PX, y: found.y - down * CELL_PX };
    const whole = (shift: number) => Math.round(shift * this.#scale) / this.#scale;
    return {
      x: whole(this.#last.x),
      y: whole(this.#last.y),
      gain: isAsBright ? 1 : found.gain,
      offset: isAsBright ? 0 : found.offset / LUMA,
      moved: { right, down },
    };
  }
}

function cellsBeyond(shift: number): number {
  return Math.abs(shift) > LEASH_PX ? Math.trunc(shift / CELL_PX) : 0;
}

import type { Size } from '../../core/pixels/geometry.ts';
import {
  brightnessChange,
  FrameRegistration,
  type Registration,
  UNMOVED,
} from '../../core/registration/frame-registration.ts';
import { warpPlane } from '../../core/registration/warp-plane.ts';

/** frame(x + place) shows what the first frames show at x, gain times as bright and offset levels brighter. */
export type Place = Registration;

/** Of the source's pixels, and of 255 levels: less is noise, and the frame stays as it is. */
const LEAST_SHIFT_PX = 0.05;
const LEAST_CHANGE = 0.5;
/** Beyond so much of the picture, or so many levels, the frame is the first of another one. */
const FARTHEST = 0.1;
const MOST_CHANGE = 40;

/** Brings the frames of a film that weaves, pans or flickers as a whole to where its first lie. */
export class FilmAligner {
  readonly #size: Size;
  readonly #enlargement: number;
  readonly #registration: FrameRegistration;
  readonly #frame: Float32Array;
  readonly #between: Float32Array;
  /** The frame before, where it was brought to. */
  readonly #reference: Float32Array;
  #last: Place | null = null;

  /** @param enlargement frame pixels for one of the source's */
  constructor(size: Size, enlargement: number) {
    this.#size = size;
    this.#enlargement = enlargement;
    this.#registration = new FrameRegistration(size);
    const plane = () => new Float32Array(size.width * size.height);
    [this.#frame, this.#between, this.#reference] = [plane(), plane(), plane()];
  }

  /** Where the source's next frame lies. @param source luma of 8 bits, row by row */
  next(source: Uint8Array): Place {
    this.#frame.set(source);
    const found = this.#last === null ? UNMOVED : this.#registration.find(this.#reference, this.#frame, this.#last);
    const change = brightnessChange(found, 255);
    const { width, height } = this.#size;
    const isAnother =
      Math.abs(found.x) > FARTHEST * width || Math.abs(found.y) > FARTHEST * height || change > MOST_CHANGE;
    const isHere = Math.hypot(found.x, found.y) < LEAST_SHIFT_PX * this.#enlargement;
    const isAsBright = change < LEAST_CHANGE;
    const place = isAnother
      ? UNMOVED
      : {
          x: isHere ? 0 : found.x,
          y: isHere ? 0 : found.y,
          gain: isAsBright ? 1 : found.gain,
          offset: isAsBright ? 0 : found.offset,
        };
    this.#reference.set(this.align(source, place));
    this.#last = place;
    return place;
  }

  /** A frame of either film, brought to where the first lie; what it does not show is its border. */
  align(frame: Uint8Array, { x, y, gain, offset }: Place): Uint8Array {
    if (x === 0 && y === 0 && gain === 1 && offset === 0) return frame;
    this.#frame.set(frame);
    const aligned = new Float32Array(frame.length);
    warpPlane(this.#frame, aligned, this.#between, this.#size, { x, y });
    return Uint8Array.from(aligned, (value) => Math.min(255, Math.max(0, Math.round((value - offset) / gain))));
  }
}

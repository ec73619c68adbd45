import type { Size } from '../pixels/geometry.ts';
import { warpPlane } from './warp-plane.ts';

/**
 * Where a frame lies against a reference, and how much brighter it is: frame(x + shift) is about gain reference(x) +
 * offset.
 */
export interface Registration {
  /** Pixels to the right and down. */
  readonly x: number;
  readonly y: number;
  readonly gain: number;
  /** In the planes' unit. */
  readonly offset: number;
}

export const UNMOVED: Registration = { x: 0, y: 0, gain: 1, offset: 0 };

/** The most that it makes any level brighter or darker. @param white the brightest, in the planes' unit */
export function brightnessChange({ gain, offset }: Registration, white: number): number {
  return Math.max(Math.abs(offset), Math.abs((gain - 1) * white + offset));
}

/** Whether a frame that lies so shows all of a box of the reference. */
export function isShown(
  box: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
  { x, y }: Pick<Registration, 'x' | 'y'>,
  { width, height }: Size,
): boolean {
  return box.left + x >= 0 && box.top + y >= 0 && box.right + x <= width && box.bottom + y <= height;
}

/** Levels of the pyramid are halves of each other, down to so many pixels on the shorter side. */
const SMALLEST_PX = 24;
const MOST_LEVELS = 5;
/** Beyond that the finest level tells nothing more. */
const ENOUGH_PIXELS = 100_000;
/** The median is found from so many pixels. */
const SAMPLED = 2048;
/** In the planes' unit. */
const LEAST_DIFFERENCE = 1;
/**
 * Of the median: the scale of Cauchy's weights (2.385 standard deviations of normal noise), and what counts in full.
 */
const CAUCHY = 3.5;
const MOST_TYPICAL = 4;
const STEPS = 6;
/** Of the level's pixel: no better than noise allows. */
const FINE_PX = 0.01;
/** What a frame's sides show is not in the other, or is the border. */
const MARGIN = 0.06;
/** It is taken where differences are so much smaller with it; resampling alone makes noise a little smaller. */
const CLEARLY_BETTER = 0.95;
const BRIGHTNESS_BETTER = 0.99;
/** And than with the shift the other way, which smooths noise as much: pictures of noise alone lie nowhere. */
const MIRRORED_BETTER = 0.9;

/**
 * Finds the shift and the change of brightness of whole frames, as of film that weaves in the gate or flickers: least
 * squares on the slopes, from coarse to fine (Lucas and Kanade 1981; Bouguet's pyramid, 2000), in which differences
 * beyond what most pixels show count less and less (Cauchy weights), so that what moves in front does not pull.
 */
export class FrameRegistration {
  /** From the finest that is looked at to the coarsest. */
  readonly #levels: Level[] = [];
  /** What lies between the frames and the finest level. */
  readonly #finer: Halves[] = [];

  constructor({ width, height }: Size) {
    const sizes = [{ width, height }];
    for (let { width: across, height: down } = sizes[0]!; sizes.length < MOST_LEVELS; ) {
      [across, down] = [across >> 1, down >> 1];
      if (Math.min(across, down) < SMALLEST_PX) break;
      sizes.push({ width: across, height: down });
    }
    const enough = sizes.findIndex((size) => size.width * size.height <= ENOUGH_PIXELS);
    const finest = enough === -1 ? sizes.length - 1 : enough;
    for (const [at, size] of sizes.entries()) {
      const plane = () => new Float32Array(size.width * size.height);
      const halves = { size, unit: 2 ** -at, reference: plane(), frame: plane() };
      if (at < finest) this.#finer.push(halves);
      else this.#levels.push({ ...halves, warped: plane(), between: plane() });
    }
  }

  /**
   * @param near where it is looked for first
   * @returns UNMOVED where nothing explains the difference clearly better
   */
  find(reference: Float32Array, frame: Float32Array, near: Registration): Registration {
    const all = [...this.#finer, ...this.#levels];
    all[0]!.reference.set(reference);
    all[0]!.frame.set(frame);
    for (const [at, level] of all.slice(1).entries()) {
      halve(all[at]!, 'reference', level);
      halve(all[at]!, 'frame', level);
    }
    let found = near;
    for (const level of this.#levels.toReversed()) {
      const next = refine(level, found);
      if (next === null) return UNMOVED;
      found = next;
    }
    return takeWhatHelps(this.#levels[0]!, found);
  }
}

interface Halves {
  readonly size: Size;
  /** Its pixels for one of the frames'. */
  readonly unit: number;
  readonly reference: Float32Array;
  readonly frame: Float32Array;
}

interface Level extends Halves {
  /** Of the frame. */
  readonly warped: Float32Array;
  readonly between: Float32Array;
}

function warp({ frame, warped, between, size, unit }: Level, { x, y }: Pick<Registration, 'x' | 'y'>): void {
  warpPlane(frame, warped, between, size, { x: x * unit, y: y * unit });
}

function halve(from: Halves, key: 'reference' | 'frame', into: Halves): void {
  const { width, height } = into.size;
  const source = from[key];
  const target = into[key];
  for (let y = 0; y < height; y++) {
    const above = 2 * y * from.size.width;
    const below = above + from.size.width;
    for (let x = 0; x < width; x++) {
      target[y * width + x] =
        (source[above + 2 * x]! + source[above + 2 * x + 1]! + source[below + 2 * x]! + source[below + 2 * x + 1]!) / 4;
    }
  }
}

/** @returns null where the picture has nothing to go by, or it runs away. */
function refine(level: Level, from: Registration): Registration | null {
  let { x, y, gain, offset } = from;
  const { unit } = level;
  const { width, height } = level.size;
  for (let step = 0; step < STEPS; step++) {
    warp(level, { x, y });
    const solved = solve(sumUp(level, gain, offset));
    if (solved === null) return null;
    const [right, down, gained, raised] = solved as [number, number, number, number];
    x += right / unit;
    y += down / unit;
    gain += gained;
    offset += raised;
    if (Math.abs(x * unit) > width / 4 || Math.abs(y * unit) > height / 4) return null;
    if (Math.hypot(right, down) < FINE_PX && step > 0) break;
  }
  return { x, y, gain, offset };
}

/** All that was found, or the brightness alone, or nothing. */
function takeWhatHelps(level: Level, refined: Registration): Registration {
  warp(level, refined);
  const found = { ...refined, ...evenBrightness(level, refined) };
  const inPlace = { ...found, x: 0, y: 0 };
  const most = MOST_TYPICAL * typicalDifference(level, found.gain, found.offset);
  const moved = cappedDifference(level, found, most);
  warp(level, { x: -found.x, y: -found.y });
  const mirrored = cappedDifference(level, found, most);
  warp(level, UNMOVED);
  const unmoved = cappedDifference(level, UNMOVED, most);
  if (moved < CLEARLY_BETTER * unmoved && moved < MIRRORED_BETTER * mirrored) return found;
  return cappedDifference(level, inPlace, most) < BRIGHTNESS_BETTER * unmoved ? inPlace : UNMOVED;
}

/**
 * Gain and offset from the spread of both pictures where they are alike. Least squares take the reference's own noise
 * for contrast, and each gain would come out a little low.
 */
function evenBrightness(level: Level, { gain, offset }: Registration): Pick<Registration, 'gain' | 'offset'> {
  const { size, reference, warped } = level;
  const margin = marginOf(size);
  const alike = MOST_TYPICAL * typicalDifference(level, gain, offset);
  let [count, was, is, wasSquare, isSquare] = [0, 0, 0, 0, 0];
  for (let row = margin; row < size.height - margin; row++) {
    for (let at = row * size.width + margin; at < (row + 1) * size.width - margin; at++) {
      const [a, b] = [reference[at]!, warped[at]!];
      if (Math.abs(gain * a + offset - b) > alike) continue;
      count++;
      was += a;
      is += b;
      wasSquare += a * a;
      isSquare += b * b;
    }
  }
  const [wasSpread, isSpread] = [wasSquare - was ** 2 / count, isSquare - is ** 2 / count];
  if (!(wasSpread > 0 && isSpread > 0)) return { gain, offset };
  const even = Math.sqrt(isSpread / wasSpread);
  return { gain: even, offset: (is - even * was) / count };
}

/** The normal equations of what is left. */
function sumUp(level: Level, gain: number, offset: number): Float64Array {
  const { size, reference, warped } = level;
  const { width, height } = size;
  const margin = marginOf(size);
  const equations = new Float64Array(20);
  let [xx, xy, xr, x1, yy, yr, y1, rr, r1, ones] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  let [xd, yd, rd, d1] = [0, 0, 0, 0];
  const spread = 1 / (CAUCHY * typicalDifference(level, gain, offset));
  for (let row = margin; row < height - margin; row++) {
    for (let at = row * width + margin; at < (row + 1) * width - margin; at++) {
      const was = reference[at]!;
      const across = (warped[at + 1]! - warped[at - 1]!) / 2;
      const down = (warped[at + width]! - warped[at - width]!) / 2;
      const apart = gain * was + offset - warped[at]!;
      const far = apart * spread;
      const weight = 1 / (1 + far * far);
      const [wx, wy, wr] = [weight * across, weight * down, weight * was];
      xx += wx * across;
      xy += wx * down;
      xr += wx * was;
      x1 += wx;
      yy += wy * down;
      yr += wy * was;
      y1 += wy;
      rr += wr * was;
      r1 += wr;
      ones += weight;
      xd += wx * apart;
      yd += wy * apart;
      rd += wr * apart;
      d1 += weight * apart;
    }
  }
  equations.set([xx, xy, -xr, -x1, xd]);
  equations.set([xy, yy, -yr, -y1, yd], 5);
  equations.set([-xr, -yr, rr, r1, -rd], 10);
  equations.set([-x1, -y1, r1, ones, -d1], 15);
  return equations;
}

/** Median of what is left, of some pixels all over the picture. */
function typicalDifference({ size, reference, warped }: Level, gain: number, offset: number): number {
  const margin = marginOf(size);
  const pixels = (size.width - 2 * margin) * (size.height - 2 * margin);
  const rowLength = size.width - 2 * margin;
  const stride = Math.max(1, Math.floor(pixels / SAMPLED));
  const apart = new Float32Array(Math.max(1, Math.ceil(pixels / stride)));
  for (let sample = 0, pixel = 0; pixel < pixels; sample++, pixel += stride) {
    const x = pixel % rowLength;
    const at = ((pixel - x) / rowLength + margin) * size.width + margin + x;
    apart[sample] = Math.abs(gain * reference[at]! + offset - warped[at]!);
  }
  return Math.max(LEAST_DIFFERENCE, apart.sort()[apart.length >> 1]!);
}

function marginOf({ width, height }: Size): number {
  return Math.max(2, Math.round(MARGIN * Math.min(width, height)));
}

/** Gauss's elimination of four equations with their right sides. null: they do not tell. */
function solve(equations: Float64Array): number[] | null {
  const rows = [0, 1, 2, 3].map((row) => equations.slice(5 * row, 5 * row + 5));
  const sizes = rows.map((row, at) => row[at]!);
  for (let at = 0; at < 4; at++) {
    const pivot = rows[at]!;
    // Positive definite, or there is nothing to go by.
    if (!(pivot[at]! > 1e-6 * sizes[at]!)) return null;
    for (let below = at + 1; below < 4; below++) {
      const row = rows[below]!;
      const factor = row[at]! / pivot[at]!;
      for (let column = at; column < 5; column++) row[column] = row[column]! - factor * pivot[column]!;
    }
  }
  const solved = [0, 0, 0, 0];
  for (let at = 3; at >= 0; at--) {
    let value = rows[at]![4]!;
    for (let column = at + 1; column < 4; column++) value -= rows[at]![column]! * solved[column]!;
    solved[at] = value / rows[at]![at]!;
  }
  return solved;
}

/** Mean absolute difference that is left, each pixel's up to a limit, so that what moves in front does not decide. */
function cappedDifference({ size, reference, warped }: Level, { gain, offset }: Registration, most: number): number {
  const { width, height } = size;
  const margin = marginOf(size);
  let sum = 0;
  for (let row = margin; row < height - margin; row++) {
    for (let at = row * width + margin; at < (row + 1) * width - margin; at++) {
      sum += Math.min(most, Math.abs(gain * reference[at]! + offset - warped[at]!));
    }
  }
  return sum;
}

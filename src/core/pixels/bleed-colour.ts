import { setImmediate } from 'node:timers/promises';
import type { Rect, Size } from './geometry.ts';
import { type Raster, samplesOf } from './raster.ts';

/**
 * How far colours run out under transparent pixels, in source pixels: beyond 16 no network of the catalogue sees a
 * difference at the rim (docs/stills.md), and what enlarged alpha reaches into is nearer.
 */
export const BLEED_PX = 32;

/**
 * Gives wholly transparent pixels the colour of what is beside them, in place: a network that sees black behind an
 * outline darkens the outline. Ring by ring outwards, each pixel becomes the mean of those of its eight neighbours that
 * have a colour already, weighed by their alpha, since colours of faint pixels are known badly. Pixels with any alpha
 * keep theirs, and so do transparent ones more than `reachPx` away from all of those, along x or along y.
 * What a pixel becomes depends on the pixels within `reachPx` alone. Works by blocks: memory hardly grows, and other
 * work gets its turn in between.
 * @param alpha one channel, of the colour's size and depth
 */
export async function bleedColour(colour: Raster, alpha: Raster, reachPx = BLEED_PX): Promise<void> {
  if (!hasClear(alpha)) return;
  const { width, height } = colour;
  for (let top = 0; top < height; top += BLOCK_PX) {
    if (top > 0) await setImmediate();
    for (let left = 0; left < width; left += BLOCK_PX) {
      const [right, bottom] = [Math.min(width, left + BLOCK_PX), Math.min(height, top + BLOCK_PX)];
      bleedBlock(colour, alpha, { x: left, y: top, width: right - left, height: bottom - top }, reachPx);
    }
  }
}

/** Small enough for a processor's cache. */
const BLOCK_PX = 512;

function hasClear(alpha: Raster): boolean {
  const { data, bytesPerSample } = alpha;
  // The search for a byte is the fastest there is, and most pictures with alpha are opaque.
  if (!Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes(0)) return false;
  return bytesPerSample === 1 || samplesOf(alpha).includes(0);
}

/** On a copy of the block with all that it depends on, because what is around it is the business of other blocks. */
function bleedBlock(colour: Raster, alpha: Raster, block: Rect, reachPx: number): void {
  const window = grow(block, reachPx, colour);
  const weights = weightsOf(alpha, window);
  let ring: readonly number[] = firstRing(weights, window.width + 2);
  if (ring.length === 0) return;
  const field = openField(colour, weights, window);
  for (let distance = 1; distance <= reachPx && ring.length > 0; distance++) {
    fillRing(field, ring);
    ring = nextRing(field, ring);
  }
  const { channels } = colour;
  const samples = samplesOf(colour);
  for (let row = 0; row < block.height; row++) {
    const from = (block.y - window.y + row + 1) * (window.width + 2) + block.x - window.x + 1;
    const part = field.samples.subarray(from * channels, (from + block.width) * channels);
    samples.set(part, ((block.y + row) * colour.width + block.x) * channels);
  }
}

function grow({ x, y, width, height }: Rect, by: number, size: Size): Rect {
  const [left, top] = [Math.max(0, x - by), Math.max(0, y - by)];
  const [right, bottom] = [Math.min(size.width, x + width + by), Math.min(size.height, y + height + by)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Pixels with a frame of one pixel around them that never has a colour, so that all of them have eight neighbours. */
interface Field {
  readonly samples: Uint8Array | Uint16Array;
  readonly channels: 1 | 3;
  /** 1 to 255 where a pixel has a colour, 0 where it has none yet. */
  readonly weights: Uint8Array;
  /** 1 where a pixel is in a ring, or is none of the picture. */
  readonly taken: Uint8Array;
  /** Distances to the neighbours, in pixels. */
  readonly around: readonly number[];
}

function openField(colour: Raster, weights: Uint8Array, window: Rect): Field {
  const { channels, bytesPerSample } = colour;
  const stride = window.width + 2;
  const source = samplesOf(colour);
  const samples =
    bytesPerSample === 1 ? new Uint8Array(weights.length * channels) : new Uint16Array(weights.length * channels);
  const taken = new Uint8Array(weights.length).fill(1);
  for (let row = 0; row < window.height; row++) {
    const from = (window.y + row) * colour.width + window.x;
    const to = (row + 1) * stride + 1;
    samples.set(source.subarray(from * channels, (from + window.width) * channels), to * channels);
    taken.fill(0, to, to + window.width);
  }
  const around = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1];
  return { samples, channels, weights, taken, around };
}

function weightsOf(alpha: Raster, window: Rect): Uint8Array {
  const opacity = samplesOf(alpha);
  const stride = window.width + 2;
  const weights = new Uint8Array(stride * (window.height + 2));
  for (let row = 0; row < window.height; row++) {
    const from = (window.y + row) * alpha.width + window.x;
    const to = (row + 1) * stride + 1;
    if (opacity instanceof Uint8Array) weights.set(opacity.subarray(from, from + window.width), to);
    else for (let x = 0; x < window.width; x++) weights[to + x] = Math.ceil(opacity[from + x]! / 257);
  }
  return weights;
}

/** Pixels without a colour beside some that have one. */
function firstRing(weights: Uint8Array, stride: number): number[] {
  const ring: number[] = [];
  for (let row = stride; row < weights.length - stride; row += stride) {
    // Of the three columns around a pixel, of three rows each: whether anything has a colour.
    let [before, here] = [0, weights[row - stride + 1]! | weights[row + 1]! | weights[row + stride + 1]!];
    for (let at = row + 1; at < row + stride - 1; at++) {
      const after = weights[at - stride + 1]! | weights[at + 1]! | weights[at + stride + 1]!;
      if (weights[at] === 0 && (before | here | after) !== 0) ring.push(at);
      before = here;
      here = after;
    }
  }
  return ring;
}

/** All from the rings before, so that the order within a ring means nothing. */
function fillRing({ samples, channels, weights, around }: Field, ring: readonly number[]): void {
  const found = new Uint8Array(ring.length);
  for (let index = 0; index < ring.length; index++) {
    const pixel = ring[index]!;
    let [weight, count, first, second, third] = [0, 0, 0, 0, 0];
    for (let neighbour = 0; neighbour < around.length; neighbour++) {
      const at = pixel + around[neighbour]!;
      const own = weights[at]!;
      if (own === 0) continue;
      weight += own;
      count++;
      first += own * samples[at * channels]!;
      if (channels === 1) continue;
      second += own * samples[at * channels + 1]!;
      third += own * samples[at * channels + 2]!;
    }
    const half = weight / 2;
    // Typed arrays cut fractions off as they store.
    samples[pixel * channels] = (first + half) / weight;
    if (channels === 3) {
      samples[pixel * channels + 1] = (second + half) / weight;
      samples[pixel * channels + 2] = (third + half) / weight;
    }
    found[index] = Math.ceil(weight / count);
  }
  for (let index = 0; index < ring.length; index++) weights[ring[index]!] = found[index]!;
}

/** The pixels without a colour around a ring. */
function nextRing({ weights, taken, around }: Field, ring: readonly number[]): number[] {
  const next: number[] = [];
  for (const pixel of ring) {
    for (let neighbour = 0; neighbour < around.length; neighbour++) {
      const at = pixel + around[neighbour]!;
      if (weights[at] !== 0 || taken[at] !== 0) continue;
      taken[at] = 1;
      next.push(at);
    }
  }
  return next;
}

import type { Raster } from './raster.ts';

/**
 * How far colours run out under transparent pixels, in source pixels: what networks look at, and what enlarged alpha
 * reaches into, with much room (docs/stills.md has the measurement).
 */
export const BLEED_PX = 32;

/**
 * Gives wholly transparent pixels the colour of what is beside them, in place: a network that sees black behind an
 * outline darkens the outline. Ring by ring outwards, each pixel becomes the mean of its neighbours that have a colour
 * already, weighed by their alpha, since colours of faint pixels are known badly. Pixels with any alpha keep theirs, and so
 * do transparent ones farther than `reachPx` (the larger of the distances along x and y) from all of those.
 * What a pixel becomes depends on the pixels within `reachPx` alone. Needs little memory: it works by bands of rows.
 * @param alpha of the colour's size and depth
 */
export function bleedColour(colour: Raster, alpha: Raster, reachPx = BLEED_PX): void {
  const { width, height } = colour;
  const opacity = samplesOf(alpha);
  if (!opacity.includes(0)) return;
  const rows = Math.max(reachPx, Math.floor(BAND_PIXELS / width));
  for (let top = 0; top < height; top += rows) {
    const bottom = Math.min(height, top + rows);
    if (!opacity.subarray(top * width, bottom * width).includes(0)) continue;
    bleedBand(colour, opacity, { top, bottom, reachPx });
  }
}

/** Pixels of a band: a few megabytes beside the picture. */
const BAND_PIXELS = 2e6;

interface Band {
  readonly top: number;
  readonly bottom: number;
  readonly reachPx: number;
}

/** On a copy of the band with all that it depends on, because the rows around it are the business of other bands. */
function bleedBand(colour: Raster, opacity: Uint8Array | Uint16Array, { top, bottom, reachPx }: Band): void {
  const { width, channels } = colour;
  const [first, last] = [Math.max(0, top - reachPx), Math.min(colour.height, bottom + reachPx)];
  const weights = weightsOf(opacity.subarray(first * width, last * width));
  let ring: readonly number[] = firstRing(weights, width);
  if (ring.length === 0) return;
  const samples = samplesOf(colour);
  const copy = samples.slice(first * width * channels, last * width * channels);
  const field = { samples: copy, weights, width, height: last - first, channels };
  const isListed = new Uint8Array(weights.length);
  for (let distance = 1; distance <= reachPx && ring.length > 0; distance++) {
    fillRing(field, ring);
    ring = nextRing(field, ring, isListed);
  }
  const [from, to] = [top - first, bottom - first].map((row) => row * width * channels);
  samples.set(copy.subarray(from, to), top * width * channels);
}

interface Field {
  readonly samples: Uint8Array | Uint16Array;
  /** 1 to 255 where a pixel has a colour, 0 where it has none yet. */
  readonly weights: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

function weightsOf(opacity: Uint8Array | Uint16Array): Uint8Array {
  if (opacity instanceof Uint8Array) return opacity.slice();
  return Uint8Array.from(opacity, (sample) => Math.ceil(sample / 257));
}

/** Pixels without a colour beside some that have one. */
function firstRing(weights: Uint8Array, width: number): number[] {
  const ring: number[] = [];
  const near = new Uint8Array(width + 2);
  for (let start = 0; start < weights.length; start += width) {
    const above = Math.max(0, start - width);
    const below = Math.min(weights.length - width, start + width);
    for (let x = 0; x < width; x++) near[x + 1] = weights[above + x]! | weights[start + x]! | weights[below + x]!;
    for (let x = 0; x < width; x++) {
      if (weights[start + x] === 0 && (near[x]! | near[x + 1]! | near[x + 2]!) !== 0) ring.push(start + x);
    }
  }
  return ring;
}

/** All from the rings before, so that the order within a ring means nothing. */
function fillRing(field: Field, ring: readonly number[]): void {
  const { samples, weights, width, channels } = field;
  const found = new Uint8Array(ring.length);
  for (const [index, pixel] of ring.entries()) {
    const { left, right, top, bottom } = around(field, pixel);
    let [weight, count, red, green, blue] = [0, 0, 0, 0, 0];
    for (let y = top; y <= bottom; y++) {
      for (let at = y * width + left; at <= y * width + right; at++) {
        const own = weights[at]!;
        if (own === 0) continue;
        weight += own;
        count++;
        red += own * samples[at * channels]!;
        if (channels === 1) continue;
        green += own * samples[at * channels + 1]!;
        blue += own * samples[at * channels + 2]!;
      }
    }
    const half = weight / 2;
    // Typed arrays cut fractions off as they store.
    samples[pixel * channels] = (red + half) / weight;
    if (channels === 3) {
      samples[pixel * channels + 1] = (green + half) / weight;
      samples[pixel * channels + 2] = (blue + half) / weight;
    }
    found[index] = Math.ceil(weight / count);
  }
  for (const [index, pixel] of ring.entries()) weights[pixel] = found[index]!;
}

/** The pixels without a colour around a ring. */
function nextRing(field: Field, ring: readonly number[], isListed: Uint8Array): number[] {
  const { weights, width } = field;
  const next: number[] = [];
  for (const pixel of ring) {
    const { left, right, top, bottom } = around(field, pixel);
    for (let y = top; y <= bottom; y++) {
      for (let at = y * width + left; at <= y * width + right; at++) {
        if (weights[at] !== 0 || isListed[at] !== 0) continue;
        isListed[at] = 1;
        next.push(at);
      }
    }
  }
  return next;
}

/** A pixel with its neighbours, cut off at the border. */
function around({ width, height }: Field, pixel: number) {
  const y = Math.floor(pixel / width);
  const x = pixel - y * width;
  return {
    left: Math.max(0, x - 1),
    right: Math.min(width - 1, x + 1),
    top: Math.max(0, y - 1),
    bottom: Math.min(height - 1, y + 1),
  };
}

function samplesOf({ data, bytesPerSample }: Raster): Uint8Array | Uint16Array {
  return bytesPerSample === 1 ? data : new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

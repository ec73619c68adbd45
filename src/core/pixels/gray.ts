import { makeRaster, type Raster, samplesOf } from './raster.ts';

/** What a user decides: `auto` goes by the picture. */
export const GRAY_MODES = ['auto', 'on', 'off'] as const;
export type GrayMode = (typeof GRAY_MODES)[number];

/** How the channels of a picture in RGB differ: not at all, by what lossy coding leaves of gray, or as colours do. */
export type Grayness = 'exact' | 'near' | 'none';

/**
 * Looks at a picture in RGB until something in it is a colour. Nearly gray is what no place of it can be told from gray
 * by: pixels stray, but not to one side.
 * @param alpha of the picture; what is wholly transparent does not count
 */
export function graynessOf(colour: Raster, alpha: Raster | null): Grayness {
  const { width, height, bytesPerSample } = colour;
  const unit = bytesPerSample === 1 ? 1 : 257;
  const total = { pixels: 0, red: 0, blue: 0, isExact: true };
  for (let y = 0; y < height; y += BLOCK_PX) {
    for (let x = 0; x < width; x += BLOCK_PX) {
      const block = tintOf(colour, alpha, x, y);
      if (block === null || strays(block, BLOCK_TINT * unit)) return 'none';
      total.pixels += block.pixels;
      total.red += block.red;
      total.blue += block.blue;
      total.isExact &&= block.isExact;
    }
  }
  if (total.isExact) return 'exact';
  return strays(total, WHOLE_TINT * unit) ? 'none' : 'near';
}

/** Levels of 255 that the channels of one pixel may lie apart: JPEGs and WebPs of noisy gray leave up to 9. */
const PIXEL_SPREAD = 10;
/** Levels that red or blue may lie beside green on average, in a block and in all: a faint sepia has 3. */
const BLOCK_TINT = 2;
const WHOLE_TINT = 1;
const BLOCK_PX = 16;

interface Tint {
  readonly pixels: number;
  /** Sums of red and blue less green. */
  readonly red: number;
  readonly blue: number;
  readonly isExact: boolean;
}

function strays({ pixels, red, blue }: Tint, limit: number): boolean {
  // Blocks at the border may be a few pixels, whose mean says little.
  const most = limit * Math.max(pixels, BLOCK_PX);
  return Math.abs(red) > most || Math.abs(blue) > most;
}

/** Of the block that begins there; null: it has a pixel that is no gray. */
function tintOf(colour: Raster, alpha: Raster | null, left: number, top: number): Tint | null {
  const samples = samplesOf(colour);
  const opacity = alpha === null ? null : samplesOf(alpha);
  const limit = PIXEL_SPREAD * (colour.bytesPerSample === 1 ? 1 : 257);
  const [right, bottom] = [Math.min(colour.width, left + BLOCK_PX), Math.min(colour.height, top + BLOCK_PX)];
  let [pixels, red, blue, isExact] = [0, 0, 0, true];
  for (let y = top; y < bottom; y++) {
    for (let pixel = y * colour.width + left; pixel < y * colour.width + right; pixel++) {
      if (opacity !== null && opacity[pixel] === 0) continue;
      const green = samples[pixel * 3 + 1]!;
      const [ofRed, ofBlue] = [samples[pixel * 3]! - green, samples[pixel * 3 + 2]! - green];
      pixels++;
      if (ofRed === 0 && ofBlue === 0) continue;
      if (Math.max(0, ofRed, ofBlue) - Math.min(0, ofRed, ofBlue) > limit) return null;
      isExact = false;
      red += ofRed;
      blue += ofBlue;
    }
  }
  return { pixels, red, blue, isExact };
}

/**
 * Luma by Rec. 601, as the network's own gray form has it; of equal channels, exactly their value.
 * @param data holds it; it may be the colour's own, which is then lost
 */
export function lumaOf(colour: Raster, data = new Uint8Array(colour.data.length / 3)): Raster {
  const gray: Raster = { ...colour, channels: 1, data: data.subarray(0, colour.data.length / 3) };
  const [source, target] = [samplesOf(colour), samplesOf(gray)];
  for (let pixel = 0, from = 0; pixel < target.length; pixel++, from += 3) {
    // Typed arrays cut fractions off as they store.
    target[pixel] = (299 * source[from]! + 587 * source[from + 1]! + 114 * source[from + 2]! + 500) / 1000;
  }
  return gray;
}

/** Gray in three equal channels. @param into gets them; its size is that of `gray` */
export function spreadGray(gray: Raster, into: Raster = makeRaster(gray.width, gray.height, { ...gray, channels: 3 })) {
  const [source, target] = [samplesOf(gray), samplesOf(into)];
  for (let pixel = 0, to = 0; pixel < source.length; pixel++, to += 3) {
    const level = source[pixel]!;
    target[to] = level;
    target[to + 1] = level;
    target[to + 2] = level;
  }
  return into;
}

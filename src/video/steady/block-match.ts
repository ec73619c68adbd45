import type { Size } from '../../core/pixels/geometry.ts';

/** Noise of 16x16 pixels is nowhere more alike than by a seventh, noise in lumps by a third; a block that moved is. */
const BLOCK_PX = 16;
const CLEARLY_BETTER = 0.6;
/** How far it is looked for: what is quicker is blurred by its motion. */
const ACROSS_PX = 16;
const DOWN_PX = 8;

/**
 * Whether a block is found in the frame before at another place, and clearly better there than where it is now: fine
 * texture that moves quickly differs from frame to frame as noise does, but noise is found nowhere.
 * @param place its left upper corner, moved inside where it reaches beyond the frame
 */
export function isFoundElsewhere(
  now: Float32Array,
  before: Float32Array,
  { width, height }: Size,
  place: { readonly x: number; readonly y: number },
): boolean {
  if (width < BLOCK_PX || height < BLOCK_PX) return false;
  const x = Math.min(width - BLOCK_PX, Math.max(0, place.x));
  const y = Math.min(height - BLOCK_PX, Math.max(0, place.y));
  const at = y * width + x;
  const limit = CLEARLY_BETTER * differenceUpTo(now, at, before, at, width, Number.POSITIVE_INFINITY);
  const [left, right] = [Math.max(0, x - ACROSS_PX), Math.min(width - BLOCK_PX, x + ACROSS_PX)];
  const [top, bottom] = [Math.max(0, y - DOWN_PX), Math.min(height - BLOCK_PX, y + DOWN_PX)];
  for (let otherY = top; otherY <= bottom; otherY++) {
    for (let otherX = left; otherX <= right; otherX++) {
      if (differenceUpTo(now, at, before, otherY * width + otherX, width, limit) < limit) return true;
    }
  }
  return false;
}

/** Sum of absolute differences of two blocks, given up once it is beyond the limit. */
function differenceUpTo(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  stride: number,
  limit: number,
): number {
  let sum = 0;
  for (let row = 0; row < BLOCK_PX && sum < limit; row++) {
    const aRow = aStart + row * stride;
    const bRow = bStart + row * stride;
    for (let x = 0; x < BLOCK_PX; x++) sum += Math.abs(a[aRow + x]! - b[bRow + x]!);
  }
  return sum;
}

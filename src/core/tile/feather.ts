import type { Rect } from '../pixels/geometry.ts';
import { type Raster, samplesOf } from '../pixels/raster.ts';

/**
 * Fades one tile into the next across their overlap: the weight of the later one (to the right, or below) rises
 * linearly over the strip. Weights are whole numbers that sum to twice the strip's width, and the result is rounded
 * half up, so that equal samples stay equal and the order in which tiles arrive does not matter.
 */

/** What is being blended into `target`: the tile before the seam or the one after it. */
export type SeamSide = 'before' | 'after';

/** Blends a strip along a vertical seam: `strip.width` pixels across the seam, `strip.height` along it. */
export function blendAcross(
  target: Raster,
  strip: Rect,
  window: { readonly data: Uint8Array; readonly width: number },
  from: { readonly x: number; readonly y: number },
  side: SeamSide,
): void {
  const [old, fresh] = [samplesOf(target), samplesOf({ ...target, data: window.data })];
  const { channels } = target;
  const total = 2 * strip.width;
  for (let row = 0; row < strip.height; row++) {
    let at = ((strip.y + row) * target.width + strip.x) * channels;
    let incoming = ((from.y + row) * window.width + from.x) * channels;
    for (let column = 0; column < strip.width; column++) {
      const later = 2 * column + 1;
      const weight = side === 'after' ? later : total - later;
      for (let channel = 0; channel < channels; channel++, at++, incoming++) {
        old[at] = (fresh[incoming]! * weight + old[at]! * (total - weight) + strip.width) / total;
      }
    }
  }
}

/** Blends whole rows along a horizontal seam: the first rows of `after`, in place, with `before` (as many rows). */
export function blendDown(before: Raster, after: Raster): void {
  const [above, below] = [samplesOf(before), samplesOf(after)];
  const rowSamples = after.width * after.channels;
  const total = 2 * before.height;
  let at = 0;
  for (let row = 0; row < before.height; row++) {
    const weight = 2 * row + 1;
    for (const end = at + rowSamples; at < end; at++) {
      below[at] = (below[at]! * weight + above[at]! * (total - weight) + before.height) / total;
    }
  }
}

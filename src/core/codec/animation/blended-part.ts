import type { Rect } from '../../pixels/geometry.ts';
import type { CarrierSamples } from '../carrier.ts';
import type { PageBytes } from './changed-rect.ts';

/** Small enough to find what stands still, and large enough that its outline costs little. */
const BLOCK_PX = 8;

/**
 * A part of a page with alpha, to be laid over the page before: blocks that are equal there are transparent. null:
 * there are none, or what has changed is not opaque and would mix with what is under it.
 * @param keepsColours whether the colours stay under the transparency: lossy coders would take others over the edge
 */
export function blendedPart(
  before: PageBytes,
  after: PageBytes,
  rect: Rect,
  { samples: { bands, alpha }, keepsColours }: { readonly samples: CarrierSamples; readonly keepsColours: boolean },
): Uint8Array<ArrayBuffer> | null {
  const colours = bands - (alpha ? 1 : 0);
  const part = new Uint8Array(rect.width * rect.height * (colours + 1));
  let isWorthIt = false;
  for (let top = 0; top < rect.height; top += BLOCK_PX) {
    const height = Math.min(BLOCK_PX, rect.height - top);
    for (let left = 0; left < rect.width; left += BLOCK_PX) {
      const width = Math.min(BLOCK_PX, rect.width - left);
      const block = { x: rect.x + left, y: rect.y + top, width, height };
      const isSame = isEqualIn(before, after, block);
      isWorthIt ||= isSame;
      if (isSame && !keepsColours) continue;
      for (let row = 0; row < height; row++) {
        let from = ((block.y + row) * after.width + block.x) * bands;
        let to = ((top + row) * rect.width + left) * (colours + 1);
        for (let column = 0; column < width; column++, from += bands) {
          if (!isSame && alpha && after.data[from + colours] !== 255) return null;
          for (let band = 0; band < colours; band++) part[to++] = after.data[from + band]!;
          part[to++] = isSame ? 0 : 255;
        }
      }
    }
  }
  return isWorthIt ? part : null;
}

function isEqualIn(before: PageBytes, { data, width, pixelBytes }: PageBytes, rect: Rect): boolean {
  for (let row = rect.y; row < rect.y + rect.height; row++) {
    const start = (row * width + rect.x) * pixelBytes;
    for (let at = start; at < start + rect.width * pixelBytes; at++) if (before.data[at] !== data[at]) return false;
  }
  return true;
}

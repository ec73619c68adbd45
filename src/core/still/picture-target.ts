import { type Target, targetSize } from '../files/output-name.ts';
import { boxAround, type Fill, scaledInto } from '../pixels/fill.ts';
import type { Rect, Size } from '../pixels/geometry.ts';

export interface PictureTarget {
  /** Size that the network's picture is resampled to. */
  readonly scaled: Size;
  /** What of it the file shows, and what is around it; null: just that. */
  readonly canvas: Rect | null;
  /** Of the file. */
  readonly size: Size;
}

/** Size of a page's result, and what becomes of its edges. */
export function pictureTarget(
  page: Size,
  { target, fill }: { readonly target: Target; readonly fill: Fill },
  networkScale: number,
): PictureTarget {
  if (target.kind !== 'size' || fill === 'fit') {
    const size = targetSize(page, target, networkScale);
    return { scaled: size, canvas: null, size };
  }
  const scaled = scaledInto(target.size, page, fill, 1);
  const isWhole = scaled.width === target.size.width && scaled.height === target.size.height;
  return { scaled, canvas: isWhole ? null : boxAround(scaled, target.size), size: target.size };
}

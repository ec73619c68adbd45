import { type Rect, type Size, scaleSize } from './geometry.ts';

/** How a picture of another shape comes into a box; all but `fit` give the box's exact size. */
export const FILLS = ['fit', 'pad', 'crop', 'stretch'] as const;
export type Fill = (typeof FILLS)[number];

/**
 * The size that a picture is scaled to: inside the box, or over all of it, or the box's own.
 * @param multiple sides are rounded to multiples of this, but never beyond the box.
 */
export function scaledInto(box: Size, shape: Size, fill: Fill, multiple: number): Size {
  if (fill === 'stretch') return { width: box.width, height: box.height };
  const [wide, high] = [box.width / shape.width, box.height / shape.height];
  const factor = fill === 'crop' ? Math.max(wide, high) : Math.min(wide, high);
  const { width, height } = roundSize(scaleSize(shape, factor), multiple);
  const bound = fill === 'crop' ? Math.max : Math.min;
  return { width: bound(width, box.width), height: bound(height, box.height) };
}

export function roundSize({ width, height }: Size, multiple: number): Size {
  const round = (length: number) => Math.max(multiple, Math.round(length / multiple) * multiple);
  return { width: round(width), height: round(height) };
}

/** The box, in pixels of the scaled picture, which lies in its middle: it begins before it where it is larger. */
export function boxAround(scaled: Size, { width, height }: Size): Rect {
  const x = Math.trunc((scaled.width - width) / 2);
  return { x, y: Math.trunc((scaled.height - height) / 2), width, height };
}

import { UpreelError } from '../core/errors.ts';
import type { Size } from '../core/pixels/geometry.ts';

/**
 * The size at which pictures of one thing are compared: that of the largest. The others are enlarged to it.
 * @throws UpreelError `usage` where their shapes differ by more than rounding.
 */
export function commonSize(pictures: readonly (Size & { readonly name: string })[]): Size {
  const largest = pictures.reduce((so, one) => (one.width * one.height > so.width * so.height ? one : so));
  const { width, height } = largest;
  for (const one of pictures) {
    if (isOfShape(one, largest)) continue;
    throw new UpreelError(
      'usage',
      `Expected pictures of one shape, got ${one.width}x${one.height} (${one.name}) and ${width}x${height} (${largest.name}).`,
      { hint: 'Pictures of other sizes are enlarged, but not cut.' },
    );
  }
  return { width, height };
}

/** Whether two pictures can be compared. */
export function areOfOneShape(a: Size, b: Size): boolean {
  return a.width * a.height > b.width * b.height ? isOfShape(b, a) : isOfShape(a, b);
}

/** A side may be off by what rounding makes of it: up to one pixel of the smaller picture. */
function isOfShape(one: Size, { width, height }: Size): boolean {
  const scale = Math.max(width / one.width, height / one.height);
  return Math.abs(one.width * scale - width) <= scale && Math.abs(one.height * scale - height) <= scale;
}

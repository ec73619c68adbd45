import { greatestCommonDivisor } from '../../pixels/divisors.ts';

/** Length of one axis as a function of the picture's: numerator / denominator * length + offset. */
export interface Extent {
  readonly numerator: number;
  readonly denominator: number;
  readonly offset: number;
}

export const SOURCE_EXTENT: Extent = { numerator: 1, denominator: 1, offset: 0 };

/** One sample, whatever the picture's size. */
export const SINGLE_EXTENT: Extent = { numerator: 0, denominator: 1, offset: 1 };

export function isSingle({ numerator, offset }: Extent): boolean {
  return numerator === 0 && offset === 1;
}

export function sameExtent(a: Extent, b: Extent): boolean {
  return a.numerator * b.denominator === b.numerator * a.denominator && a.offset === b.offset;
}

/** Multiplies the length; a fractional offset is cut as every resizing layer does. */
export function scaleExtent(extent: Extent, numerator: number, denominator: number): Extent {
  const top = extent.numerator * numerator;
  const bottom = extent.denominator * denominator;
  const divisor = greatestCommonDivisor(top, bottom);
  return {
    numerator: top / divisor,
    denominator: bottom / divisor,
    offset: Math.floor((extent.offset * numerator) / denominator),
  };
}

export function shiftExtent(extent: Extent, by: number): Extent {
  return { ...extent, offset: extent.offset + by };
}

/** `value` as a fraction with a small denominator, or undefined. */
export function toFraction(value: number): { numerator: number; denominator: number } | undefined {
  for (let denominator = 1; denominator <= 16; denominator++) {
    const numerator = Math.round(value * denominator);
    if (numerator >= 1 && Math.abs(numerator / denominator - value) < 1e-5) return { numerator, denominator };
  }
  return undefined;
}

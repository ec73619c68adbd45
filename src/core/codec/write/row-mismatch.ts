import type { Size } from '../../pixels/geometry.ts';
import type { Raster } from '../../pixels/raster.ts';

/**
 * What is wrong with rows that a picture's writer got, or null.
 * @param page that they belong to, with `rowsLeft` to come.
 */
export function describeMismatch(
  plan: { readonly channels: 1 | 3; readonly alpha: boolean },
  page: Size | undefined,
  rowsLeft: number,
  colour: Raster,
  alpha: Raster | null,
): string | null {
  if (page === undefined) return 'Got rows after the last page.';
  if (colour.width !== page.width || colour.channels !== plan.channels) {
    return `Expected rows of ${page.width} pixels with ${plan.channels} channels, got ${colour.width} with ${colour.channels}.`;
  }
  if (colour.height > rowsLeft) return `Expected at most ${rowsLeft} rows, got ${colour.height}.`;
  if ((alpha !== null) !== plan.alpha) return `Expected rows ${plan.alpha ? 'with' : 'without'} alpha.`;
  const same =
    alpha === null || (alpha.width === colour.width && alpha.height === colour.height && alpha.channels === 1);
  return same && (alpha?.bytesPerSample ?? colour.bytesPerSample) === colour.bytesPerSample
    ? null
    : 'Expected alpha rows of the size and depth of the colour rows.';
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planTiles, type TileOptions } from '../../../src/core/tile/tiles.ts';

describe('planTiles', () => {
  test('leaves a picture that fits tile and halo in one piece', () => {
    const plan = planTiles(
      { width: 324, height: 100 },
      { tilePx: 256, haloPx: 34, featherPx: 0, alignPx: 1, fixedPx: null },
    );
    expect(plan.tiles).toEqual([
      { window: { x: 0, y: 0, width: 324, height: 100 }, core: { x: 0, y: 0, width: 324, height: 100 } },
    ]);
  });

  test('cuts one pixel more into two windows of one shape', () => {
    const plan = planTiles(
      { width: 325, height: 100 },
      { tilePx: 256, haloPx: 34, featherPx: 0, alignPx: 1, fixedPx: null },
    );
    expect(plan.columns).toBe(2);
    expect(plan.window).toEqual({ width: 197, height: 100 });
    expect(plan.tiles.map((tile) => [tile.window.x, tile.core.x, tile.core.width])).toEqual([
      [0, 0, 162],
      [128, 162, 163],
    ]);
  });

  const cases = fc.record({
    width: fc.integer({ min: 1, max: 400 }),
    height: fc.integer({ min: 1, max: 400 }),
    tilePx: fc.integer({ min: 12, max: 300 }),
    haloPx: fc.integer({ min: 0, max: 60 }),
    featherPx: fc.integer({ min: 0, max: 60 }),
    alignPx: fc.constantFrom(1, 2, 4, 7),
    fixedPx: fc.constant(null),
    /** What the picture has beyond a multiple. */
    rest: fc.integer({ min: 0, max: 6 }),
  });

  test('blends no farther than the halo reaches, and no pixel across two seams (any sizes)', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const size = { width: drawn.width * drawn.alignPx, height: drawn.height * drawn.alignPx };
        const plan = planTiles(size, drawn);
        expect(plan.featherPx).toBeLessThanOrEqual(Math.min(drawn.featherPx, drawn.haloPx));
        const sides = plan.tiles.flatMap(({ core }) => [
          ...(plan.columns > 1 ? [core.width] : []),
          ...(plan.rows > 1 ? [core.height] : []),
        ]);
        expect(Math.min(...sides)).toBeGreaterThanOrEqual(2 * plan.featherPx);
      }),
      { numRuns: 300, seed: 20260103 },
    );
  });

  test('covers every pixel exactly once, with halo, alignment and one window size (any sizes)', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const rest = drawn.rest % drawn.alignPx;
        const size = { width: drawn.width * drawn.alignPx + rest, height: drawn.height * drawn.alignPx };
        expectExactCover(size, drawn);
      }),
      { numRuns: 500, seed: 20260101 },
    );
  });

  test('cuts windows of exactly a fixed size, with halo, as few as cover the picture (any sizes)', () => {
    const fixed = fc.record({ width: fc.integer({ min: 16, max: 90 }), height: fc.integer({ min: 16, max: 90 }) });
    fc.assert(
      fc.property(cases, fixed, fc.constantFrom('both', 'width', 'height'), (drawn, window, axes) => {
        const fixedPx = {
          width: axes === 'height' ? null : window.width,
          height: axes === 'width' ? null : window.height,
        };
        const size = {
          width: Math.max(drawn.width, fixedPx.width ?? 1),
          height: Math.max(drawn.height, fixedPx.height ?? 1),
        };
        const haloPx = Math.min(drawn.haloPx, 7);
        const options = { ...drawn, alignPx: 1, haloPx, fixedPx };
        expectExactCover(size, options);
        const plan = planTiles(size, options);
        if (fixedPx.width !== null) expectFewest(size.width, plan.window.width, plan.columns, fixedPx.width, haloPx);
        if (fixedPx.height !== null) expectFewest(size.height, plan.window.height, plan.rows, fixedPx.height, haloPx);
      }),
      { numRuns: 500, seed: 20260104 },
    );
  });
});

function expectFewest(length: number, window: number, count: number, fixed: number, haloPx: number): void {
  expect(window).toBe(fixed);
  const coveredByOneLess = (count - 1) * (fixed - 2 * haloPx) + 2 * haloPx;
  if (count > 1) expect(coveredByOneLess).toBeLessThan(length);
}

function expectExactCover(size: { width: number; height: number }, options: TileOptions): void {
  const plan = planTiles(size, options);
  expect(plan.tiles.length).toBe(plan.columns * plan.rows);
  const faults = plan.tiles.flatMap(({ window, core }, index) => {
    const column = index % plan.columns;
    const row = Math.floor(index / plan.columns);
    // Neighbours meet: together with the outer borders this is an exact cover.
    const meets =
      core.x === (column === 0 ? 0 : endX(plan.tiles[index - 1]!.core)) &&
      core.y === (row === 0 ? 0 : endY(plan.tiles[index - plan.columns]!.core)) &&
      (column < plan.columns - 1 || endX(core) === size.width) &&
      (row < plan.rows - 1 || endY(core) === size.height);
    const sized = window.width === plan.window.width && window.height === plan.window.height;
    const framed =
      hasHalo(window.x, endX(window), core.x, endX(core), size.width, options) &&
      hasHalo(window.y, endY(window), core.y, endY(core), size.height, options);
    return meets && sized && framed ? [] : [{ index, window, core }];
  });
  expect(faults).toEqual([]);
}

function hasHalo(
  windowStart: number,
  windowEnd: number,
  coreStart: number,
  coreEnd: number,
  length: number,
  { haloPx, alignPx }: TileOptions,
): boolean {
  return (
    windowStart >= 0 &&
    windowEnd <= length &&
    coreEnd > coreStart &&
    (windowStart === 0 || coreStart - windowStart >= haloPx) &&
    (windowEnd === length || windowEnd - coreEnd >= haloPx) &&
    windowStart % alignPx === 0 &&
    (length - (windowEnd - windowStart)) % alignPx === 0
  );
}

function endX(rect: { x: number; width: number }): number {
  return rect.x + rect.width;
}

function endY(rect: { y: number; height: number }): number {
  return rect.y + rect.height;
}

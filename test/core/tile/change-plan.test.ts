import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rect, Size } from '../../../src/core/pixels/geometry.ts';
import { planChange } from '../../../src/core/tile/change-plan.ts';
import { planTiles } from '../../../src/core/tile/tiles.ts';
import { uncovered } from '../../../src/core/tile/uncovered.ts';

const SCREEN = { width: 1280, height: 720 };
const TILES = { tilePx: 192, haloPx: 18, featherPx: 0, alignPx: 1, fixedPx: null };

describe('planChange', () => {
  test('runs a small window for a cursor, where windows may lie anywhere', () => {
    const cursor = { x: 600, y: 300, width: 16, height: 16 };
    const plan = planOf(SCREEN, [cursor], { ...TILES, freeHaloPx: 18 });
    expect(plan.parts).toEqual([
      {
        core: { x: 582, y: 282, width: 52, height: 52 },
        window: { x: 564, y: 264, width: 88, height: 88 },
      },
    ]);
    expect(plan.workShare).toBeLessThan(0.01);
  });

  test('runs the tiles that see the cursor, where they may not', () => {
    const cursor = { x: 600, y: 300, width: 16, height: 16 };
    const { tiles } = planTiles(SCREEN, TILES);
    const { parts } = planOf(SCREEN, [cursor], { ...TILES, freeHaloPx: null });
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.length).toBeLessThanOrEqual(4);
    for (const part of parts) expect(tiles).toContainEqual(part);
  });

  test('keeps distant changes apart and joins near ones', () => {
    const at = (x: number): Rect => ({ x, y: 100, width: 16, height: 16 });
    const options = { ...TILES, freeHaloPx: 18 };
    expect(planOf(SCREEN, [at(100), at(1000)], options).parts).toHaveLength(2);
    expect(planOf(SCREEN, [at(100), at(132)], options).parts).toHaveLength(1);
  });

  test('never plans more work than the whole picture', () => {
    const everywhere = Array.from({ length: 64 }, (_, i) => ({
      x: (i % 8) * 160,
      y: Math.floor(i / 8) * 90,
      width: 16,
      height: 16,
    }));
    const all = [{ x: 0, y: 0, ...SCREEN }];
    for (const changed of [everywhere, all]) {
      for (const freeHaloPx of [18, null]) {
        expect(planOf(SCREEN, changed, { ...TILES, freeHaloPx }).workShare).toBeLessThanOrEqual(1);
      }
    }
  });

  test('redoes all that a change reaches, and each part sees all that it needs (any sizes and changes)', () => {
    const rect = fc.record({
      x: fc.nat(199),
      y: fc.nat(199),
      width: fc.integer({ min: 1, max: 60 }),
      height: fc.nat(59),
    });
    const cases = fc.record({
      width: fc.integer({ min: 1, max: 200 }),
      height: fc.integer({ min: 1, max: 200 }),
      changed: fc.array(rect, { minLength: 1, maxLength: 6 }),
      tilePx: fc.integer({ min: 8, max: 80 }),
      haloPx: fc.integer({ min: 1, max: 9 }),
      alignPx: fc.constantFrom(1, 2, 4),
      isFree: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ width, height, changed, tilePx, haloPx, alignPx, isFree }) => {
        const picture = { width, height };
        const rects = changed.map((r) => inside(r, picture));
        const options = { tilePx, haloPx, featherPx: 0, alignPx, fixedPx: null, freeHaloPx: isFree ? haloPx : null };
        const { parts, kept } = planOf(picture, rects, options);
        const padded = filledUp(picture, alignPx);
        // A map of the picture: what is kept, what runs.
        const runs = paint(
          picture,
          parts.map(({ core }) => core),
        );
        const keeps = paint(picture, kept);
        expect(isComplement(keeps, runs)).toBe(true);
        for (const r of rects) {
          for (let y = Math.max(0, r.y - haloPx); y < Math.min(height, r.y + r.height + haloPx); y++) {
            for (let x = Math.max(0, r.x - haloPx); x < Math.min(width, r.x + r.width + haloPx); x++) {
              if (runs[y * width + x] === 0) expect.fail(`${x},${y} sees ${JSON.stringify(r)} and is kept`);
            }
          }
        }
        for (const { core, window } of parts) {
          for (const value of [window.x, window.y, window.width, window.height]) expect(value % alignPx).toBe(0);
          expect(window.x === 0 || core.x - window.x >= haloPx).toBe(true);
          expect(window.y === 0 || core.y - window.y >= haloPx).toBe(true);
          const [right, lower] = [window.x + window.width, window.y + window.height];
          expect(right === padded.width || right - core.x - core.width >= haloPx).toBe(true);
          expect(lower === padded.height || lower - core.y - core.height >= haloPx).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('uncovered', () => {
  test('is everything beside nothing, and nothing beside everything', () => {
    expect(uncovered({ width: 5, height: 4 }, [])).toEqual([{ x: 0, y: 0, width: 5, height: 4 }]);
    expect(uncovered({ width: 5, height: 4 }, [{ x: 0, y: 0, width: 5, height: 4 }])).toEqual([]);
  });

  test('covers the rest exactly once, also around rectangles that overlap', () => {
    const rect = fc.record({ x: fc.nat(29), y: fc.nat(29), width: fc.nat(15), height: fc.nat(15) });
    fc.assert(
      fc.property(fc.array(rect, { maxLength: 8 }), (rects) => {
        const picture = { width: 30, height: 30 };
        const covered = rects.map((r) => inside({ ...r, width: r.width + 1 }, picture));
        const [held, rest] = [paint(picture, covered), paint(picture, uncovered(picture, covered))];
        expect(isComplement(rest, held)).toBe(true);
      }),
    );
  });
});

function planOf(
  picture: Size,
  changed: readonly Rect[],
  options: Parameters<typeof planTiles>[1] & { readonly freeHaloPx: number | null },
) {
  return planChange(picture, planTiles(filledUp(picture, options.alignPx), options), changed, options);
}

function filledUp({ width, height }: Size, alignPx: number): Size {
  return { width: Math.ceil(width / alignPx) * alignPx, height: Math.ceil(height / alignPx) * alignPx };
}

/** A rectangle of at least one pixel that lies in the picture. */
function inside(rect: Rect, picture: Size): Rect {
  const [x, y] = [rect.x % picture.width, rect.y % picture.height];
  return {
    x,
    y,
    width: Math.max(1, Math.min(rect.width, picture.width - x)),
    height: Math.max(1, Math.min(rect.height, picture.height - y)),
  };
}

/** Whether `rest` holds once what `held` does not hold. */
function isComplement(rest: Uint8Array, held: Uint8Array): boolean {
  return rest.every((count, i) => count === (held[i] === 0 ? 1 : 0));
}

/** How often each pixel is in a rectangle. */
function paint({ width, height }: Size, rects: readonly Rect[]): Uint8Array {
  const counts = new Uint8Array(width * height);
  for (const r of rects) {
    for (let y = r.y; y < r.y + r.height; y++) for (let x = r.x; x < r.x + r.width; x++) counts[y * width + x]!++;
  }
  return counts;
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rect } from '../../../src/core/pixels/geometry.ts';
import { makeRaster, type Raster } from '../../../src/core/pixels/raster.ts';
import { pasteInto } from '../../../src/core/pixels/rows.ts';
import { changedRects } from '../../../src/core/tile/changed-rects.ts';
import { RGB8, samplesOf, testPicture } from '../../support/rasters.ts';

const RGB16 = { channels: 3, bytesPerSample: 2 } as const;
const GRAY8 = { channels: 1, bytesPerSample: 1 } as const;

describe('changedRects', () => {
  test('finds nothing between equal pictures', () => {
    expect(changedRects(testPicture(90, 70), testPicture(90, 70))).toEqual([]);
  });

  test('gives one rectangle for a picture that is new everywhere', () => {
    const rects = changedRects(testPicture(300, 200, RGB8, 1), testPicture(300, 200, RGB8, 2));
    expect(rects).toEqual([{ x: 0, y: 0, width: 300, height: 200 }]);
  });

  test('leaves the black bars of a film alone', () => {
    const [before, after] = [makeRaster(320, 240, RGB8), makeRaster(320, 240, RGB8)];
    before.data.set(testPicture(320, 180, RGB8, 1).data, 30 * 320 * 3);
    after.data.set(testPicture(320, 180, RGB8, 2).data, 30 * 320 * 3);
    expect(changedRects(before, after)).toEqual([{ x: 0, y: 30, width: 320, height: 180 }]);
  });

  test('leaves the black pillars of an old film alone', () => {
    const [before, after] = [makeRaster(768, 240, RGB8), makeRaster(768, 240, RGB8)];
    for (const [picture, seed] of [
      [before, 1],
      [after, 2],
    ] as const) {
      const inner = testPicture(640, 240, RGB8, seed);
      pasteInto(picture, { x: 64, y: 0 }, inner, { x: 0, y: 0, width: 640, height: 240 });
    }
    expect(changedRects(before, after)).toEqual([{ x: 64, y: 0, width: 640, height: 240 }]);
  });

  test('keeps a cursor and a clock apart, each in a small rectangle', () => {
    const before = testPicture(640, 480);
    const after = copyOf(before);
    paint(after, { x: 40, y: 50, width: 8, height: 14 });
    paint(after, { x: 600, y: 460, width: 30, height: 10 });
    const rects = changedRects(before, after);
    expect(rects).toHaveLength(2);
    for (const rect of rects) expect(rect.width * rect.height).toBeLessThanOrEqual(48 * 32);
    expectCovered(before, after, rects);
  });

  test('holds every pixel that differs (any sizes, formats and changes)', () => {
    const cases = fc.record({
      width: fc.integer({ min: 1, max: 150 }),
      height: fc.integer({ min: 1, max: 150 }),
      format: fc.constantFrom(RGB8, GRAY8, RGB16),
      pixels: fc.array(fc.record({ x: fc.nat(149), y: fc.nat(149), byte: fc.nat(5) }), { maxLength: 40 }),
      threshold: fc.constantFrom(0, 0, 3),
      change: fc.constantFrom(1, 3, 4, 200),
    });
    fc.assert(
      fc.property(cases, ({ width, height, format, pixels, threshold, change }) => {
        const before = testPicture(width, height, format);
        const after = copyOf(before);
        const samples = samplesOf(after);
        const unit = format.bytesPerSample === 1 ? 1 : 257;
        for (const { x, y, byte } of pixels) {
          const sample = ((y % height) * width + (x % width)) * format.channels + (byte % format.channels);
          samples[sample] = (samples[sample]! + change * unit) % (256 * unit);
        }
        const rects = changedRects(before, after, threshold);
        expectCovered(before, after, rects, threshold * unit);
        expectInside(rects, after);
      }),
      { numRuns: 300 },
    );
  });

  test('joins changes all over the picture to a bounded number of rectangles', () => {
    const before = testPicture(1200, 900);
    const after = copyOf(before);
    for (let y = 0; y < 900; y += 50) for (let x = 0; x < 1200; x += 50) paint(after, { x, y, width: 1, height: 1 });
    const rects = changedRects(before, after);
    expect(rects.length).toBeLessThanOrEqual(64);
    expectCovered(before, after, rects);
    expectInside(rects, after);
  });

  test('takes changes up to the threshold for none, in 8 and in 16 bits', () => {
    for (const [format, unit] of [
      [RGB8, 1],
      [RGB16, 257],
    ] as const) {
      const before = makeRaster(50, 40, format);
      const after = makeRaster(50, 40, format);
      samplesOf(after).fill(2 * unit);
      expect(changedRects(before, after, 2)).toEqual([]);
      samplesOf(after)[(7 * 50 + 9) * 3] = 3 * unit;
      const rects = changedRects(before, after, 2);
      expectCovered(before, after, rects, 2 * unit);
      expect(rects).toHaveLength(1);
      expect(rects[0]).toMatchObject({ y: 7, height: 1 });
    }
  });
});

function expectCovered(before: Raster, after: Raster, rects: readonly Rect[], limit = 0): void {
  const [a, b] = [samplesOf(before), samplesOf(after)];
  for (let i = 0; i < a.length; i++) {
    if (Math.abs(a[i]! - b[i]!) <= limit) continue;
    const pixel = Math.floor(i / after.channels);
    const [x, y] = [pixel % after.width, Math.floor(pixel / after.width)];
    const isHeld = rects.some((r) => x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height);
    if (!isHeld) expect.fail(`pixel ${x},${y} differs outside of ${JSON.stringify(rects)}`);
  }
}

function expectInside(rects: readonly Rect[], { width, height }: Raster): void {
  for (const rect of rects) {
    expect(Math.min(rect.x, rect.y)).toBeGreaterThanOrEqual(0);
    expect(Math.min(rect.width, rect.height)).toBeGreaterThan(0);
    expect(rect.x + rect.width).toBeLessThanOrEqual(width);
    expect(rect.y + rect.height).toBeLessThanOrEqual(height);
  }
}

function copyOf(raster: Raster): Raster {
  return { ...raster, data: raster.data.slice() };
}

function paint(raster: Raster, { x, y, width, height }: Rect): void {
  for (let row = y; row < y + height; row++) {
    const start = (row * raster.width + x) * 3;
    for (let i = start; i < start + width * 3; i++) raster.data[i]! ^= 255;
  }
}

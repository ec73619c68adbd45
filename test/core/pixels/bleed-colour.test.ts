import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bleedColour } from '../../../src/core/pixels/bleed-colour.ts';
import type { Rect } from '../../../src/core/pixels/geometry.ts';
import { makeRaster, type Raster, type RasterFormat } from '../../../src/core/pixels/raster.ts';
import { cropInto } from '../../../src/core/pixels/rows.ts';
import { samplesOf, testPicture } from '../../support/rasters.ts';

const FORMATS = ([1, 3] as const).flatMap((channels) =>
  ([1, 2] as const).map((bytesPerSample): RasterFormat => ({ channels, bytesPerSample })),
);

describe('colours under transparent pixels', () => {
  test.each(FORMATS)('are those of the outline as far as they bleed: %o', async (format) => {
    const colour = makeRaster(30, 20, format);
    const alpha = makeRaster(30, 20, { ...format, channels: 1 });
    const right = [200, 90, 31]
      .slice(0, format.channels)
      .map((level) => level * (format.bytesPerSample === 1 ? 1 : 201));
    const set = (x: number, y: number) => samplesOf(colour).set(right, (y * 30 + x) * format.channels);
    // Faint and full ones alike.
    for (const [x, y, opacity] of [
      [12, 9, 255],
      [13, 9, 1],
      [13, 10, 90],
    ] as const) {
      set(x, y);
      samplesOf(alpha)[y * 30 + x] = opacity;
    }
    await bleedColour(colour, alpha, 5);
    const expected = makeRaster(30, 20, format);
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 30; x++) {
        // What is nearest to the middle one reaches everywhere, but for its corners.
        const isNear = [
          [12, 9],
          [13, 9],
          [13, 10],
        ].some(([px, py]) => Math.max(Math.abs(x - px!), Math.abs(y - py!)) <= 5);
        if (isNear) samplesOf(expected).set(right, (y * 30 + x) * format.channels);
      }
    }
    expect([...samplesOf(colour)]).toEqual([...samplesOf(expected)]);
  });

  test('weigh what they come from by its alpha', async () => {
    const colour = makeRaster(3, 1, { channels: 1, bytesPerSample: 1 });
    const alpha = makeRaster(3, 1, { channels: 1, bytesPerSample: 1 });
    colour.data.set([200, 0, 100]);
    alpha.data.set([150, 0, 50]);
    await bleedColour(colour, alpha);
    expect([...colour.data]).toEqual([200, 175, 100]);
  });

  test.each([0, 128, 255])('and all others stay where alpha is %i everywhere or nowhere 0', async (opacity) => {
    const colour = testPicture(40, 30);
    const alpha = makeRaster(40, 30, { channels: 1, bytesPerSample: 1 });
    alpha.data.fill(opacity);
    const before = colour.data.slice();
    await bleedColour(colour, alpha);
    expect(Buffer.compare(colour.data, before)).toBe(0);
  });

  test('depend on nothing farther away than they bleed, and nothing that shows changes (any pictures)', async () => {
    const any = fc.record({
      format: fc.constantFrom(...FORMATS),
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
      reachPx: fc.integer({ min: 1, max: 6 }),
      share: fc.integer({ min: 0, max: 100 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
      at: fc.tuple(fc.nat(39), fc.nat(39)),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ format, width, height, reachPx, share, seed, at }) => {
        const { colour, alpha } = sprinkled(width, height, format, share, seed);
        const bled = { ...colour, data: colour.data.slice() };
        await bleedColour(bled, alpha, reachPx);
        const [x, y] = [at[0] % width, at[1] % height];
        const [left, top] = [Math.max(0, x - reachPx), Math.max(0, y - reachPx)];
        const window = {
          ...{ x: left, y: top },
          ...{ width: Math.min(width, x + reachPx + 1) - left, height: Math.min(height, y + reachPx + 1) - top },
        };
        const part = cut(colour, window);
        await bleedColour(part, cut(alpha, window), reachPx);
        expect(pixelOf(part, x - left, y - top)).toEqual(pixelOf(bled, x, y));
        if (samplesOf(alpha)[y * width + x] !== 0) expect(pixelOf(bled, x, y)).toEqual(pixelOf(colour, x, y));
      }),
    );
  });

  test.each(FORMATS)('are the same however many blocks the work takes: %o', async (format) => {
    const [width, height, reachPx] = [1050, 530, 5];
    const { colour, alpha } = sprinkled(width, height, format, 1, 7);
    const bled = { ...colour, data: colour.data.slice() };
    await bleedColour(bled, alpha, reachPx);
    // Across the seams of blocks, and small enough to be one.
    for (const [x, y] of [
      [400, 400],
      [900, 380],
      [0, 200],
    ] as const) {
      const window = { x, y, width: 150, height: 130 };
      const part = cut(colour, window);
      await bleedColour(part, cut(alpha, window), reachPx);
      const inner = { x: reachPx, y: reachPx, width: 150 - 2 * reachPx, height: 130 - 2 * reachPx };
      const expected = cut(bled, { ...inner, x: x + reachPx, y: y + reachPx });
      expect(Buffer.compare(cut(part, inner).data, expected.data)).toBe(0);
    }
  });
});

/** @param share of pixels that are not transparent, in percent */
function sprinkled(width: number, height: number, format: RasterFormat, share: number, seed: number) {
  const colour = testPicture(width, height, format, seed);
  const alpha = makeRaster(width, height, { ...format, channels: 1 });
  const levels = samplesOf(alpha);
  let state = seed;
  for (let pixel = 0; pixel < levels.length; pixel++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if ((state >>> 8) % 100 < share)
      levels[pixel] = 1 + ((state >>> 16) % 255) * (format.bytesPerSample === 1 ? 1 : 257);
  }
  return { colour, alpha };
}

function cut(source: Raster, rect: Rect): Raster {
  const part = makeRaster(rect.width, rect.height, source);
  cropInto(part.data, source, rect);
  return part;
}

function pixelOf(raster: Raster, x: number, y: number): number[] {
  const from = (y * raster.width + x) * raster.channels;
  return [...samplesOf(raster).subarray(from, from + raster.channels)];
}

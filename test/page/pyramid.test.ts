import fc from 'fast-check';
import { expect, test } from 'vitest';
import { halved } from '../../src/page/halve.ts';
import { levelsOf, TILE_PX, tileRect } from '../../src/page/pyramid.ts';
import { testPicture } from '../support/rasters.ts';

const side = fc.integer({ min: 1, max: 5000 });

test('tiles cover each level once, and the last level is one tile', () => {
  fc.assert(
    fc.property(side, side, (width, height) => {
      const levels = levelsOf({ width, height });
      for (const level of levels) {
        const rects = Array.from({ length: level.rows * level.columns }, (_, at) =>
          tileRect(level, at % level.columns, Math.floor(at / level.columns)),
        );
        expect(rects.every((rect) => Math.min(rect.width, rect.height) > 0 && rect.width <= TILE_PX)).toBe(true);
        expect(rects.reduce((sum, rect) => sum + rect.width * rect.height, 0)).toBe(level.width * level.height);
      }
      expect(levels[0]).toMatchObject({ width, height });
      expect(levels.at(-1)).toMatchObject({ columns: 1, rows: 1 });
      expect(levels.slice(0, -1).every(({ columns, rows }) => columns > 1 || rows > 1)).toBe(true);
    }),
    { seed: 3, numRuns: 100 },
  );
});

test.each([1, 2, 3, 8, 9])('half of %i pixels has the size of the next level; the mean of four', (width) => {
  const picture = testPicture(width, 7, { channels: 3, bytesPerSample: 1 }, 5);
  const { colour } = halved(picture, null);
  expect([colour.width, colour.height]).toEqual([Math.ceil(width / 2), 4]);
  const at = (x: number, y: number): number => picture.data[(Math.min(y, 6) * width + Math.min(x, width - 1)) * 3]!;
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < colour.width; x++) {
      const four = [at(2 * x, 2 * y), at(2 * x + 1, 2 * y), at(2 * x, 2 * y + 1), at(2 * x + 1, 2 * y + 1)];
      expect(colour.data[(y * colour.width + x) * 3]).toBe(Math.round(four.reduce((sum, one) => sum + one, 0) / 4));
    }
  }
});

test('what cannot be seen gives no colour to what is left', () => {
  const raster = (...data: number[]) =>
    ({ width: 2, height: 1, channels: 1, bytesPerSample: 1, data: Uint8Array.from(data) }) as const;
  const { colour, alpha } = halved(raster(200, 10), raster(255, 0));
  expect([...colour.data, ...alpha!.data]).toEqual([200, 128]);
});

import { expect, test } from 'vitest';
import { makeRaster, samplesOf } from '../../../src/core/pixels/raster.ts';
import { LeaningResult } from '../../../src/video/steady/lean.ts';
import { testPicture } from '../../support/rasters.ts';

const [COLUMNS, ROWS, SCALE] = [5, 3, 2];
// Neither side is a whole number of cells.
const [WIDTH, HEIGHT] = [38, 22];

const all = (weight: number) => new Uint8Array(COLUMNS * ROWS).fill(weight);

test.each([1, 2] as const)(
  'weight 0 is the result itself, null the one before: %d bytes a sample',
  (bytesPerSample) => {
    const format = { channels: 3, bytesPerSample } as const;
    const leaning = new LeaningResult(COLUMNS, ROWS, SCALE);
    const into = makeRaster(WIDTH, HEIGHT, format);
    const [first, second, third] = [1, 2, 3].map((seed) => testPicture(WIDTH, HEIGHT, format, seed));
    for (const picture of [first!, second!]) {
      leaning.next(picture, all(0), into);
      expect(into.data).toEqual(picture.data);
    }
    leaning.next(third!, null, into);
    expect(into.data).toEqual(second!.data);
  },
);

test.each([1, 2] as const)(
  'the mean goes on without what rounding would leave: %d bytes a sample',
  (bytesPerSample) => {
    const format = { channels: 3, bytesPerSample } as const;
    const leaning = new LeaningResult(COLUMNS, ROWS, SCALE);
    const into = makeRaster(WIDTH, HEIGHT, format);
    const unit = bytesPerSample === 1 ? 1 : 257;
    const flat = (level: number) => {
      const picture = makeRaster(WIDTH, HEIGHT, format);
      samplesOf(picture).fill(level * unit);
      return picture;
    };
    leaning.next(flat(100), all(0), into);
    // Each step is less than a level.
    for (let frame = 0; frame < 60; frame++) leaning.next(flat(103), all(224), into);
    const finest = bytesPerSample === 1 ? 0 : 4;
    for (const sample of samplesOf(into)) expect(Math.abs(sample - 103 * unit)).toBeLessThanOrEqual(finest);
    leaning.next(flat(103 - 64), all(128), into);
    for (const sample of samplesOf(into)) expect(Math.abs(sample - 71 * unit)).toBeLessThanOrEqual(1);
  },
);

test('over a cell of weight 0 among others of weight 0 nothing is blended, and weights change evenly between', () => {
  const leaning = new LeaningResult(COLUMNS, ROWS, SCALE);
  const into = makeRaster(WIDTH, HEIGHT, { channels: 3, bytesPerSample: 1 });
  const [dark, bright] = [makeRaster(WIDTH, HEIGHT, into), makeRaster(WIDTH, HEIGHT, into)];
  bright.data.fill(200);
  const weights = all(0).map((_, cell) => (cell % COLUMNS >= 3 ? 128 : 0));
  leaning.next(dark, all(0), into);
  leaning.next(bright, weights, into);
  const row = Array.from({ length: WIDTH }, (_, x) => into.data[3 * (10 * WIDTH + x)]!);
  // Cells of 8 pixels: the middle of the third is at 20, that of the fourth at 28.
  expect(row.slice(0, 20)).toEqual(Array(20).fill(200));
  expect(row.slice(28)).toEqual(Array(10).fill(100));
  for (let x = 20; x < 28; x++) expect(row[x]!).toBeLessThan(row[x - 1]! + 1);
  expect(Math.max(...row.slice(1).map((value, x) => row[x]! - value))).toBeLessThan(20);
});

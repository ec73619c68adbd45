import { describe, expect, test } from 'vitest';
import { makeRaster, type Raster, samplesOf } from '../../../src/core/pixels/raster.ts';
import { AT_REST, type FramePosition } from '../../../src/video/steady/frame-position.ts';
import { LeaningResult } from '../../../src/video/steady/lean.ts';
import { testPicture } from '../../support/rasters.ts';

const [COLUMNS, ROWS, SCALE] = [5, 3, 2];
// Neither side is a whole number of cells.
const [WIDTH, HEIGHT] = [38, 22];

const all = (weight: number) => ({ weights: new Uint8Array(COLUMNS * ROWS).fill(weight), position: AT_REST });

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
  const weights = all(0).weights.map((_, cell) => (cell % COLUMNS >= 3 ? 128 : 0));
  leaning.next(dark, all(0), into);
  leaning.next(bright, { weights, position: AT_REST }, into);
  const row = Array.from({ length: WIDTH }, (_, x) => into.data[3 * (10 * WIDTH + x)]!);
  // Cells of 8 pixels: the middle of the third is at 20, that of the fourth at 28.
  expect(row.slice(0, 20)).toEqual(Array(20).fill(200));
  expect(row.slice(28)).toEqual(Array(10).fill(100));
  for (let x = 20; x < 28; x++) expect(row[x]!).toBeLessThan(row[x - 1]! + 1);
  expect(Math.max(...row.slice(1).map((value, x) => row[x]! - value))).toBeLessThan(20);
});

describe('what is remembered lies elsewhere', () => {
  const format = { channels: 3, bytesPerSample: 1 } as const;
  const position = (change: Partial<FramePosition>) => ({ ...all(128), position: { ...AT_REST, ...change } });
  const at = ({ data }: Raster, x: number, y: number) => data[3 * (y * WIDTH + x)]!;

  test.each([
    [1.5, -1],
    [-2, 0.5],
    [0, 3],
  ])('by %d and %d source pixels: the result leans on that place, and where there is none it is itself', (x, y) => {
    const leaning = new LeaningResult(COLUMNS, ROWS, SCALE);
    const into = makeRaster(WIDTH, HEIGHT, format);
    const [first, second] = [testPicture(WIDTH, HEIGHT, format, 1), testPicture(WIDTH, HEIGHT, format, 2)];
    leaning.next(first, all(0), into);
    leaning.next(second, position({ x, y }), into);
    for (let row = 0; row < HEIGHT; row++) {
      for (let column = 0; column < WIDTH; column++) {
        const [left, top] = [column - SCALE * x, row - SCALE * y];
        const isShown = left >= 0 && top >= 0 && left < WIDTH && top < HEIGHT;
        const own = at(second, column, row);
        const expected = isShown ? (own + at(first, left, top)) / 2 : own;
        expect(Math.abs(at(into, column, row) - expected)).toBeLessThanOrEqual(0.51);
      }
    }
    // Repeated: as it was shown.
    const again = makeRaster(WIDTH, HEIGHT, format);
    leaning.next(second, null, again);
    expect(again.data).toEqual(into.data);
  });

  test('a camera that pans takes it along by whole cells, a change of light by gain and offset', () => {
    const leaning = new LeaningResult(COLUMNS, ROWS, SCALE);
    const into = makeRaster(WIDTH, HEIGHT, format);
    const first = testPicture(WIDTH, HEIGHT, format, 1);
    const dark = makeRaster(WIDTH, HEIGHT, format);
    leaning.next(first, all(0), into);
    leaning.next(dark, position({ moved: { right: 1, down: -1 }, gain: 0.5, offset: 10 }), into);
    const cell = 4 * SCALE;
    for (let row = 0; row < HEIGHT - cell; row++) {
      for (let column = cell; column < WIDTH; column++) {
        const expected = (0.5 * at(first, column - cell, row + cell) + 10) / 2;
        expect(Math.abs(at(into, column, row) - expected)).toBeLessThanOrEqual(0.6);
      }
    }
  });

  test.each([1, 2] as const)('what is white stays white, and black black: %d bytes a sample', (bytesPerSample) => {
    const leaning = new LeaningResult(COLUMNS, ROWS, SCALE);
    const into = makeRaster(WIDTH, HEIGHT, { channels: 3, bytesPerSample });
    const picture = makeRaster(WIDTH, HEIGHT, into);
    const samples = samplesOf(picture);
    const white = bytesPerSample === 1 ? 255 : 65535;
    samples.fill(white, 0, samples.length / 2);
    leaning.next(picture, all(0), into);
    const steps: [number, number][] = [
      [1.02, 0],
      [1, 2],
      [0.98, -1],
      [1.05, 3],
    ];
    for (const [gain, offset] of steps) {
      for (const lean of [position({ gain, offset }), null]) {
        leaning.next(picture, lean, into);
        const shown = samplesOf(into);
        for (const sample of shown.subarray(0, shown.length / 2)) expect(sample).toBeGreaterThan(0.9 * white);
        for (const sample of shown.subarray(shown.length / 2)) expect(sample).toBeLessThan(0.1 * white);
      }
    }
  });
});

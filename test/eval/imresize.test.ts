import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRaster, type Raster, type RasterFormat } from '../../src/core/pixels/raster.ts';
import { enlarge, shrink } from '../../src/eval/imresize.ts';
import { PLAIN_KERNELS, plainImresize } from '../support/plain-imresize.ts';
import { samplesOf, testPicture } from '../support/rasters.ts';

const FORMATS: readonly RasterFormat[] = [
  { channels: 1, bytesPerSample: 1 },
  { channels: 1, bytesPerSample: 2 },
  { channels: 3, bytesPerSample: 1 },
  { channels: 3, bytesPerSample: 2 },
];

describe('shrink', () => {
  test.each([2, 3, 4, 8])('by %i gives the samples of the plain definition, gray and RGB, 8 and 16 bits', (factor) => {
    for (const [seed, format] of FORMATS.entries()) {
      const picture = hardPicture(factor * 5, factor * 4, format, seed);
      // Other orders of summation may tip a sum that lies on a half: at most one level, and hardly ever.
      expectNearly(shrink(picture, factor), plainImresize(picture, 5, 4, PLAIN_KERNELS.bicubic));
    }
  });

  test('repeats borders: a halving worked by hand', () => {
    // Keys' kernel at 0.25, 0.75, 1.25 and 1.75, halved: 111, 29, -9 and -3 of 256. Of the eight taps of the first
    // sample five fall on white (-3 -9 +29 +111 +111), three times on the repeated first row; mirrored it would be 242
    // of 256.
    const picture = makeRaster(2, 4, { channels: 1, bytesPerSample: 1 });
    picture.data.set([255, 255, 255, 255, 0, 0, 0, 0]);
    expect([...shrink(picture, 2).data]).toEqual([Math.round((255 * 239) / 256), Math.round((255 * 17) / 256)]);
  });

  test('goes down the columns first: turned pictures differ, because of the rounding between the passes', () => {
    const picture = hardPicture(32, 32, { channels: 1, bytesPerSample: 1 }, 3);
    const turned = transposed(shrink(transposed(picture), 4));
    expect(turned.data).not.toEqual(shrink(picture, 4).data);
  });
});

describe('enlarge', () => {
  test.each(['nearest', 'bicubic', 'lanczos'] as const)('by %s gives the samples of the plain definition', (kernel) => {
    for (const factor of [2, 3, 4]) {
      for (const [seed, format] of FORMATS.entries()) {
        const picture = hardPicture(6, 5, format, seed);
        const plain = plainImresize(picture, 6 * factor, 5 * factor, PLAIN_KERNELS[kernel]);
        expectNearly(enlarge(picture, factor, kernel), plain);
      }
    }
  });

  test('by nearest repeats each sample', () => {
    const picture = testPicture(3, 2);
    const { data, width } = enlarge(picture, 4, 'nearest');
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      expect(data[i]).toBe(picture.data[(Math.floor(y / 4) * 3 + Math.floor(x / 4)) * 3 + (i % 3)]);
    }
  });

  test('keeps flat pictures flat, as shrinking does', () => {
    fc.assert(
      fc.property(
        fc.record({ side: fc.integer({ min: 1, max: 9 }), level: fc.integer({ min: 0, max: 255 }) }),
        fc.constantFrom(2, 3, 4, 5, 8),
        fc.constantFrom('nearest', 'bicubic', 'lanczos'),
        ({ side, level }, factor, kernel) => {
          const flat = makeRaster(side, side, { channels: 1, bytesPerSample: 1 });
          flat.data.fill(level);
          const large = enlarge(flat, factor, kernel);
          expect(new Set(large.data)).toEqual(new Set([level]));
          expect(shrink(large, factor)).toEqual(flat);
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });
});

/** Noise over the whole range, with blocks at both ends of it: sums leave the range and have to be clamped. */
function hardPicture(width: number, height: number, format: RasterFormat, seed: number): Raster {
  const raster = makeRaster(width, height, format);
  const samples = samplesOf(raster);
  const most = format.bytesPerSample === 1 ? 255 : 65535;
  for (let i = 0; i < samples.length; i++) {
    const noise = (Math.imul(i + seed * 977, 2654435761) >>> 8) / 2 ** 24;
    samples[i] = i % 13 < 4 ? 0 : i % 13 < 8 ? most : Math.round(noise * most);
  }
  return raster;
}

function expectNearly(actual: Raster, expected: Raster): void {
  expect({ ...actual, data: null }).toEqual({ ...expected, data: null });
  const [left, right] = [samplesOf(actual), samplesOf(expected)];
  const apart = [...left].map((value, i) => Math.abs(value - right[i]!)).filter((difference) => difference > 0);
  expect(Math.max(0, ...apart)).toBeLessThanOrEqual(1);
  expect(apart.length).toBeLessThanOrEqual(Math.ceil(left.length / 100));
}

function transposed(picture: Raster): Raster {
  const { width, height, data } = picture;
  const turned = makeRaster(height, width, picture);
  for (let i = 0; i < data.length; i++) turned.data[(i % width) * height + Math.floor(i / width)] = data[i]!;
  return turned;
}

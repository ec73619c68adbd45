import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { comparePages } from '../../src/eval/compare.ts';
import { compareFiles } from '../../src/eval/index.ts';
import { differenceOf, ssim } from '../../src/eval/metrics.ts';
import { lumaPlane } from '../../src/eval/plane.ts';
import { temporaryFolder } from '../support/clips.ts';
import { testPicture } from '../support/rasters.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const WHOLE = { border: 0, luma: 'rounded' } as const;
const decibelsOf = (shift: number): number => 20 * Math.log10(255 / shift);

/** 16 x 12 pixels of one value; `inside` another one there: 2 pixels from each side. */
interface Flat {
  readonly pixel: readonly number[];
  readonly inside?: readonly number[];
  readonly bits?: 16;
}

const FILES: Record<string, Flat> = {
  'gray-100': { pixel: [100] },
  'gray-110': { pixel: [110] },
  'gray-16-100': { pixel: [100 * 257], bits: 16 },
  'gray-16-off-by-one': { pixel: [100 * 257 + 1], bits: 16 },
  'rgb-100': { pixel: [100, 100, 100] },
  'rgb-110': { pixel: [110, 110, 110] },
  'rgb-rim': { pixel: [0, 255, 30], inside: [100, 100, 100] },
  'rgba-opaque-110': { pixel: [110, 110, 110, 255] },
  'rgba-opaque': { pixel: [100, 100, 100, 255] },
  'rgba-half': { pixel: [100, 100, 100, 155] },
  'rgba-rim': { pixel: [100, 100, 100, 155], inside: [100, 100, 100, 255] },
  'gray-alpha-half': { pixel: [100, 155] },
};

beforeAll(async () => {
  for (const [name, flat] of Object.entries(FILES)) await writeFlat(name, flat);
  await sharp(at('rgb-100.png')).withIccProfile('p3').toFile(at('profile.png'));
  for (const [name, delay] of [
    ['film', 40],
    ['slower', 80],
  ] as const)
    await writeFrames(name, [0, 60, 120], delay);
  await writeFrames('last-differs', [0, 60, 130], 40);
  await writeFrames('two-frames', [0, 60], 40);
});

describe('compareFiles', () => {
  test.each([
    ['gray-100', 'gray-100'],
    ['gray-100', 'rgb-100'],
    ['gray-100', 'gray-16-100'],
    ['rgb-100', 'rgba-opaque'],
    ['rgba-half', 'rgba-half'],
    ['gray-alpha-half', 'rgba-half'],
  ])('calls %s and %s equal', async (a, b) => {
    const { equal, psnr, psnrY, ssimY, maxDifference, pages, worstPage } = await compareFiles(png(a), png(b), WHOLE);
    expect({ equal, psnr, psnrY, ssimY, maxDifference, pages, worstPage }).toEqual({
      ...{ equal: true, psnr: null, psnrY: null, ssimY: 1, maxDifference: 0, pages: 1, worstPage: null },
    });
  });

  // 16 + 219 * 100 / 255 is 101.88, and for 110 it is 110.47: rounded 102 and 110.
  test.each([
    ['gray-100', 'gray-110', 'rounded', decibelsOf(10), decibelsOf(10), 10],
    ['gray-100', 'gray-110', 'exact', decibelsOf(10), decibelsOf(10), 10],
    ['rgb-100', 'rgb-110', 'rounded', decibelsOf(10), decibelsOf(8), 10],
    ['rgb-100', 'rgb-110', 'exact', decibelsOf(10), decibelsOf((10 * 219) / 255), 10],
    ['gray-100', 'rgb-110', 'exact', decibelsOf(10), decibelsOf((10 * 219) / 255), 10],
    ['rgb-100', 'rgba-opaque-110', 'rounded', decibelsOf(10), decibelsOf(8), 10],
    ['rgba-opaque', 'rgba-opaque-110', 'rounded', decibelsOf(10), decibelsOf(8), 10],
    ['gray-16-100', 'gray-16-off-by-one', 'rounded', decibelsOf(1 / 257), decibelsOf(1 / 257), 1 / 257],
  ] as const)('of %s and %s, luma %s: PSNR %d, PSNR-Y %d', async (a, b, luma, psnr, psnrY, largest) => {
    const found = await compareFiles(png(a), png(b), { border: 0, luma });
    expect(found.equal).toBe(false);
    expect(found.psnr).toBeCloseTo(psnr, 8);
    expect(found.psnrY).toBeCloseTo(psnrY, 8);
    expect(found.maxDifference).toBeCloseTo(largest, 9);
    expect(found.alpha).toBeNull();
  });

  // 100 of 255 in one channel of four, or of two.
  test.each([
    ['rgba-opaque', 'rgba-half', 4],
    ['rgb-100', 'rgba-half', 4],
    ['rgba-half', 'rgb-100', 4],
    ['gray-100', 'gray-alpha-half', 2],
  ])('counts alpha: %s and %s differ in nothing else, one channel of %i', async (a, b, channels) => {
    const found = await compareFiles(png(a), png(b), WHOLE);
    expect(found).toMatchObject({ equal: false, psnrY: null, maxDifference: 100 });
    expect(found.psnr).toBeCloseTo(decibelsOf(100) + 10 * Math.log10(channels), 8);
    expect(found.alpha?.psnr).toBeCloseTo(decibelsOf(100), 8);
    expect(found.alpha?.maxDifference).toBe(100);
  });

  test.each([
    ['rgb-100', 'rgb-rim'],
    ['rgba-opaque', 'rgba-rim'],
  ])('leaves the border out of every measure: %s and %s', async (a, b) => {
    const near = await compareFiles(png(a), png(b), { ...WHOLE, border: 1 });
    expect(near.equal).toBe(false);
    const inside = await compareFiles(png(a), png(b), { ...WHOLE, border: 2 });
    expect(inside).toMatchObject({ equal: true, psnr: null, psnrY: null, maxDifference: 0, alpha: null });
  });

  test.each([5, 0])('takes a border of %i of 16x12 pixels; SSIM only where its window fits', async (border) => {
    const { ssimY, equal } = await compareFiles(png('rgb-100'), png('rgb-100'), { ...WHOLE, border });
    expect({ ssimY, equal }).toEqual({ ssimY: border === 0 ? 1 : null, equal: true });
  });

  test.each([6, 100, Number.MAX_SAFE_INTEGER])('refuses a border of %i of 16x12 pixels', async (border) => {
    const error = await compareFiles(png('rgb-100'), png('rgb-110'), { ...WHOLE, border }).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'usage', hint: 'It can be 5 at most here.' });
    expect(error.message).toMatch(/A border of \d+ pixels on each side leaves nothing of .*rgb-100\.png of 16x12/);
  });

  test('compares all frames of animations, and names the one that is farthest apart', async () => {
    const found = await compareFiles(at('film.webp'), at('last-differs.webp'), WHOLE);
    expect(found).toMatchObject({ equal: false, maxDifference: 10, pages: 3, worstPage: 3, notes: [] });
    // One of three frames is 10 apart.
    expect(found.psnr).toBeCloseTo(decibelsOf(10) + 10 * Math.log10(3), 8);
    expect(await compareFiles(at('film.webp'), at('film.webp'), WHOLE)).toMatchObject({ equal: true, pages: 3 });
  });

  test('refuses another number of pages, and says both', async () => {
    await expect(compareFiles(at('film.webp'), at('two-frames.webp'), WHOLE)).rejects.toMatchObject({
      ...{ code: 'usage', message: 'Expected two pictures with as many pages, got 3 and 2.' },
    });
    await expect(compareFiles(png('rgb-100'), at('film.webp'), WHOLE)).rejects.toThrow(/got 1 and 3/);
    await sharp(at('film.webp'), { pages: -1 }).resize(10, 10).webp().toFile(at('narrow.webp'));
    await expect(compareFiles(at('film.webp'), at('narrow.webp'), WHOLE)).rejects.toThrow(/12x12 and 10x10 on page 1/);
  });

  test('tells what no measure sees: profiles, and the times of frames', async () => {
    const profile = await compareFiles(png('rgb-100'), at('profile.png'), WHOLE);
    expect(profile.notes).toEqual(['Their colour profiles differ: samples are compared as they are stored.']);
    const times = await compareFiles(at('film.webp'), at('slower.webp'), WHOLE);
    expect(times).toMatchObject({
      equal: true,
      notes: ['The times of their frames differ: only pictures are compared.'],
    });
  });
});

describe('comparePages', () => {
  test('is equal for a page and itself, whatever its size, depth, channels and border', () => {
    const page = fc.record({
      width: fc.integer({ min: 1, max: 30 }),
      height: fc.integer({ min: 1, max: 30 }),
      channels: fc.constantFrom(1 as const, 3 as const),
      bytesPerSample: fc.constantFrom(1 as const, 2 as const),
      alpha: fc.boolean(),
      seed: fc.nat(100),
    });
    fc.assert(
      fc.property(
        page,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        ({ width, height, alpha, seed, ...of }, share) => {
          const border = Math.floor(share * Math.ceil(Math.min(width, height) / 2));
          const picture = {
            colour: testPicture(width, height, of, seed),
            alpha: alpha ? testPicture(width, height, { ...of, channels: 1 }, seed + 1) : null,
          };
          const { colour, luma, ssimY, alpha: ofAlpha } = comparePages(picture, picture, { border, luma: 'rounded' });
          expect([colour.squares, luma.squares, ofAlpha?.squares ?? 0]).toEqual([0, 0, 0]);
          const inner = (width - 2 * border) * (height - 2 * border);
          expect([colour.samples, luma.samples, ofAlpha?.samples]).toEqual([
            ...[inner * of.channels, inner, alpha ? inner : undefined],
          ]);
          expect(ssimY).toBe(Math.min(width, height) - 2 * border < 11 ? null : 1);
        },
      ),
      { seed: 11, numRuns: 100 },
    );
  });

  test('measures a picture of several bands as one: every window once, every row once', () => {
    const [a, b] = [1, 2].map((seed) => testPicture(17, 300, undefined, seed));
    const { colour, luma, ssimY } = comparePages({ colour: a!, alpha: null }, { colour: b!, alpha: null }, WHOLE);
    const [left, right] = [a!, b!].map((raster) => lumaPlane(raster, 'rounded'));
    expect(colour.samples).toBe(17 * 300 * 3);
    expect(luma).toEqual(differenceOf(left!, right!));
    expect(ssimY).toBeCloseTo(ssim(left!, right!)!, 12);
  });
});

function png(name: string): string {
  return at(`${name}.png`);
}

async function writeFlat(name: string, { pixel, inside = pixel, bits }: Flat): Promise<void> {
  const [width, height] = [16, 12];
  const samples = Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= 2 && x < width - 2 && y >= 2 && y < height - 2 ? inside : pixel;
  }).flat();
  const channels = pixel.length as 1 | 2 | 3 | 4;
  const data = bits === 16 ? Uint16Array.from(samples) : Uint8Array.from(samples);
  const space = channels > 2 ? 'srgb' : bits === 16 ? 'grey16' : 'b-w';
  await sharp(data, { raw: { width, height, channels } }).toColourspace(space).png().toFile(png(name));
}

async function writeFrames(name: string, levels: readonly number[], delay: number): Promise<void> {
  const [width, height] = [12, 12];
  const data = Uint8Array.from({ length: width * height * levels.length * 3 }, (_, i) => {
    return levels[Math.floor(i / (width * height * 3))]!;
  });
  await sharp(data, { raw: { width, height: height * levels.length, channels: 3, pageHeight: height } })
    .webp({ lossless: true, delay: levels.map(() => delay), loop: 1 })
    .toFile(at(`${name}.webp`));
}

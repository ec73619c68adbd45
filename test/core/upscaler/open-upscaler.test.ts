import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
import type { Model } from '../../../src/core/model/index.ts';
import { readTransformed, TRANSFORMS, type Transform, transformedSize } from '../../../src/core/pixels/dihedral.ts';
import { makeRaster, type Raster } from '../../../src/core/pixels/raster.ts';
import type { UpscalerOptions } from '../../../src/core/upscaler/open-upscaler.ts';
import type { Upscaler } from '../../../src/core/upscaler/upscaler.ts';
import { fromDist } from '../../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../../support/models.ts';
import { modelOf } from '../../support/random-model.ts';
import { maxDifference, RGB8, samplesOf, stackBands, testPicture } from '../../support/rasters.ts';
import { drawn } from '../../support/thorough.ts';
import { randomCompact } from '../model/writers/random-networks.ts';

const { openUpscaler } = await fromDist<typeof import('../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

const ONE_TILE: UpscalerOptions = {
  ...{ device: 'cpu', tilePx: 4096, haloPx: 0, featherPx: 0, sessions: 1, threadsPerSession: 1 },
  ...{ gpus: [], ensemble: false, rerunBlank: true },
};
const GRAY8 = { channels: 1, bytesPerSample: 1 } as const;
const RGB16 = { channels: 3, bytesPerSample: 2 } as const;

/** Four convolutions: a field of 4 pixels, and milliseconds for a picture. */
let tiny: Awaited<ReturnType<typeof modelOf>>;
let real: Model;

beforeAll(async () => {
  tiny = await modelOf(randomCompact(8, 2, 2, 5));
  real = await testModel('realesr-general-x4v3');
}, MODEL_TEST_TIMEOUT);
afterAll(() => tiny.dispose());

describe('a tiled picture, with a halo of at least the receptive field,', () => {
  test('equals the untiled one within a level (any sizes, tiles and halos)', async () => {
    const field = tiny.model.descriptor.receptiveFieldPx!;
    expect(field).toBe(4);
    const whole = openUpscaler(tiny.model, ONE_TILE);
    const cases = fc.record({
      width: fc.integer({ min: 1, max: 70 }),
      height: fc.integer({ min: 1, max: 70 }),
      tilePx: fc.integer({ min: 8, max: 40 }),
      haloPx: fc.integer({ min: field, max: field + 6 }),
      format: fc.constantFrom(RGB8, GRAY8, RGB16),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ width, height, tilePx, haloPx, format }) => {
        const picture = testPicture(width, height, format);
        const tiled = await upscaleOnce(tiny.model, picture, { ...ONE_TILE, tilePx, haloPx });
        const difference = maxDifference(tiled, await whole.upscale(picture));
        expect(difference).toBeLessThanOrEqual(format.bytesPerSample === 1 ? 1 : 2);
      }),
      { numRuns: drawn(15, 40), seed: 20260102 },
    );
    await whole.close();
  });

  test('would not equal it with a smaller halo, so the test above can fail', async () => {
    const picture = testPicture(60, 60);
    const [tiled, whole] = [
      await upscaleOnce(tiny.model, picture, { ...ONE_TILE, tilePx: 16, haloPx: 1 }),
      await upscaleOnce(tiny.model, picture, ONE_TILE),
    ];
    expect(maxDifference(tiled, whole)).toBeGreaterThan(3);
  });

  test.each([
    { width: 118, height: 97, tilePx: 24, haloPx: 34 },
    { width: 131, height: 75, tilePx: 40, haloPx: 37 },
  ])('equals it with the default model ($width x $height, tile $tilePx, halo $haloPx)', async (drawn) => {
    const picture = testPicture(drawn.width, drawn.height);
    const options = { ...ONE_TILE, tilePx: drawn.tilePx, haloPx: drawn.haloPx, threadsPerSession: 2 };
    const tiled = await using(real, options, (upscaler) => {
      expect(upscaler.countTiles(picture)).toBeGreaterThan(1);
      return upscaler.upscale(picture);
    });
    expect(maxDifference(tiled, await upscaleOnce(real, picture, ONE_TILE))).toBeLessThanOrEqual(1);
  });
});

describe('bands', () => {
  test('are the whole picture, top to bottom, of the heights that were foretold', async () => {
    const picture = testPicture(50, 61);
    await using(tiny.model, { ...ONE_TILE, tilePx: 16, haloPx: 4, sessions: 2 }, async (upscaler) => {
      const bands: Raster[] = [];
      for await (const band of upscaler.upscaleBands(picture)) bands.push(band);
      expect(bands.map(({ height }) => height / upscaler.scale)).toEqual(upscaler.bandsOf(picture));
      expect(bands.length).toBeGreaterThan(2);
      expect(maxDifference(stackBands(bands), await upscaler.upscale(picture))).toBe(0);
    });
  });
});

describe('tiles that see less than the network does', () => {
  const short = { tilePx: 16, haloPx: 2, featherPx: 2, sessions: 3 };

  test.each([RGB8, GRAY8, RGB16])('are blended to the same bytes, whichever comes first (%o)', async (format) => {
    const picture = testPicture(63, 50, format);
    const one = await upscaleOnce(tiny.model, picture, { ...ONE_TILE, ...short, sessions: 1 });
    await using(tiny.model, { ...ONE_TILE, ...short }, async (upscaler) => {
      const bands: Raster[] = [];
      for await (const band of upscaler.upscaleBands(picture)) bands.push(band);
      expect(bands.map(({ height }) => height / upscaler.scale)).toEqual(upscaler.bandsOf(picture));
      expect(maxDifference(stackBands(bands), one)).toBe(0);
      expect(maxDifference(await upscaler.upscale(picture), one)).toBe(0);
    });
  });

  test('fade into each other: no step at a seam is as large as without a feather', async () => {
    const picture = testPicture(63, 50);
    const whole = await upscaleOnce(tiny.model, picture, ONE_TILE);
    const hard = await upscaleOnce(tiny.model, picture, { ...ONE_TILE, ...short, featherPx: 0 });
    const soft = await upscaleOnce(tiny.model, picture, { ...ONE_TILE, ...short });
    expect(maxDifference(soft, whole)).toBeGreaterThan(0);
    expect(largestStep(soft, whole)).toBeLessThan(0.7 * largestStep(hard, whole));
  });
});

describe('the variants of the default model', () => {
  test('give a gray picture what its copy in RGB gives', async () => {
    const gray = testPicture(24, 18, GRAY8);
    const rgb = makeRaster(24, 18, RGB8);
    for (const [index, level] of gray.data.entries()) rgb.data.fill(level, 3 * index, 3 * index + 3);
    const [one, three] = [await upscaleOnce(real, gray, ONE_TILE), await upscaleOnce(real, rgb, ONE_TILE)];
    const luma = makeRaster(one.width, one.height, GRAY8);
    for (let i = 0; i < luma.data.length; i++) {
      const [red, green, blue] = three.data.subarray(3 * i, 3 * i + 3);
      luma.data[i] = Math.round(0.299 * red! + 0.587 * green! + 0.114 * blue!);
    }
    expect(maxDifference(one, luma)).toBeLessThanOrEqual(1);
  });

  test('give 16-bit samples that round to the 8-bit ones', async () => {
    const picture = testPicture(24, 18);
    const wide = makeRaster(24, 18, RGB16);
    samplesOf(wide).set(picture.data.map((level) => level));
    samplesOf(wide).forEach((level, index, all) => {
      all[index] = level * 257;
    });
    const [narrow, deep] = [await upscaleOnce(real, picture, ONE_TILE), await upscaleOnce(real, wide, ONE_TILE)];
    // Half a level of rounding on either side, and float32's own noise.
    samplesOf(deep).forEach((sample, index) => {
      if (Math.abs(sample / 257 - narrow.data[index]!) > 0.51) {
        expect.fail(`Sample ${index}: ${sample / 257} in 16 bit, ${narrow.data[index]} in 8 bit.`);
      }
    });
    expect(new Set(samplesOf(deep).map((sample) => sample % 257)).size).toBeGreaterThan(100);
  });
});

describe('an ensemble', () => {
  const ensemble = { ...ONE_TILE, ensemble: true, sessions: 2 };

  test.each([RGB8, GRAY8, RGB16])(
    'gives a turned or mirrored picture its result turned or mirrored, exactly (%o)',
    async (format) => {
      const picture = testPicture(19, 13, format);
      await using(tiny.model, ensemble, async (upscaler) => {
        const upright = await upscaler.upscale(picture);
        expect(maxDifference(upright, await upscaleOnce(tiny.model, picture, ONE_TILE))).toBeGreaterThan(0);
        for (const transform of TRANSFORMS) {
          const result = await upscaler.upscale(transformed(picture, transform));
          expect(maxDifference(result, transformed(upright, transform)), `transform ${transform}`).toBe(0);
        }
      });
    },
  );

  test('is not what one run gives: the network alone is not symmetric', async () => {
    const picture = testPicture(19, 13);
    const [upright, mirrored] = [
      await upscaleOnce(tiny.model, picture, ONE_TILE),
      await upscaleOnce(tiny.model, transformed(picture, 1), ONE_TILE),
    ];
    expect(maxDifference(mirrored, transformed(upright, 1))).toBeGreaterThan(2);
  });

  test('is the mean of its eight results', async () => {
    const picture = testPicture(8, 5, RGB16);
    const result = samplesOf(await upscaleOnce(tiny.model, picture, ensemble));
    const sums = Array.from(result, () => 0);
    for (const transform of TRANSFORMS) {
      const one = await upscaleOnce(tiny.model, transformed(picture, transform), ONE_TILE);
      samplesOf(transformed(one, INVERSE[transform])).forEach((sample, index) => {
        sums[index]! += sample;
      });
    }
    expect([...result]).toEqual(sums.map((sum) => Math.floor(sum / 8 + 0.5)));
  });

  test('of a tiled picture equals that of the whole within a level', async () => {
    const picture = testPicture(45, 37);
    const tiled = await upscaleOnce(tiny.model, picture, { ...ensemble, tilePx: 16, haloPx: 4 });
    expect(maxDifference(tiled, await upscaleOnce(tiny.model, picture, ensemble))).toBeLessThanOrEqual(1);
  });
});

describe('an upscaler', () => {
  test('answers an abort at once, while the network is still running', async () => {
    await using(real, { ...ONE_TILE, tilePx: 64, haloPx: 34 }, async (upscaler) => {
      await upscaler.warmUp(RGB8);
      const controller = new AbortController();
      const reason = new UpreelError('interrupted', 'Enough.');
      const run = upscaler.upscale(testPicture(320, 320), { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 50);
      const aborted = new Promise<number>((resolve) => {
        controller.signal.addEventListener('abort', () => resolve(performance.now()));
      });
      await expect(run).rejects.toBe(reason);
      expect(performance.now() - (await aborted)).toBeLessThan(400);
    });
  });

  test('reports the first cause of a failure, and works on', async () => {
    await using(tiny.model, { ...ONE_TILE, tilePx: 16, haloPx: 4, sessions: 2 }, async (upscaler) => {
      let tiles = 0;
      const onTile = (): void => {
        tiles++;
        if (tiles === 2) throw new UpreelError('disk-full', 'The first cause.');
        if (tiles > 2) throw new Error('A later one.');
      };
      const run = upscaler.upscale(testPicture(64, 64), { onTile });
      await expect(run).rejects.toMatchObject({ code: 'disk-full', message: 'The first cause.' });
      expect((await upscaler.upscale(testPicture(20, 20))).width).toBe(40);
    });
  });

  test('names a network that the runtime refuses', async () => {
    const broken: Model = { ...tiny.model, networkFile: async () => tiny.path };
    await expect(upscaleOnce(broken, testPicture(8, 8), ONE_TILE)).rejects.toMatchObject({ code: 'model-refused' });
  });

  test('pads for networks that need even sizes, and takes the padding away again', async () => {
    const aligned: Model = { ...tiny.model, descriptor: { ...tiny.model.descriptor, alignPx: 4 } };
    const result = await upscaleOnce(aligned, testPicture(21, 9), { ...ONE_TILE, tilePx: 8, haloPx: 4 });
    expect([result.width, result.height]).toEqual([42, 18]);
  });
});

/** A quarter turn undoes itself only the other way round. */
const INVERSE = [0, 1, 2, 3, 4, 6, 5, 7] as const;

function transformed(picture: Raster, transform: Transform): Raster {
  const { width, height } = transformedSize(picture, transform);
  const result = makeRaster(width, height, picture);
  const grid = { samples: samplesOf(picture), width: picture.width, channels: picture.channels };
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  readTransformed(samplesOf(result), grid, whole, transform, 1);
  return result;
}

/** How much the error against `whole` changes from one pixel to the next in a row, at most. */
function largestStep(tiled: Raster, whole: Raster): number {
  const error = Array.from(tiled.data, (level, index) => level - whole.data[index]!);
  return error.reduce((max, value, index) => Math.max(max, Math.abs(value - (error[index - 3] ?? value))), 0);
}

function upscaleOnce(model: Model, picture: Raster, options: UpscalerOptions): Promise<Raster> {
  return using(model, options, (upscaler) => upscaler.upscale(picture));
}

async function using<T>(model: Model, options: UpscalerOptions, use: (upscaler: Upscaler) => Promise<T>): Promise<T> {
  const upscaler = openUpscaler(model, options);
  try {
    return await use(upscaler);
  } finally {
    await upscaler.close();
  }
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinAlpha, splitAlpha } from '../../src/core/codec/index.ts';
import type { Raster } from '../../src/core/pixels/raster.ts';
import { upscalePage } from '../../src/core/still/upscale-page.ts';
import { upscalePixels } from '../../src/core/still/upscale-pixels.ts';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';
import { fromDist } from '../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { maxDifference, stackBands } from '../support/rasters.ts';
import { RIM_PICTURES, RIM_SIDE, type RimPicture, worstAtRim } from '../support/rims.ts';
import { decode, makeFolder, write } from './codec/pictures.ts';

const folder = makeFolder();

const { openUpscaler } = await fromDist<typeof import('../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

/** Measured: 10 at most (bench/rims.mjs), of 200 and more without bleeding. */
const BOUND_LEVELS = 12;
const TILES = [16, 27, 4096];

const { signal } = new AbortController();
const upscalers = new Map<number, Upscaler>();
beforeAll(async () => {
  const model = await testModel('realesr-animevideov3-x2');
  for (const tilePx of TILES) {
    const one = { device: 'cpu', tilePx, haloPx: model.descriptor.receptiveFieldPx!, featherPx: 0 } as const;
    const rest = { sessions: 1, threadsPerSession: 2, gpus: [], ensemble: false, rerunBlank: true };
    upscalers.set(tilePx, openUpscaler(model, { ...one, ...rest }));
  }
}, MODEL_TEST_TIMEOUT);
afterAll(async () => {
  for (const upscaler of upscalers.values()) await upscaler.close();
});

describe.each(RIM_PICTURES)('the rim of a $name', (picture) => {
  test('has its colour, by any tiles', async () => {
    const results = [];
    for (const upscaler of upscalers.values()) results.push(await upscaleStill(picture, upscaler));
    for (const result of results) {
      expect(worstAtRim(result, picture.right).colour).toBeLessThanOrEqual(BOUND_LEVELS);
      expect(maxDifference(result.colour, results[0]!.colour)).toBeLessThanOrEqual(1);
    }
  });

  test.each([0.5, 1.5, 3.2])('has its colour at %f times the size, too', async (factor) => {
    const { colour, alpha } = await upscaleStill(picture, upscalers.get(4096)!);
    const side = Math.round(factor * RIM_SIDE);
    const path = folder.path(`${picture.name}-${factor}.png`);
    const pages = [{ width: colour.width, height: colour.height, resizeTo: { width: side, height: side } }];
    await write(path, colour, alpha, { pages });
    const sized = await decode(path);
    expect(sized).toMatchObject({ width: side, height: side });
    expect(worstAtRim({ colour: sized.colour, alpha: sized.alpha! }, picture.right).colour).toBeLessThanOrEqual(
      BOUND_LEVELS,
    );
  });

  test.each([1, 0.5])('has its colour as pixels of strength %f', async (strength) => {
    const source = { width: RIM_SIDE, height: RIM_SIDE };
    const target = { width: 2 * RIM_SIDE, height: 2 * RIM_SIDE };
    const work = { source, target, channels: 4, depth: 'u8', strength } as const;
    const upscaler = upscalers.get(4096)!;
    const rows = [];
    const pixels = joinAlpha(picture.colour, picture.alpha);
    for await (const part of upscalePixels(pixels, work, { upscaler, signal, onTile: () => {} })) rows.push(part);
    const whole = splitAlpha(new Uint8Array(Buffer.concat(rows)), {
      ...target,
      ...{ bands: 4, channels: 3, bytesPerSample: 1 },
    });
    expect(worstAtRim(whole, picture.right).colour).toBeLessThanOrEqual(BOUND_LEVELS);
  });
});

async function upscaleStill({ colour, alpha }: RimPicture, upscaler: Upscaler) {
  const bands: { readonly colour: Raster; readonly alpha: Raster | null }[] = [];
  const page = { colour: { ...colour, data: colour.data.slice() }, alpha };
  for await (const band of upscalePage(page, { upscaler, signal, onTile: () => {} })) bands.push(band);
  return { colour: stackBands(bands.map((band) => band.colour)), alpha: stackBands(bands.map((band) => band.alpha!)) };
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRaster, type Raster } from '../../../src/core/pixels/raster.ts';
import type { SessionPool } from '../../../src/core/session/session-pool.ts';
import { fromDist } from '../../support/dist.ts';
import { modelOf, overflowingWeights } from '../../support/random-model.ts';
import { maxDifference, RGB8, testPicture } from '../../support/rasters.ts';
import { randomCompact } from '../model/writers/random-networks.ts';

const { openUpscaler } = await fromDist<typeof import('../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);
const { openSessionPool } =
  await fromDist<typeof import('../../../src/core/session/session-pool.ts')>('core/session/session-pool.js');
const { openWindowRunner } = await fromDist<typeof import('../../../src/core/upscaler/window-runner.ts')>(
  'core/upscaler/window-runner.js',
);

const CPU = { device: 'cpu', sessions: 1, threadsPerSession: 1, gpus: [] } as const;

let right: Awaited<ReturnType<typeof modelOf>>;
/** NaN in every sample of its result; weights that are NaN themselves are refused at import. */
let broken: Awaited<ReturnType<typeof modelOf>>;
/** NaN where the source is bright. */
let overflowing: Awaited<ReturnType<typeof modelOf>>;

beforeAll(async () => {
  right = await modelOf(randomCompact(8, 2, 2, 5));
  broken = await modelOf(overflowingWeights({ factor: 0, offset: 3e38, gain: 10 }));
  overflowing = await modelOf(overflowingWeights({ factor: 2.2e38, offset: 0, gain: 1 }));
});
afterAll(() => Promise.all([right.dispose(), broken.dispose(), overflowing.dispose()]));

describe('a device that gives NaN', () => {
  test.each(['broken', 'overflowing'] as const)('is corrected by the CPU, with one warning (%s)', async (kind) => {
    const planted = { broken, overflowing }[kind];
    const networkFile = await planted.model.networkFile(RGB8);
    const pool = openSessionPool({ ...CPU, scale: 2 });
    // A session that really runs, and really gives NaN, in the place of a GPU's.
    const device: SessionPool = { ...pool, run: (window, signal) => pool.run({ ...window, networkFile }, signal) };
    const warnings: string[] = [];
    const runner = openWindowRunner({
      ...{ model: right.model, pool: device, ensemble: false, rerunBlank: true, precision: 'float32' },
      openFallback: () => openSessionPool({ ...CPU, scale: 2 }),
      onWarning: (message) => warnings.push(message),
    });
    const picture = brightAndDark();
    const result = makeRaster(picture.width * 2, picture.height * 2, picture);
    const window = { x: 0, y: 0, width: picture.width, height: picture.height };
    for (let i = 0; i < 2; i++) {
      await runner.run({ source: picture, window, take: (upscaled) => result.data.set(upscaled) }, undefined);
    }
    await runner.close();
    expect(maxDifference(result, await upscaleOn(right, picture))).toBe(0);
    expect(warnings).toEqual([expect.stringMatching(/^The device gave blank areas/)]);
  });
});

describe('a network that gives NaN on the CPU', () => {
  test('everywhere is an error and no picture', async () => {
    await expect(upscaleOn(broken, brightAndDark())).rejects.toMatchObject({
      code: 'verification-failed',
      message: /^The network made-up made a blank tile/,
    });
  });

  test('in places is a warning', async () => {
    const warnings: string[] = [];
    await upscaleOn(overflowing, brightAndDark(), warnings);
    expect(warnings).toEqual([expect.stringMatching(/^The network made-up made blank areas/)]);
  });

  test('is not suspected over a picture that is blank itself', async () => {
    const warnings: string[] = [];
    await upscaleOn(broken, makeRaster(40, 40, RGB8), warnings);
    await upscaleOn(right, brightAndDark(), warnings);
    expect(warnings).toEqual([]);
  });
});

function upscaleOn(
  { model }: { model: typeof right.model },
  picture: Raster,
  warnings: string[] = [],
): Promise<Raster> {
  const options = { ...CPU, tilePx: 1024, haloPx: 0, featherPx: 0, ensemble: false, rerunBlank: true };
  const upscaler = openUpscaler(model, options, (message) => warnings.push(message));
  return upscaler.upscale(picture).finally(() => upscaler.close());
}

/** The left half with levels of 150 to 255, the right one with a fifth of them. */
function brightAndDark(): Raster {
  const picture = testPicture(128, 64);
  for (let i = 0; i < picture.data.length; i++) {
    const bright = Math.floor(i / 3) % 128 < 64;
    const level = 150 + ((picture.data[i]! * 7) % 106);
    picture.data[i] = bright ? level : level / 5;
  }
  return picture;
}

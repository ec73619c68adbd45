import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../../../src/core/model/index.ts';
import type { Raster } from '../../../../src/core/pixels/raster.ts';
import {
  AUTOMATIC_NETWORK,
  leastTilePx,
  resolveUpscalerOptions,
} from '../../../../src/core/upscaler/network-settings.ts';
import { fromDist } from '../../../support/dist.ts';
import { maxDifference, testPicture } from '../../../support/rasters.ts';
import { writeOnnxCompact } from '../writers/onnx-writer.ts';
import { nearlyPlainCompact } from '../writers/random-networks.ts';

const { openUpscaler } = await fromDist<typeof import('../../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);
const { loadModel } = await fromDist<typeof import('../../../../src/core/model/index.ts')>('core/model/index.js');

const WEIGHTS = nearlyPlainCompact(3);
let folder: string;
/** The same network as translated: any size. */
let free: Model;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-fixed-'));
  const onnx = writeOnnxCompact(WEIGHTS);
  free = await load('free', onnx.finish(onnx.output));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(name: string, bytes: Uint8Array): Promise<Model> {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, bytes);
  return loadModel(path, { cacheFolder: folder });
}

/** Upscales 2 times; only pictures of this size fit the reshaping at its end. */
function fixedNetwork(width: number | 'w', height: number | 'h'): Promise<Model> {
  const dimensions = [1, 3, height, width];
  const onnx = writeOnnxCompact(WEIGHTS, { dimensions, opset: 17 }, undefined, (writer, value) => {
    const sides = [height, width].map((side) => (typeof side === 'number' ? 2 * side : -1));
    return writer.node('Neg', [writer.node('Neg', [writer.node('Reshape', [value, writer.integers(1, 3, ...sides)])])]);
  });
  return load(`fixed-${width}-${height}`, onnx.finish(onnx.output));
}

async function upscaled(model: Model, picture: Raster, ensemble = false): Promise<Raster> {
  const settings = { ...AUTOMATIC_NETWORK, model: 'any', threads: 1, ensemble };
  const upscaler = openUpscaler(model, resolveUpscalerOptions(settings, model.descriptor, 'cpu', 'stills'));
  try {
    return await upscaler.upscale(picture);
  } finally {
    await upscaler.close();
  }
}

const SIZES = [
  [32, 24],
  [32, 32],
  ['w', 24],
  [40, 'h'],
] as const;

describe.each(SIZES)('a network for pictures of %s x %s only', (width, height) => {
  let model: Model;
  beforeAll(async () => {
    model = await fixedNetwork(width, height);
  });

  test('says so', () => {
    const side = (length: number | string) => (typeof length === 'number' ? length : null);
    expect(model.descriptor).toMatchObject({
      ...{ scale: 2, alignPx: 1, receptiveFieldPx: null },
      fixedPx: { width: side(width), height: side(height) },
      summary: expect.stringContaining('run as it is'),
    });
  });

  test.each([
    [75, 60],
    [typeof width === 'number' ? width : 51, typeof height === 'number' ? height : 51],
  ])('gives of %s x %s what the network for any size gives', async (...[wide, high]) => {
    const picture = testPicture(wide, high);
    expect(maxDifference(await upscaled(model, picture), await upscaled(free, picture))).toBeLessThanOrEqual(1);
  });

  test('takes pictures that are smaller, seeing them mirrored beyond their border', async () => {
    const picture = testPicture(9, 7, { channels: 1, bytesPerSample: 2 });
    const result = await upscaled(model, picture);
    expect([result.width, result.height]).toEqual([18, 14]);
    const inside = (raster: Raster) => Array.from({ length: 4 }, (_, x) => raster.data[2 * (6 * 18 + x) + 1]);
    expect(inside(result)).toEqual(inside(await upscaled(free, picture)));
  });

  if (width === height)
    test('turns tiles for --tta', async () => {
      const picture = testPicture(75, 60);
      const [fixed, plain] = [await upscaled(model, picture, true), await upscaled(free, picture, true)];
      expect(maxDifference(fixed, plain)).toBeLessThanOrEqual(1);
    });

  if (width !== height)
    test('refuses --tta, which turns tiles', async () => {
      await expect(upscaled(model, testPicture(75, 60), true)).rejects.toMatchObject({
        code: 'usage',
        hint: expect.stringMatching(/pixels only/),
      });
    });
});

test('a tile of another size is not followed, a halo that fills it is refused', async () => {
  const { descriptor } = await fixedNetwork(32, 24);
  const optionsFor = (change: { tilePx?: number; haloPx?: number }) =>
    resolveUpscalerOptions({ ...AUTOMATIC_NETWORK, model: 'any', ...change }, descriptor, 'cpu', 'stills');
  expect(optionsFor({ tilePx: 256 })).toMatchObject({ tilePx: 32, haloPx: 6, featherPx: 1 });
  expect(leastTilePx(descriptor)).toBe(32);
  expect(optionsFor({ haloPx: 8 }).haloPx).toBe(8);
  expect(() => optionsFor({ haloPx: 9 })).toThrow(/leaves nothing of the windows/);
});

test('what upreel exports of it has its size, and is the same network again', async () => {
  const model = await fixedNetwork(32, 24);
  const again = await load('again', await readFile(await model.networkFile({ bytesPerSample: 1, channels: 3 })));
  expect(again.descriptor).toMatchObject({ scale: 2, fixedPx: { width: 32, height: 24 } });
  const picture = testPicture(41, 33);
  expect(maxDifference(await upscaled(again, picture), await upscaled(model, picture))).toBeLessThanOrEqual(1);
});

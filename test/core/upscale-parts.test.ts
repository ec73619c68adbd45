import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../src/core/model/index.ts';
import type { Rect } from '../../src/core/pixels/geometry.ts';
import { scaleRect } from '../../src/core/pixels/geometry.ts';
import { makeRaster, type Raster, type RasterFormat } from '../../src/core/pixels/raster.ts';
import { pasteInto } from '../../src/core/pixels/rows.ts';
import { changedRects } from '../../src/core/tile/changed-rects.ts';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';
import { fromDist } from '../support/dist.ts';
import { modelOf } from '../support/random-model.ts';
import { RGB8, testPicture } from '../support/rasters.ts';
import { randomCompact, randomMsrResNet, randomRrdb, seededRandom } from './model/writers/random-networks.ts';

const { openUpscaler } = await fromDist<typeof import('../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

const OPTIONS = {
  device: 'cpu',
  tilePx: 40,
  haloPx: 7,
  featherPx: 0,
  sessions: 2,
  threadsPerSession: 1,
  gpus: [],
  ensemble: false,
  rerunBlank: true,
} as const;
const RGB16 = { channels: 3, bytesPerSample: 2 } as const;

describe('parts pasted over the result before', () => {
  const random = seededRandom(11);
  const below = (limit: number) => Math.floor(((random() + 1) / 2) * limit);

  test.each([
    ['a Compact network, windows anywhere', () => randomCompact(16, 3, 2, 5), {}, RGB8, true],
    ['in 16 bits', () => randomCompact(16, 3, 2, 5), {}, RGB16, true],
    ['an uncut picture', () => randomCompact(32, 2, 3, 5), { tilePx: 400 }, RGB8, true],
    ['a bilinear base', () => randomMsrResNet(16, 1, [2], 5), { haloPx: 12 }, RGB8, true],
    ['a network whose channels fill no block', () => randomCompact(20, 2, 2, 5), {}, RGB8, false],
    ['tiles that see less than the network', () => randomCompact(16, 5, 2, 5), { haloPx: 3 }, RGB8, false],
    [
      'aligned windows',
      () => randomRrdb({ features: 16, growth: 4, blocks: 1, doublings: 2, unshuffle: 2 }, 5),
      { haloPx: 40, tilePx: 60 },
      RGB8,
      false,
    ],
  ] as const)('are byte for byte the whole picture: %s', async (_, weights, options, format, isFree) => {
    const { model, dispose } = await modelOf(weights());
    const upscaler = openUpscaler(model, { ...OPTIONS, ...options });
    try {
      let shares = 0;
      for (const [width, height] of [
        [131, 97],
        [90, 141],
      ] as const) {
        const before = testPicture(width, height, format);
        const old = await upscaler.upscale(before);
        for (let round = 0; round < 6; round++) {
          const after = { ...before, data: before.data.slice() };
          for (let n = 0; n <= below(3); n++) flip(after, below(width), below(height), 1 + below(9));
          shares += await expectExact(upscaler, before, old, after);
        }
      }
      expect(shares / 12).toBeLessThan(isFree ? 0.6 : 1);
      expect(isFree).toBe(plansFreely(upscaler, model));
    } finally {
      await upscaler.close();
      await dispose();
    }
  });
});

describe('one pixel', () => {
  let made: Awaited<ReturnType<typeof modelOf>>;
  beforeAll(async () => {
    made = await modelOf(randomCompact(16, 3, 2, 7));
  });
  afterAll(() => made.dispose());

  test('at the seams of tiles and at the edge of what the network sees', async () => {
    const field = made.model.descriptor.receptiveFieldPx!;
    const upscaler = openUpscaler(made.model, { ...OPTIONS, haloPx: field });
    try {
      const before = testPicture(120, 60);
      const old = await upscaler.upscale(before);
      // With halos of 5, a width of 120 is cut at 40 and 80: one pixel beside each seam, and at the field's distance.
      const xs = [0, 39, 40, 40 - field - 1, 40 - field, 40 + field - 1, 40 + field, 79, 80, 119];
      for (const x of xs) {
        const after = { ...before, data: before.data.slice() };
        flip(after, x, 30, 1);
        await expectExact(upscaler, before, old, after);
      }
    } finally {
      await upscaler.close();
    }
  });

  test('changes the result as far as the receptive field reaches, and no farther', async () => {
    const field = made.model.descriptor.receptiveFieldPx!;
    const upscaler = openUpscaler(made.model, { ...OPTIONS, tilePx: 400, haloPx: field });
    try {
      const before = testPicture(60, 60);
      const after = { ...before, data: before.data.slice() };
      flip(after, 30, 30, 1);
      const [old, fresh] = [await upscaler.upscale(before), await upscaler.upscale(after)];
      const { core } = upscaler.planChange(before, [{ x: 30, y: 30, width: 1, height: 1 }]).parts[0]!;
      expect(core).toEqual({ x: 30 - field, y: 30 - field, width: 2 * field + 1, height: 2 * field + 1 });
      for (const rect of changedRects(old, fresh)) expect(rect.y).toBeGreaterThanOrEqual(core.y * 2);
      expect(Buffer.compare(old.data, fresh.data)).not.toBe(0);
    } finally {
      await upscaler.close();
    }
  });
});

/** @returns the share of work that the parts were. */
async function expectExact(upscaler: Upscaler, before: Raster, old: Raster, after: Raster): Promise<number> {
  const { parts, kept, workShare } = upscaler.planChange(after, changedRects(before, after));
  const into = makeRaster(old.width, old.height, old);
  await upscaler.upscaleParts(after, parts, { into });
  for (const rect of kept) {
    const scaled = scaleRect(rect, upscaler.scale);
    pasteInto(into, scaled, old, scaled);
  }
  const whole = await upscaler.upscale(after);
  expect(Buffer.compare(into.data, whole.data)).toBe(0);
  return workShare;
}

/** Whether a lone pixel runs in a window of its own, not in the picture's tiles. */
function plansFreely(upscaler: Upscaler, { descriptor }: Model): boolean {
  const pixel: Rect = { x: 65, y: 48, width: 1, height: 1 };
  const [part] = upscaler.planChange({ width: 131, height: 97 }, [pixel]).parts;
  return part!.core.width <= 2 * descriptor.receptiveFieldPx! + 1;
}

function flip(raster: Raster, x: number, y: number, size: number): void {
  const bytes = pixelBytes(raster);
  for (let row = y; row < Math.min(raster.height, y + size); row++) {
    const start = (row * raster.width + x) * bytes;
    const end = (row * raster.width + Math.min(raster.width, x + size)) * bytes;
    for (let i = start; i < end; i++) raster.data[i]! ^= 255;
  }
}

function pixelBytes({ channels, bytesPerSample }: RasterFormat): number {
  return channels * bytesPerSample;
}

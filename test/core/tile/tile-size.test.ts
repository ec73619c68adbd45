import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  defaultMemoryBytes,
  fitsBudget,
  opensInBudget,
  peakBytes,
  SMALLEST_TILE_PX,
  tileForBudget,
  wholeWindow,
} from '../../../src/core/tile/tile-size.ts';
import { AUTOMATIC_NETWORK } from '../../../src/core/upscaler/network-settings.ts';
import { fromDist } from '../../support/dist.ts';
import { modelOf } from '../../support/random-model.ts';
import { randomCompact } from '../model/writers/random-networks.ts';

const { fitUpscalerOptions } =
  await fromDist<typeof import('../../../src/core/upscaler/fit-options.ts')>('core/upscaler/fit-options.js');

const COMPACT = {
  cost: { openingBytes: 20e6, fixedBytes: 15e6, bytesPerPixel: 1300 },
  engineBytes: 110e6,
  sessions: 1,
  haloPx: 34,
  gridPx: 1,
};

describe('the tile for a memory budget', () => {
  test.each([
    { memoryBytes: 400e6, tile: 288 },
    { memoryBytes: 800e6, tile: 576 },
    { memoryBytes: 240e6, tile: 32 },
    { memoryBytes: 100e6, tile: SMALLEST_TILE_PX },
  ])('is $tile px of Compact for $memoryBytes bytes', ({ memoryBytes, tile }) => {
    expect(tileForBudget({ ...COMPACT, memoryBytes })).toBe(tile);
    expect(fitsBudget({ ...COMPACT, memoryBytes }, tile)).toBe(memoryBytes > 200e6);
  });

  test('follows from what windows take, and beside it stands whether the network opens in it', () => {
    const manyWeights = { ...COMPACT, cost: { ...COMPACT.cost, openingBytes: 300e6 }, memoryBytes: 500e6 };
    expect(tileForBudget(manyWeights)).toBe(tileForBudget({ ...COMPACT, memoryBytes: 500e6 }));
    expect(opensInBudget({ ...COMPACT, memoryBytes: 500e6 })).toBe(true);
    expect(opensInBudget(manyWeights)).toBe(false);
    expect(opensInBudget({ ...manyWeights, memoryBytes: 510e6 })).toBe(true);
    expect(opensInBudget({ ...manyWeights, sessions: 2, memoryBytes: 510e6 })).toBe(false);
    expect(peakBytes(wholeWindow(manyWeights), 64 ** 2)).toBe(510e6);
    expect(peakBytes(manyWeights.cost, 1e6)).toBe(15e6 + 1300e6);
  });

  test('holds whole windows of the network (any figures)', () => {
    const drawn = fc.record({
      memoryBytes: fc.integer({ min: 3e8, max: 8e9 }),
      gridPx: fc.constantFrom(7, 8, 16, 22, 32),
    });
    fc.assert(
      fc.property(drawn, ({ memoryBytes, gridPx }) => {
        const budget = { ...COMPACT, memoryBytes, gridPx };
        const tile = tileForBudget(budget);
        expect(tile === SMALLEST_TILE_PX || tile === 1024 || tile % gridPx === 0).toBe(true);
        expect(tile === SMALLEST_TILE_PX || fitsBudget(budget, tile)).toBe(true);
      }),
      { numRuns: 100, seed: 20260106 },
    );
  });

  test('grows with the budget and shrinks with sessions and halo (any figures)', () => {
    const drawn = fc.record({
      memoryBytes: fc.integer({ min: 1e8, max: 8e9 }),
      haloPx: fc.integer({ min: 0, max: 80 }),
      sessions: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(drawn, (budget) => {
        const tile = (change: Partial<typeof budget>) => tileForBudget({ ...COMPACT, ...budget, ...change });
        expect(tile({ memoryBytes: budget.memoryBytes * 2 })).toBeGreaterThanOrEqual(tile({}));
        expect(tile({ sessions: budget.sessions + 1 })).toBeLessThanOrEqual(tile({}));
        expect(tile({ haloPx: budget.haloPx + 8 })).toBeLessThanOrEqual(tile({}));
      }),
      { numRuns: 200, seed: 20260105 },
    );
  });

  test('is asked of at most a quarter of what the machine has left', () => {
    const compact = { flopsPerPixel: 2.4e6, gridPx: 1, seesAll: false };
    const wide = { ...compact, flopsPerPixel: 3e7 };
    expect(defaultMemoryBytes(compact, 'stills', 16e9)).toBe(1e9);
    expect(defaultMemoryBytes(compact, 'frames', 16e9)).toBe(2e9);
    expect(defaultMemoryBytes(wide, 'stills', 16e9)).toBe(3e9);
    expect(defaultMemoryBytes(compact, 'stills', 500e6)).toBe(125e6);
    const seesAll = { ...compact, seesAll: true };
    expect(defaultMemoryBytes(seesAll, 'stills', 32e9)).toBe(6e9);
    expect(defaultMemoryBytes(seesAll, 'stills', 16e9)).toBe(4e9);
    expect(defaultMemoryBytes(seesAll, 'frames', 32e9)).toBe(3e9);
  });
});

describe('a network on the CPU', () => {
  let network: Awaited<ReturnType<typeof modelOf>>;
  const previousCache = process.env.UPREEL_CACHE;
  beforeAll(async () => {
    network = await modelOf(randomCompact(64, 1, 2, 3));
    process.env.UPREEL_CACHE = network.path.replace(/[^/\\]+$/, 'cache');
  });
  afterAll(async () => {
    if (previousCache === undefined) delete process.env.UPREEL_CACHE;
    else process.env.UPREEL_CACHE = previousCache;
    await network.dispose();
  });

  test('gets a larger tile for more memory, by its measured cost', async () => {
    const tileFor = async (memoryBytes: number): Promise<number> => {
      const own = { model: network.path, device: 'cpu', memoryBytes, sessions: 1, threads: 1 } as const;
      const settings = { ...AUTOMATIC_NETWORK, ...own };
      const context = { signal: new AbortController().signal, onWarning: () => undefined };
      return (await fitUpscalerOptions(settings, network.model, 'stills', context)).tilePx;
    };
    const [small, large] = [await tileFor(5e8), await tileFor(8e8)];
    expect(small).toBeGreaterThan(SMALLEST_TILE_PX);
    expect(large).toBeGreaterThan(1.2 * small);
  });
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { sidesFor, steepest } from '../../../src/core/upscaler/memory-cost.ts';
import { fromDist } from '../../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../../support/models.ts';

type MemoryCostModule = typeof import('../../../src/core/upscaler/memory-cost.ts');

let folder: string | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test('memory that is given back between two readings does not hide what the pixels take', () => {
  const readings = [
    { pixels: 100, bytes: 50_000 },
    { pixels: 200, bytes: 30_000 },
    { pixels: 300, bytes: 130_000 },
  ];
  expect(steepest(readings)).toBe(1000);
});

test.each([
  [{ flopsPerPixel: 1e6, alignPx: 1, gridPx: 1 }, [96, 144, 192]],
  [{ flopsPerPixel: 1e7, alignPx: 2, gridPx: 1 }, [40, 64, 88]],
  [{ flopsPerPixel: 1e7, alignPx: 1, gridPx: 7 }, [42, 70, 91]],
  [{ flopsPerPixel: 1e7, alignPx: 1, gridPx: 32 }, [64, 96, 128]],
])('memory is measured in whole windows of the network: %o', (descriptor, sides) => {
  expect(sidesFor(descriptor)).toEqual(sides);
});

test(
  'a network of 64 features takes what some of its layers do, and is measured once',
  async () => {
    const { measuredMemoryCost } = await fromDist<MemoryCostModule>('core/upscaler/memory-cost.js');
    const model = await testModel('realesr-general-x4v3');
    folder = await mkdtemp(join(tmpdir(), 'upreel-cost-'));
    vi.stubEnv('UPREEL_CACHE', folder);
    const signal = new AbortController().signal;
    const cost = await measuredMemoryCost(model, { threadsPerSession: 2 }, signal);
    // Input and output of a layer and a part of its PReLU, 64 floats each; what onnxruntime keeps in reserve is less
    // than those again.
    expect(cost.bytesPerPixel).toBeGreaterThan(2 * 64 * 4);
    expect(cost.bytesPerPixel).toBeLessThan(8 * 64 * 4);
    const files = await readdir(join(folder, 'devices'));
    expect(files).toHaveLength(1);
    expect(await measuredMemoryCost(model, { threadsPerSession: 2 }, signal)).toEqual(cost);
    expect(await readdir(join(folder, 'devices'))).toEqual(files);
  },
  MODEL_TEST_TIMEOUT,
);

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { costOf, sidesFor } from '../../../src/core/upscaler/memory-cost.ts';
import { fromDist } from '../../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../../support/models.ts';
import { modelOf } from '../../support/random-model.ts';
import { randomNafnet } from '../model/writers/random-restorers.ts';

type MemoryCostModule = typeof import('../../../src/core/upscaler/memory-cost.ts');

let folder: string | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test.each([
  [
    'a straight line',
    { before: 100e6, opening: 150e6, fixed: 171e6, whole: 207e6 },
    { openingBytes: 50e6, fixedBytes: 70e6, bytesPerPixel: 1000 },
  ],
  [
    'weights that lie in memory several times while it opens',
    { before: 100e6, opening: 400e6, fixed: 171e6, whole: 207e6 },
    { openingBytes: 300e6, fixedBytes: 70e6, bytesPerPixel: 1000 },
  ],
  [
    'noise instead of a slope',
    { before: 100e6, opening: 150e6, fixed: 171e6, whole: 170e6 },
    { openingBytes: 50e6, fixedBytes: 64.476_072e6, bytesPerPixel: 148 },
  ],
  [
    'less than before',
    { before: 200e6, opening: 150e6, fixed: 171e6, whole: 207e6 },
    { openingBytes: 0, fixedBytes: 0, bytesPerPixel: 1000 },
  ],
])('the cost of a network is read from two windows: %s', (_, readings, expected) => {
  const found = costOf({ ...readings, little: 32, large: Math.sqrt(37_024), scale: 4 });
  expect(found.openingBytes).toBe(expected.openingBytes);
  expect(found.bytesPerPixel).toBeCloseTo(expected.bytesPerPixel, 6);
  expect(found.fixedBytes).toBeCloseTo(expected.fixedBytes, -5);
});

test.each([
  [{ flopsPerPixel: 1e6, alignPx: 1, gridPx: 1 }, [32, 192]],
  [{ flopsPerPixel: 1e7, alignPx: 2, gridPx: 1 }, [24, 128]],
  [{ flopsPerPixel: 1e7, alignPx: 1, gridPx: 7 }, [28, 133]],
  [{ flopsPerPixel: 1e7, alignPx: 1, gridPx: 32 }, [32, 128]],
])('memory is measured in whole windows of the network: %o', (descriptor, sides) => {
  expect(sidesFor(descriptor)).toEqual(sides);
});

test(
  'a network of 64 features takes what some of its layers do, and is measured once',
  async () => {
    const { knownMemoryCost, measureMemoryCost } = await fromDist<MemoryCostModule>('core/upscaler/memory-cost.js');
    const model = await testModel('realesr-general-x4v3');
    folder = await mkdtemp(join(tmpdir(), 'upreel-cost-'));
    vi.stubEnv('UPREEL_CACHE', folder);
    const signal = new AbortController().signal;
    expect(await knownMemoryCost(model, { threadsPerSession: 2 })).toBeNull();
    const cost = await measureMemoryCost(model, { threadsPerSession: 2 }, signal);
    // Input and output of a layer and a part of its PReLU, 64 floats each; what onnxruntime keeps in reserve is less
    // than those again.
    expect(cost.bytesPerPixel).toBeGreaterThan(2 * 64 * 4);
    expect(cost.bytesPerPixel).toBeLessThan(8 * 64 * 4);
    const files = await readdir(join(folder, 'devices'));
    expect(files).toHaveLength(1);
    expect(await knownMemoryCost(model, { threadsPerSession: 2 })).toEqual(cost);
    expect(await readdir(join(folder, 'devices'))).toEqual(files);
  },
  MODEL_TEST_TIMEOUT,
);

const MANY_WEIGHTS = { features: 32, encoders: [1, 1, 1, 1], middle: 8, decoders: [1, 1, 1, 1] };

test('a network of many weights takes the most while it opens, and within a tenth of what is reckoned', async () => {
  const { weights } = randomNafnet(MANY_WEIGHTS, 1);
  const { path, dispose } = await modelOf(weights);
  const bench = fileURLToPath(new URL('../../../bench/memory-model.mjs', import.meta.url));
  const env = { ...process.env, MODELS: path, SIDES: '64,448', UPREEL_CACHE: join(path, '..', 'cache') };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [bench], { env });
    const ratios = [...stdout.matchAll(/\| (\d+)x\1 \| (\d+) MB \| (\d+) MB \| ([\d.]+) \|/g)];
    expect(ratios.map(([, side]) => side)).toEqual(['64', '448']);
    for (const [row, , , , ratio] of ratios) expect(Math.abs(Number(ratio) - 1), row).toBeLessThan(0.1);
    expect(stdout).toContain(`| to open | ${ratios[0]![2]} MB |`);
  } finally {
    await dispose();
  }
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromDist } from '../../support/dist.ts';
import { modelOf } from '../../support/random-model.ts';
import { RGB8, testPicture } from '../../support/rasters.ts';
import { randomCompact } from '../model/writers/random-networks.ts';

const { openSessionPool } =
  await fromDist<typeof import('../../../src/core/session/session-pool.ts')>('core/session/session-pool.js');
const { openUpscaler } = await fromDist<typeof import('../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

let network: Awaited<ReturnType<typeof modelOf>>;
beforeAll(async () => {
  network = await modelOf(randomCompact(32, 4, 2, 5));
});
afterAll(() => network.dispose());

describe('several sessions', () => {
  test('take windows at their own pace: one that is busy long gets fewer', async () => {
    const networkFile = await network.model.networkFile(RGB8);
    const pool = openSessionPool({ device: 'cpu', scale: 2, sessions: 3, threadsPerSession: 1, gpus: [] });
    await pool.warmUp(RGB8, networkFile);
    const run = (side: number) => {
      const size = { width: side, height: side };
      const untouched = () => undefined;
      return pool.run({ networkFile, format: RGB8, size, fill: untouched, take: untouched }, undefined);
    };
    const long = run(600);
    const short = Array.from({ length: 24 }, () => run(24));
    await Promise.all([long, ...short]);
    const windows = [...pool.windowsOfEach].sort((a, b) => a - b);
    await pool.close();
    // The long one, and the one that lay ready behind it.
    expect(windows[0]).toBe(2);
    expect(windows[1]! + windows[2]!).toBe(23);
    expect(windows[1]).toBeGreaterThan(4);
  });

  test('give the same bytes as one', async () => {
    const picture = testPicture(150, 110);
    const options = { device: 'cpu', tilePx: 24, haloPx: 8, featherPx: 0, threadsPerSession: 1, gpus: [] } as const;
    const results = await Promise.all(
      [1, 2, 3].map(async (sessions) => {
        const upscaler = openUpscaler(network.model, { ...options, sessions, ensemble: false, rerunBlank: true });
        const result = await upscaler.upscale(picture);
        await upscaler.close();
        return Buffer.from(result.data);
      }),
    );
    expect(results[1]!.equals(results[0]!)).toBe(true);
    expect(results[2]!.equals(results[0]!)).toBe(true);
  });

  test('on numbered GPUs are as many as there are numbers, and say which device is missing', async () => {
    const pool = openSessionPool({ device: 'cuda', scale: 2, sessions: 1, threadsPerSession: 1, gpus: [0, 3] });
    const warmUp = pool.warmUp(RGB8, await network.model.networkFile(RGB8));
    await expect(warmUp).rejects.toMatchObject({ code: 'device-unavailable', message: /^The device cuda could not/ });
    expect(pool.sessions).toBe(2);
    await pool.close();
  });
});

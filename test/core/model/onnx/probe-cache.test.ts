import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { openProbeCache } from '../../../../src/core/model/onnx/probe-cache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-probes-'));
});
afterEach(() => rm(folder, { recursive: true }));

const FILE = Uint8Array.of(1, 2, 3);
const never = () => Promise.reject(new Error('It was tried again.'));

test('a finding is kept for the same content and use, and for no other', async () => {
  const [cache, same] = [openProbeCache(folder, FILE, '3 nchw'), openProbeCache(folder, FILE.slice(), '3 nchw')];
  expect(await cache.remember('white', z.number(), async () => 255)).toBe(255);
  expect(await same.remember('white', z.number(), never)).toBe(255);
  for (const other of [
    openProbeCache(folder, Uint8Array.of(1, 2, 4), '3 nchw'),
    openProbeCache(folder, FILE, '3 nhwc'),
    openProbeCache(null, FILE, '3 nchw'),
  ]) {
    expect(await other.remember('white', z.number(), async () => 1)).toBe(1);
  }
  expect(await same.remember('size', z.number(), async () => 4)).toBe(4);
  expect((await readdir(folder)).length).toBe(4);
});

test('what was not found, or lies damaged, is tried again', async () => {
  const cache = openProbeCache(folder, FILE, '');
  expect(await cache.remember('white', z.number(), async () => undefined)).toBeUndefined();
  expect(await cache.remember('white', z.number(), async () => 1)).toBe(1);
  const [name] = await readdir(folder);
  await writeFile(join(folder, name!), '"white"');
  expect(await cache.remember('white', z.number(), async () => 255)).toBe(255);
});

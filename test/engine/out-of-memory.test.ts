import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeError, openPipeline, whole } from '../../src/core/codec/libvips.ts';
import { asUpreelError } from '../../src/core/errors.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { CLI } from '../support/dist.ts';
import { testModelEnv } from '../support/models.ts';
import { descendantsOf } from '../support/processes.ts';
import { modelOf } from '../support/random-model.ts';

/**
 * Real limits on the address space of upreel's processes. Node alone reserves more than a gigabyte of it, so the limits
 * are set relative to what a run with a small tile was seen to take.
 */
const SIDE = 640;
const MARGIN_BYTES = 150e6;

let folder: string;
let picture: string;
/** Wide, so that a window takes much memory, and shallow, so that it takes no time. */
let network: Awaited<ReturnType<typeof modelOf>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-memory-'));
  picture = join(folder, 'noise.png');
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#000', noise } })
    .png()
    .toFile(picture);
  network = await modelOf(randomCompact(96, 1, 2, 3));
});
afterAll(async () => {
  await network.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(spawnSync('prlimit', ['--version']).status !== 0)(
  'an engine that runs out of memory (needs prlimit)',
  () => {
    test('is replaced by one with a smaller tile, which gives the same picture', async () => {
      const expected = join(folder, 'expected.png');
      const free = await run(['-o', expected, '--tile', '32'], null);
      expect(free.code, free.output).toBe(0);

      const got = join(folder, 'got.png');
      const limited = await run(['-o', got, '--tile', '1024'], free.peakBytes + MARGIN_BYTES);
      expect(limited.code, limited.output).toBe(0);
      expect(limited.output).toMatch(
        /"code":"engine-restarted","message":"[^"]+ Starting anew with tiles of 320 px\."/,
      );
      const [left, right] = [await sharp(expected).raw().toBuffer(), await sharp(got).raw().toBuffer()];
      expect(right.length).toBe(left.length);
      expect(left.reduce((max, level, index) => Math.max(max, Math.abs(level - right[index]!)), 0)).toBeLessThanOrEqual(
        1,
      );

      expect((await readdir(folder)).sort()).toEqual(['expected.png', 'got.png', 'noise.png']);
    }, 240_000);

    test('ends in one exit code at every limit, whichever library notices first', async () => {
      const free = await run(['-o', join(folder, 'free.png'), '--tile', '32'], null);
      expect(free.code, free.output).toBe(0);
      const outcomes: { limit: number; code: number | null; output: string }[] = [];
      for (const share of [0.98, 0.93, 0.88, 0.8, 0.7]) {
        const limit = Math.round(free.peakBytes * share);
        const output = join(folder, `limit-${share}.png`);
        const { code, output: lines } = await run(['-o', output, '--tile', '64'], limit);
        outcomes.push({ limit, code, output: lines });
        expect(existsSync(output), lines).toBe(code === 0);
      }
      const told = JSON.stringify(outcomes, null, 1);
      // null: node itself ended by a signal, below what it needs for its own heap.
      for (const { code } of outcomes) expect([0, 8, null], told).toContain(code);
      const refused = outcomes.filter(({ code, output }) => code === 8 && output !== '');
      expect(refused.length, told).toBeGreaterThan(0);
      for (const { output } of refused) expect(output).toMatch(/"code":8,"error":\{"code":"out-of-memory"/);
    }, 600_000);
  },
);

describe('lack of memory', () => {
  test.each([
    'glib: Error creating thread: Resource temporarily unavailable',
    'vips_tracked: out of memory --- size == 41MB',
    'std::bad_alloc',
    'libonnxruntime.so.1: failed to map segment from shared object',
    'Array buffer allocation failed',
    'spawn ENOMEM',
    'Failed to allocate memory for requested buffer of size 157286400',
  ])('is seen in %j', (message) => {
    expect(asUpreelError(new Error(message)).code).toBe('out-of-memory');
    expect(decodeError(new Error(message), 'a.png').code).toBe('out-of-memory');
  });

  test.each(['VipsJpeg: premature end of JPEG image', 'pngload: libspng read error'])(
    'is not seen in %j',
    (message) => {
      expect(asUpreelError(new Error(message)).code).toBe('internal');
      expect(decodeError(new Error(message), 'a.png').code).toBe('input-damaged');
    },
  );
});

test('a picture that libvips made after it warned of lacking memory is not taken', async () => {
  const pipeline = () => openPipeline(picture, {});
  const [short, odd] = [pipeline(), pipeline()];
  short.emit('warning', 'out of memory -- size == 0MB');
  odd.emit('warning', 'tag 700 is unknown');
  const failure: unknown = await whole(short, Promise.resolve(1)).catch((error: unknown) => error);
  expect(asUpreelError(failure).code).toBe('out-of-memory');
  expect(await whole(odd, Promise.resolve(1))).toBe(1);
});

/** Runs the command, under a limit on the address space of each of its processes if one is given. */
async function run(
  args: readonly string[],
  limitBytes: number | null,
): Promise<{ code: number | null; output: string; peakBytes: number }> {
  const flags = ['-m', network.path, '--device', 'cpu', '--threads', '1', '--json'];
  const command = [process.execPath, CLI, picture, ...args, ...flags];
  const limited = limitBytes === null ? command : ['prlimit', `--as=${Math.round(limitBytes)}`, ...command];
  const child = spawn(limited[0]!, limited.slice(1), {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...testModelEnv() },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  let peakBytes = 0;
  const timer = setInterval(() => {
    for (const pid of descendantsOf(child.pid!)) peakBytes = Math.max(peakBytes, addressSpacePeak(pid));
  }, 100);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(timer);
  return { code, output, peakBytes };
}

function addressSpacePeak(pid: number): number {
  try {
    return Number(/^VmPeak:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { jsonLines, runCli } from '../support/cli.ts';
import { modelOf } from '../support/random-model.ts';

const NO_GPU = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };

let folder: string;
let cache: string;
let network: Awaited<ReturnType<typeof modelOf>>;
let tuned: Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-tune-'));
  cache = join(folder, 'cache');
  network = await modelOf(randomCompact(2, 4, 1, 8));
  const result = await run(['tune', network.path, '--device', 'cpu', '--seconds', '5', '--json']);
  expect(result.code, result.stderr).toBe(0);
  tuned = jsonLines(result)[0]!;
});
afterAll(() => Promise.all([network.dispose(), rm(folder, { recursive: true, force: true })]));

describe('upreel tune', () => {
  test('tries several layouts, the usual ones among them, and names what it takes', () => {
    const trials = tuned.trials as { tilePx: number; sessions: number; pixelsPerSecond: number }[];
    expect(new Set(trials.map(({ tilePx }) => tilePx)).size).toBeGreaterThan(1);
    for (const { pixelsPerSecond } of trials) expect(pixelsPerSecond).toBeGreaterThan(0);
    for (const usual of Object.values(tuned.usual as object))
      expect(trials).toContainEqual(expect.objectContaining(usual));
    expect(trials).toContainEqual(expect.objectContaining(tuned.frames as object));
    expect(trials).toContainEqual(expect.objectContaining({ ...(tuned.stills as object), sessions: 1 }));
  });

  test('keeps it: doctor tells it, in words too', async () => {
    const report = jsonLines(await run(['doctor', '--json']))[0]!;
    expect(report.layouts).toEqual([expect.objectContaining({ frames: tuned.frames, stills: tuned.stills })]);
    expect((await run(['doctor'])).stdout).toMatch(
      /Layouts in force[^\n]*\n +cpu +made-up\.safetensors \([0-9a-f]{8}\) .*pictures/,
    );
  });

  test('gives the same picture as without, whatever tile it took', async () => {
    const source = join(folder, 'noise.png');
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    await sharp({ create: { width: 150, height: 70, channels: 3, background: '#000', noise } })
      .png()
      .toFile(source);
    const [layout] = await layoutFiles();
    const stored = JSON.parse(await readFile(layout!, 'utf8'));
    await writeFile(layout!, JSON.stringify({ ...stored, stills: { ...stored.stills, tilePx: 40 } }));
    const pictures = await Promise.all(
      [{ UPREEL_CACHE: cache }, { UPREEL_CACHE: join(folder, 'other') }].map(async (environment, index) => {
        const output = join(folder, `${index}.png`);
        const flags = ['-o', output, '-m', network.path, '--device', 'cpu', '--json'];
        const result = await runCli([source, ...flags], { ...NO_GPU, ...environment });
        expect(result.code, result.stderr).toBe(0);
        const tiles = jsonLines(result).find(({ type }) => type === 'started')!.tilesPerFrame;
        return { tiles, pixels: await sharp(output).raw().toBuffer() };
      }),
    );
    expect(pictures.map(({ tiles }) => tiles)).toEqual([8, 1]);
    expect(pictures[0]!.pixels.equals(pictures[1]!.pixels)).toBe(true);
  });

  test('is not in force for other cores, nor under the name of another machine or version', async () => {
    const [layout] = await layoutFiles();
    const other = join(cache, 'devices', `layout-${'0'.repeat(32)}.json`);
    await writeFile(other, await readFile(layout!));
    await rm(layout!);
    expect(jsonLines(await run(['doctor', '--json']))[0]!.layouts).toEqual([]);
  });

  test.each([
    [['--seconds', '4'], /from 5 to 3600/],
    [['--threads', '0'], /whole number from 1/],
  ])('refuses %j', async (flags, words) => {
    const result = await run(['tune', network.path, ...flags]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(words);
  });
});

async function layoutFiles(): Promise<string[]> {
  const names = await readdir(join(cache, 'devices'));
  return names.filter((name) => name.startsWith('layout-')).map((name) => join(cache, 'devices', name));
}

function run(words: string[]): ReturnType<typeof runCli> {
  return runCli(words, { ...NO_GPU, UPREEL_CACHE: cache });
}

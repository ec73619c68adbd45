import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileSha256, type Model } from '../../src/core/model/index.ts';
import { AUTOMATIC_NETWORK, type NetworkSettings } from '../../src/core/upscaler/network-settings.ts';
import type { KnownProof, Verdict } from '../../src/engine/device-verdict.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { jsonLines, runCli } from '../support/cli.ts';
import { fromDist } from '../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { modelOf, overflowingWeights } from '../support/random-model.ts';

const { chooseDevice } = await fromDist<typeof import('../../src/engine/choose-device.ts')>('engine/choose-device.js');
const { proveDevice } = await fromDist<typeof import('../../src/engine/device-proof.ts')>('engine/device-proof.js');
const { openUpscaler } = await fromDist<typeof import('../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

/** Debian's chromium package has a Vulkan driver in software that WebGPU accepts. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const SOFTWARE_GPU = { VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER };
const NO_GPU = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };

let folder: string;
let picture: string;
/** Small: a GPU in software takes minutes for the default model on a busy machine. */
let small: Awaited<ReturnType<typeof modelOf>>;

beforeAll(async () => {
  await testModel('realesr-general-x4v3');
  small = await modelOf(randomCompact(16, 4, 4, 8));
  folder = await mkdtemp(join(tmpdir(), 'upreel-devices-'));
  picture = join(folder, 'noise.png');
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  await sharp({ create: { width: 12, height: 10, channels: 3, background: '#000', noise } })
    .png()
    .toFile(picture);
}, MODEL_TEST_TIMEOUT);
afterAll(() => Promise.all([small.dispose(), rm(folder, { recursive: true, force: true })]));

describe.skipIf(!existsSync(SWIFTSHADER))(`WebGPU on a software adapter (needs ${SWIFTSHADER})`, () => {
  test('gives the CPU’s picture within a level, and is said to be slow', async () => {
    const [cpu, webgpu] = [join(folder, 'cpu.png'), join(folder, 'webgpu.png')];
    await expectSuccess([picture, '-o', cpu, '-m', small.path, '--device', 'cpu', '--json'], NO_GPU);
    const lines = await expectSuccess(
      [picture, '-o', webgpu, '-m', small.path, '--device', 'webgpu', '--json'],
      SOFTWARE_GPU,
    );
    expect(lines.find(({ type }) => type === 'started')).toMatchObject({ device: 'webgpu' });
    expect(lines.find(({ type }) => type === 'warning')?.message).toMatch(/^webgpu is [\d.]+ times slower/);
    const [expected, got] = [await sharp(cpu).raw().toBuffer(), await sharp(webgpu).raw().toBuffer()];
    expect(got.length).toBe(48 * 40 * 3);
    expect(Math.max(...expected.map((level, index) => Math.abs(level - got[index]!)))).toBeLessThanOrEqual(1);
  }, 180_000);

  test('is proved once for the same weights, whatever they are called, and again for others', async () => {
    const cache = await mkdtemp(join(folder, 'cache-'));
    const renamed = join(folder, 'renamed.safetensors');
    await copyFile(small.path, renamed);
    const other = await modelOf(randomCompact(16, 4, 4, 9));
    const verdicts = async (path: string, name: string): Promise<KnownProof[]> => {
      const args = [picture, '-o', join(folder, `${name}.png`), '-m', path, '--device', 'webgpu', '--json'];
      await expectSuccess(args, { ...SOFTWARE_GPU, UPREEL_CACHE: cache });
      const result = await runCli(['doctor', '--json'], { ...NO_GPU, UPREEL_CACHE: cache });
      return jsonLines(result)[0]!.verdicts as KnownProof[];
    };
    try {
      const [first] = await verdicts(small.path, 'first');
      expect(first).toMatchObject({
        model: small.path,
        proof: { device: 'webgpu' },
        weights: await fileSha256(small.path),
      });
      expect(await verdicts(renamed, 'again')).toEqual([first]);
      expect((await verdicts(other.path, 'other')).map(({ model }) => model)).toEqual([other.path, small.path]);
    } finally {
      await other.dispose();
    }
  }, 180_000);

  test('is never chosen by itself', async () => {
    const lines = await expectSuccess(
      [picture, '-o', join(folder, 'auto.png'), '-m', small.path, '--json'],
      SOFTWARE_GPU,
    );
    expect(lines.find(({ type }) => type === 'started')).toMatchObject({ device: 'cpu' });
  });
});

describe('a device that is not there', () => {
  test.each([
    { device: 'webgpu', message: 'The device webgpu cannot be used: no GPU adapter was found.' },
    { device: 'cuda', message: 'The device cuda cannot be used: its libraries are not installed.' },
  ])('is one clear sentence and exit code 8 ($device)', async ({ device, message }) => {
    const output = join(folder, `${device}-none.png`);
    const result = await runCli([picture, '-o', output, '--device', device, '--json'], NO_GPU);
    expect(result.code).toBe(8);
    expect(jsonLines(result).at(-1)).toMatchObject({ type: 'exit', code: 8, error: { message } });
    expect(existsSync(output)).toBe(false);
  });
});

describe('a device that computes something else', () => {
  let right: Awaited<ReturnType<typeof modelOf>>;
  let wrong: Awaited<ReturnType<typeof modelOf>>;
  beforeAll(async () => {
    right = await modelOf(randomCompact(8, 2, 2, 5));
    wrong = await modelOf(randomCompact(8, 2, 2, 6));
  });
  afterAll(() => Promise.all([right.dispose(), wrong.dispose()]));

  test('is refused when asked for', async () => {
    await expect(chooseDevice(settings('cuda'), context(), verdictBy(wrong.model))).rejects.toMatchObject({
      code: 'device-unavailable',
      message: /^The device cuda cannot be used: its result differs from the CPU's by up to \d+ of 255 levels\.$/,
    });
  });

  test('is refused when that is NaN, which nothing corrects here', async () => {
    const blank = await modelOf(overflowingWeights({ factor: 0, offset: 3e38, gain: 10 }));
    const choice = chooseDevice(settings('cuda'), context(), verdictBy(blank.model)).finally(blank.dispose);
    await expect(choice).rejects.toMatchObject({ code: 'device-unavailable', message: /differs from the CPU's/ });
  });

  test('passes when it computes the same after all', async () => {
    const { device } = await chooseDevice(settings('cuda'), context(), verdictBy(right.model));
    expect(device).toBe('cuda');
  });

  test('is passed over by --device auto with a warning, however fast', async () => {
    const before = { ...process.env };
    Object.assign(process.env, SOFTWARE_GPU);
    try {
      const fast = async (...args: Parameters<ReturnType<typeof verdictBy>>): Promise<Verdict> => {
        const verdict = await verdictBy(wrong.model)(...args);
        return 'proof' in verdict ? { proof: { ...verdict.proof, deviceSeconds: 0 } } : verdict;
      };
      const { device, warnings } = await chooseDevice(settings('auto'), context(), fast);
      expect(device).toBe('cpu');
      expect(warnings).toEqual([expect.stringMatching(/^cuda is not used/), expect.stringMatching(/^webgpu is not/)]);
    } finally {
      process.env = before;
    }
  });

  /** A real proof in which the device runs `planted`, on the CPU, instead of the network that it was given. */
  function verdictBy(planted: Model) {
    return async (device: Parameters<typeof proveDevice>[1]): Promise<Verdict> => {
      const open: typeof openUpscaler = (model, options) =>
        options.device === 'cpu' ? openUpscaler(model, options) : openUpscaler(planted, { ...options, device: 'cpu' });
      const how = { gpus: [], precision: 'float32' } as const;
      return { proof: await proveDevice(right.model, device, how, new AbortController().signal, open) };
    };
  }
});

describe('float16 on a GPU', () => {
  const proofOf = (deviceSeconds: number, maxDifference = 1): Verdict => {
    const device = 'cuda' as const;
    return { proof: { device, maxDifference, meanDifference: maxDifference / 10, deviceSeconds, cpuSeconds: 9 } };
  };

  test.each([
    ['right and faster', proofOf(0.7), 'float16'],
    ['hardly faster', proofOf(0.99), 'float32'],
    ['slower', proofOf(1.5), 'float32'],
    ['faster, and wrong', proofOf(0.5, 40), 'float32'],
    ['not to be had', { failure: 'it crashed on a test tile.' }, 'float32'],
  ] as const)('that is %s', async (_, half: Verdict, precision) => {
    const judge = async (_device: unknown, { precision: asked }: NetworkSettings) =>
      asked === 'float16' ? half : proofOf(1);
    expect(await chooseDevice(settings('cuda'), context(), judge)).toEqual({ device: 'cuda', precision, warnings: [] });
    // What is asked for is not weighed up.
    const full = { ...settings('cuda'), precision: 'float32' as const };
    expect(await chooseDevice(full, context(), judge)).toMatchObject({ precision: 'float32' });
    const insisting = chooseDevice({ ...settings('cuda'), precision: 'float16' }, context(), judge);
    const isRight = 'proof' in half && half.proof.maxDifference < 8;
    if (isRight) expect(await insisting).toMatchObject({ precision: 'float16' });
    else await expect(insisting).rejects.toMatchObject({ code: 'device-unavailable' });
  });

  test.each(['auto', 'cuda'] as const)('that is asked for and cannot be had on %s is an error', async (device) => {
    const judge = async (): Promise<Verdict> => ({ failure: 'its libraries are not installed.' });
    const asked = { ...settings(device), precision: 'float16' as const };
    await expect(chooseDevice(asked, context(), judge)).rejects.toMatchObject({ code: 'device-unavailable' });
  });

  test('is not tried on a device that is not there, whose failure would be remembered', async () => {
    const tried: string[] = [];
    const judge = async (_: unknown, { precision }: NetworkSettings): Promise<Verdict> => {
      tried.push(precision);
      return { failure: 'its libraries are not installed.' };
    };
    const asked = { ...settings('cuda'), precision: 'float16' as const };
    await expect(chooseDevice(asked, context(), judge)).rejects.toThrow('its libraries are not installed');
    expect(tried).toEqual(['float32']);
  });

  test('is not had on the CPU', async () => {
    const asked = { ...settings('cpu'), precision: 'float16' as const };
    await expect(chooseDevice(asked, context())).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
  });

  test('passes its proof where it is computed right, and is told apart from float32 by a level or so', async () => {
    const { model, dispose } = await modelOf(randomCompact(16, 4, 2, 8));
    // The graph for GPUs, as the CPU provider computes it.
    const open: typeof openUpscaler = (plain, options) => {
      if (options.device === 'cpu') return openUpscaler(plain, options);
      const half: Model = {
        ...plain,
        networkFile: (variant) =>
          plain.networkFile({ ...variant, target: 'gpu', precision: options.precision ?? 'float32' }),
      };
      return openUpscaler(half, { ...options, device: 'cpu' });
    };
    const prove = (precision: 'float16' | 'float32') =>
      proveDevice(model, 'cuda', { gpus: [], precision }, new AbortController().signal, open);
    const [full, half] = [await prove('float32'), await prove('float16')];
    expect(full.meanDifference).toBeLessThan(0.001);
    expect(half.maxDifference).toBeLessThanOrEqual(3);
    expect(half.meanDifference).toBeGreaterThan(full.meanDifference);
    await dispose();
  });

  test.skipIf(!existsSync(SWIFTSHADER))(
    `is tried once on a GPU in software (needs ${SWIFTSHADER}), whatever it says`,
    async () => {
      const cache = await mkdtemp(join(folder, 'cache-half-'));
      const args = [
        picture,
        '-m',
        small.path,
        '--device',
        'webgpu',
        '--json',
        '--overwrite',
        '-o',
        join(folder, 'half.png'),
      ];
      const kept = async () =>
        (await readdir(join(cache, 'devices'))).filter((name) => /^[0-9a-f]{32}\./.test(name)).sort();
      await expectSuccess(args, { ...SOFTWARE_GPU, UPREEL_CACHE: cache });
      const first = await kept();
      expect(first).toHaveLength(2);
      await expectSuccess(args, { ...SOFTWARE_GPU, UPREEL_CACHE: cache });
      expect(await kept()).toEqual(first);
    },
  );
});

async function expectSuccess(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Record<string, unknown>[]> {
  const result = await runCli(args, env);
  expect(result.code, result.stdout + result.stderr).toBe(0);
  return jsonLines(result);
}

function settings(device: NetworkSettings['device']): NetworkSettings {
  return { ...AUTOMATIC_NETWORK, model: 'planted', device };
}

function context() {
  return { signal: new AbortController().signal, onEvent: () => undefined };
}

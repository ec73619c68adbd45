import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doctorText } from '../../src/cli/machine/doctor-text.ts';
import { jsonLines, runCli } from '../support/cli.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const NO_GPU = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };

let empty: string;
beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'upreel-doctor-'));
  await testModel('realesr-general-x4v3');
}, MODEL_TEST_TIMEOUT);
afterAll(() => rm(empty, { recursive: true, force: true }));

describe('upreel doctor', () => {
  test('names devices with their verdicts, ffmpeg, versions and caches', async () => {
    const result = await runCli(['doctor', '--json'], NO_GPU);
    expect(result.code, result.stderr).toBe(0);
    const [report] = jsonLines(result);
    expect(report).toMatchObject({
      ...{ v: 1, type: 'doctor' },
      versions: { node: process.versions.node, onnxruntime: expect.stringMatching(/^\d+\.\d+/) },
      ffmpeg: { state: 'here', encoders: expect.arrayContaining(['libx264', 'ffv1']) },
    });
    const devices = report!.devices as { device: string; state: string; detail: string }[];
    expect(devices).toContainEqual({ device: 'cpu', state: 'works', detail: 'always there', hint: '' });
    expect(devices.find(({ device }) => device === 'webgpu')).toMatchObject({
      ...{ state: 'absent', detail: 'no GPU adapter was found.' },
    });
    const caches = report!.caches as { name: string; bytes: number }[];
    expect(caches.find(({ name }) => name === 'models')!.bytes).toBeGreaterThan(1e6);
  });

  test('fails where ffmpeg is missing, says how to get it, and never fetches a model', async () => {
    const missing = { FFMPEG_PATH: join(empty, 'ffmpeg'), UPREEL_CACHE: join(empty, 'cache') };
    const result = await runCli(['doctor'], { ...NO_GPU, ...missing });
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/missing: Cannot start .*ffmpeg/);
    expect(result.stdout).toMatch(/To do\n {2}Install ffmpeg/);
    expect(result.stdout).toMatch(/webgpu +untried/);
  });
});

describe('the doctor’s text', () => {
  test('has nothing to do where a GPU works', () => {
    const text = doctorText({
      versions: { upreel: '1.0.0', node: '20.20.2', onnxruntime: '1.30.0', sharp: '0.35.5', vips: '8.18.0' },
      machine: { platform: 'linux x64', cpu: 'A CPU', cores: 8, availableBytes: 16e9 },
      devices: [
        { device: 'cpu', state: 'works', detail: 'always there', hint: '' },
        { device: 'webgpu', state: 'works', detail: 'equal to the CPU, 9.0 times as fast', hint: '' },
        { device: 'cuda', state: 'absent', detail: 'its libraries are not installed.', hint: 'Install them.' },
      ],
      layouts: [],
      verdicts: [
        {
          proof: { device: 'webgpu', maxDifference: 1, meanDifference: 0.1, deviceSeconds: 0.0021, cpuSeconds: 0.5 },
          precision: 'float32',
          model: '/models/film.pth',
          weights: 'abcdef0123456789',
          runtime: '1.30.0',
          at: '2026-01-02T03:04:05.000Z',
        },
      ],
      ffmpeg: { state: 'here', version: '5.1.6', encoders: ['libx264'], missingEncoders: ['libsvtav1'] },
      caches: [{ name: 'models', path: '/cache/models', files: 2, bytes: 5e6 }],
    });
    expect(text).toBe(
      [
        'Versions',
        '  upreel 1.0.0, node 20.20.2, onnxruntime 1.30.0, sharp 0.35.5, vips 8.18.0',
        'Machine',
        '  linux x64, A CPU, 8 cores, 16.00 GB available',
        'Devices',
        '  cpu     works   always there',
        '  webgpu  works   equal to the CPU, 9.0 times as fast',
        '  cuda    absent  its libraries are not installed.',
        'Remembered verdicts',
        '  webgpu  film.pth (abcdef01)  within 1 levels of the CPU  2.1 ms against 500 ms on the CPU  2026-01-02',
        'ffmpeg',
        '  version 5.1.6, encoders libx264, without libsvtav1',
        'Caches',
        '  models  5.0 MB  2 files  /cache/models',
        'To do',
        '  nothing: all is well',
      ].join('\n'),
    );
  });
});

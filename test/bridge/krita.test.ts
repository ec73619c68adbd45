import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonWithoutGimp, runInTree, runUpreel } from '../support/gimp-tree.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { startService, type TestService } from '../support/service.ts';

const MODEL = 'realesr-animevideov3-x2';
const reason = reasonWithoutGimp();

describe.skipIf(reason !== null)(`Krita without a screen${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string;
  let service: TestService;
  let modules: string;

  beforeAll(async () => {
    await testModel(MODEL);
    service = await startService();
    folder = await mkdtemp(join(tmpdir(), 'upreel-krita-'));
    await chmod(folder, 0o700);
    const resources = join(folder, '.local/share/krita');
    modules = join(resources, 'pykrita');
    const args = ['krita', 'install', '--profile', resources, '--state-file', service.stateFile];
    const { code, output } = await runUpreel(args);
    expect(code, output).toBe(0);
  }, MODEL_TEST_TIMEOUT);
  afterAll(async () => {
    await service?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('gives the pixels that upreel gives', async () => {
    const [source, result, expected] = ['in.png', 'krita.png', 'upreel.png'].map((name) => join(folder, name));
    const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
    await sharp({ create: { width: 60, height: 44, channels: 3, background: '#000', noise } })
      .png()
      .toFile(source!);
    const program = ['kritarunner', '-s', 'upreel_krita', '-f', '__main__', source!, result!, MODEL];
    const { output } = await runInTree(program, {
      ...{ HOME: folder, XDG_RUNTIME_DIR: folder, QT_QPA_PLATFORM: 'offscreen', PYTHONPATH: modules },
    });
    // kritarunner ends with 0 whatever happened.
    expect(output).toContain('upreel: 120x88');
    await runUpreel([source!, '-o', expected!, '-m', MODEL, '--device', 'cpu', '--no-tui']);
    const pixels = (path: string) => sharp(path).removeAlpha().raw().toBuffer();
    expect(Buffer.compare(await pixels(result!), await pixels(expected!))).toBe(0);
    expect((await readFile(result!)).byteLength).toBeGreaterThan(0);
  }, 300_000);
});

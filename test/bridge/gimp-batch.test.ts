import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStateFile } from '../../src/bridge/index.ts';
import { joinAlpha, openPicture } from '../../src/core/codec/index.ts';
import { reasonWithoutGimp, runInTree, runUpreel, writeGimpProfile } from '../support/gimp-tree.ts';
import { testModel } from '../support/models.ts';
import { allEnded } from '../support/processes.ts';

const MODEL = 'realesr-animevideov3-x2';
const BATCH = fileURLToPath(new URL('./gimp/batch.py', import.meta.url));
const MINUTES = 60_000;
const reason = reasonWithoutGimp();

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

describe.skipIf(reason !== null)(`GIMP 3 without a screen${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string;
  let pictures: string;
  let stateFile: string;
  let checks: Check[] = [];

  beforeAll(async () => {
    await testModel(MODEL);
    folder = await mkdtemp(join(tmpdir(), 'upreel-gimp-'));
    await chmod(folder, 0o700);
    const profile = join(folder, 'profile');
    pictures = join(folder, 'pictures');
    stateFile = join(folder, 'state', 'service.json');
    for (const each of [profile, pictures, join(folder, 'home')]) await mkdir(each);
    await writeGimpProfile(profile);
    const installed = await runUpreel(['gimp', 'install', '--profile', profile, '--state-file', stateFile]);
    expect(installed.code, installed.output).toBe(0);
    const program = `FOLDER=${JSON.stringify(pictures)}; exec(compile(open(${JSON.stringify(BATCH)}).read(), 'batch.py', 'exec'))`;
    const interpreter = ['-i', '-d', '-f', '-c', '--batch-interpreter=python-fu-eval', '-b', program, '--quit'];
    const { output } = await runInTree(['gimp-console-3.0', ...interpreter], {
      GIMP3_DIRECTORY: profile,
      HOME: join(folder, 'home'),
    });
    const lines = await readFile(join(pictures, 'checks.jsonl'), 'utf8').catch(() => '');
    checks = lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Check]));
    expect(checks.at(-1)?.name, output.slice(-2000)).toBe('the end');
  }, 15 * MINUTES);

  afterAll(async () => {
    const state = await readStateFile(stateFile);
    if (state !== null) {
      process.kill(state.pid, 'SIGTERM');
      await allEnded([state.pid], 10_000);
    }
    await rm(folder, { recursive: true, force: true });
  });

  test('upscales every kind of image into every target, and refuses what it must', () => {
    expect(checks.length).toBeGreaterThan(100);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test(
    'gives the pixels and the profile that upreel gives for the exported file',
    async () => {
      const names = (await readdir(pictures)).filter((name) => name.endsWith('.source.png'));
      expect(names.length).toBe(17);
      const sources = names.map((name) => join(pictures, name));
      const made = join(folder, 'made');
      const flags = ['-o', made, '-m', MODEL, '--device', 'cpu', '--no-tui'];
      const { code, output } = await runUpreel([...sources, ...flags]);
      expect(code, output).toBe(0);
      for (const name of names) {
        const stem = name.slice(0, -'.source.png'.length);
        const expected = await readPng(join(made, `${stem}.source.upreel-2x.png`));
        const got = await readPng(join(pictures, `${stem}.result.png`));
        expect(Buffer.compare(got.pixels, expected.pixels), stem).toBe(0);
        expect(got.icc, stem).toEqual(expected.icc);
      }
    },
    5 * MINUTES,
  );
});

async function readPng(path: string): Promise<{ pixels: Uint8Array; icc: Uint8Array | null }> {
  const reader = await openPicture(path, { maxInputMegapixels: 10 });
  const { colour, alpha } = await reader.readPage(0);
  return { pixels: alpha === null ? colour.data : joinAlpha(colour, alpha), icc: reader.info.metadata.icc };
}

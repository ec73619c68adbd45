import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bridgeClient, readStateFile } from '../../src/bridge/index.ts';
import { reasonWithoutGimp, runInTree, runUpreel, writeGimpProfile } from '../support/gimp-tree.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { allEnded } from '../support/processes.ts';

const SCRIPT = fileURLToPath(new URL('./gimp/gui.sh', import.meta.url));
const reason = reasonWithoutGimp();

describe.skipIf(reason !== null)(`GIMP 3 on a screen${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string;
  let steps: string[] = [];

  beforeAll(async () => {
    await testModel('realesr-general-x4v3');
    folder = await mkdtemp(join(tmpdir(), 'upreel-gui-'));
    await chmod(folder, 0o700);
    await writePhoto(join(folder, 'photo.png'));
    const profile = join(folder, 'profile');
    for (const each of [profile, join(folder, 'home')]) await mkdir(each);
    await writeGimpProfile(profile);
    const shortcut = '(file-version 1)\n(action "plug-in-upreel-upscale" "<Primary><Shift><Alt>u")\n';
    await writeFile(join(profile, 'shortcutsrc'), shortcut);
    const broken = { node: '/nowhere/node', cli: '/nowhere/cli.js', stateFile: join(folder, 'other', 'service.json') };
    await writeFile(join(folder, 'broken-config.json'), JSON.stringify(broken));
    await runUpreel(['gimp', 'install', '--profile', profile, '--state-file', join(folder, 'state', 'service.json')]);
    await runInTree(['sh', SCRIPT, folder, '141'], { HOME: join(folder, 'home') });
    steps = (await readFile(join(folder, 'steps.log'), 'utf8')).trim().split('\n');
  }, 10 * MODEL_TEST_TIMEOUT);

  afterAll(async () => {
    const state = await readStateFile(join(folder, 'state', 'service.json'));
    if (state !== null) {
      process.kill(state.pid, 'SIGTERM');
      await allEnded([state.pid], 10_000);
    }
    // With UPREEL_KEEP_SCREENSHOTS=1 the evidence stays in the temporary folder, to be looked at.
    if (process.env.UPREEL_KEEP_SCREENSHOTS === undefined) await rm(folder, { recursive: true, force: true });
  });

  test('goes from the menu through dialog and preview to results, undo, cancel and an error', () => {
    expect(steps).toEqual([
      ...['menu', 'dialog', 'new-image', 'last-values', 'dialog-in-place', 'in-place', 'undone', 'redone'],
      ...['working', 'cancelled', 'error', 'end'],
    ]);
  });

  test('undo gives the canvas back that was there before, and redo the result', async () => {
    const canvas = async (name: string) =>
      sharp(join(folder, `${name}.png`))
        .extract({ left: 380, top: 300, width: 80, height: 60 })
        .raw()
        .toBuffer();
    expect(Buffer.compare(await canvas('redone'), await canvas('in-place'))).toBe(0);
    expect(Buffer.compare(await canvas('undone'), await canvas('in-place'))).not.toBe(0);
    expect(Buffer.compare(await canvas('undone'), await canvas('cancelled'))).toBe(0);
  });

  test('a cancelled job does not go on', async () => {
    const state = await readStateFile(join(folder, 'state', 'service.json'));
    expect(await bridgeClient(state!).jobs()).toEqual([]);
  });
});

async function writePhoto(path: string): Promise<void> {
  const [width, height] = [96, 72];
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const square = ((x >> 3) + (y >> 3)) % 2 === 0 ? 0 : 200;
      const pixel = [128 + 100 * Math.sin(Math.hypot(x - 48, y - 36) / 3), x * 2.5, square];
      data.set(pixel.map(Math.round), (y * width + x) * 3);
    }
  }
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bridgeClient, readStateFile } from '../../src/bridge/index.ts';
import { type GimpProfileFolder, openGimpProfile } from '../support/gimp-checks.ts';
import { reasonWithoutGimp, runInTree } from '../support/gimp-tree.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { until } from '../support/processes.ts';

const SCRIPT = fileURLToPath(new URL('./gimp/gui.sh', import.meta.url));
const reason = reasonWithoutGimp();

describe.skipIf(reason !== null)(`GIMP 3 on a screen${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let gimp: GimpProfileFolder;
  let steps: string[] = [];

  beforeAll(async () => {
    await testModel('realesr-general-x4v3');
    gimp = await openForScreen();
    steps = await onScreen(gimp, { LANG: 'C.UTF-8' });
  }, 10 * MODEL_TEST_TIMEOUT);
  afterAll(() => closeProfile(gimp));

  test('goes from the menu through dialog and preview to results, undo, cancel and an error', () => {
    expect(steps).toEqual([
      ...['menu', 'dialog', 'new-image', 'last-values', 'dialog-in-place', 'in-place', 'undone', 'redone'],
      ...['working', 'cancelled', 'error', 'end'],
    ]);
  });

  test('undo gives the canvas back that was there before, and redo the result', async () => {
    const canvas = async (name: string) =>
      sharp(join(gimp.folder, `${name}.png`))
        .extract({ left: 380, top: 300, width: 80, height: 60 })
        .raw()
        .toBuffer();
    expect(Buffer.compare(await canvas('redone'), await canvas('in-place'))).toBe(0);
    expect(Buffer.compare(await canvas('undone'), await canvas('in-place'))).not.toBe(0);
    expect(Buffer.compare(await canvas('undone'), await canvas('cancelled'))).toBe(0);
  });

  test('a cancelled job does not go on', async () => {
    const state = await readStateFile(gimp.stateFile);
    await until(async () => (await bridgeClient(state!).jobs()).length === 0, 30_000);
  });

  test('no key is taken twice', () => expectMnemonics(gimp));

  test.each([
    ['German', 'de_DE.UTF-8', 'Hochskalieren', 'v'],
    ['Korean', 'ko_KR.UTF-8', '업스케일', 'p'],
  ])(
    'speaks %s',
    async (_, locale, title, previewKey) => {
      const other = await openForScreen();
      try {
        expect(await onScreen(other, { LANG: locale }, title, previewKey)).toEqual(['dialog', 'end']);
        await expectMnemonics(other);
      } finally {
        await closeProfile(other);
      }
    },
    6 * MODEL_TEST_TIMEOUT,
  );
});

async function openForScreen(): Promise<GimpProfileFolder> {
  const gimp = await openGimpProfile();
  await writePhoto(join(gimp.folder, 'photo.png'));
  const shortcut = '(file-version 1)\n(action "plug-in-upreel-upscale" "<Primary><Shift><Alt>u")\n';
  await writeFile(join(gimp.folder, 'profile', 'shortcutsrc'), shortcut);
  await appendFile(
    join(gimp.folder, 'profile', 'gimprc'),
    '(image-title-format "%D*%f-%p.%i (%t, %o, %L) %wx%h %z%%")\n',
  );
  const nowhere = { node: '/nowhere/node', cli: '/nowhere/cli.js', stateFile: join(gimp.folder, 'other/service.json') };
  await writeFile(join(gimp.folder, 'broken-config.json'), JSON.stringify(nowhere));
  return gimp;
}

/** @returns the steps that were seen. @throws what was on the screen when one failed */
async function onScreen(gimp: GimpProfileFolder, env: Readonly<Record<string, string>>, ...args: string[]) {
  const { code, output } = await runInTree(['sh', SCRIPT, gimp.folder, ...args], {
    ...env,
    HOME: join(gimp.folder, 'home'),
  });
  const steps = await readFile(join(gimp.folder, 'steps.log'), 'utf8').catch(() => '');
  if (code !== 0) throw new Error(`Expected GIMP to go through all steps, got: ${steps}${output.slice(-2000)}`);
  return steps.trim().split('\n');
}

/** GIMP's log says which letters the plug-in's texts underline twice. */
async function expectMnemonics(gimp: GimpProfileFolder): Promise<void> {
  expect(await readFile(join(gimp.folder, 'gimp.log'), 'utf8')).not.toContain('duplicate mnemonic');
}

/** With UPREEL_KEEP_SCREENSHOTS=1 the evidence stays in the temporary folder, to be looked at. */
async function closeProfile(gimp: GimpProfileFolder | undefined): Promise<void> {
  await gimp?.close({ keep: process.env.UPREEL_KEEP_SCREENSHOTS !== undefined });
}

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

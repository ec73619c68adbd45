import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { CLI } from '../support/dist.ts';
import { testStateEnv } from '../support/state.ts';
import { TestTerminal } from '../support/terminal.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache') };

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('two.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  writeFileSync(at('four.safetensors'), writeSafetensors(randomCompact(16, 4, 4, 7)));
  ffmpeg(...pattern(4, { size: '64x48', rate: '10' }), ...H264, '-g', '10', at('film.mp4'));
});

const models = () => `${at('two.safetensors')},${at('four.safetensors')}`;

test('preview tries models on the frame at a time, writes what they make, and estimates the whole', async () => {
  const { code, records } = await upreel(
    [
      'preview',
      at('film.mp4'),
      '--at',
      '0:02.55',
      '--models',
      models(),
      '-o',
      at('look'),
      '--json',
      '--device',
      'cpu',
      '--html',
      at('look.html'),
    ],
    ENV,
  );
  expect(code).toBe(0);
  const [two, four, written, exit] = records;
  expect(two).toMatchObject({ v: 1, type: 'preview', device: 'cpu', frame: 25, framesTotal: 40 });
  expect(two).toMatchObject({ target: { width: 128, height: 96 } });
  expect(four).toMatchObject({ type: 'preview', target: { width: 256, height: 192 } });
  expect(Number(two!.estimatedSeconds)).toBeCloseTo(Number(two!.secondsPerFrame) * 40, 6);
  expect(Number(two!.secondsPerFrame)).toBeGreaterThan(0);
  expect(written).toMatchObject({ type: 'written', path: at('look.html') });
  expect(readFileSync(at('look.html'), 'utf8')).toMatch(
    /"name":"before".*"whole film","about .*64x48, is enlarged by bicubic to 256x192/,
  );
  expect(exit).toEqual({ v: 1, type: 'exit', code: 0 });
  expect(readdirSync(at('look')).sort()).toEqual([
    'frame-000026.four.safetensors.png',
    'frame-000026.png',
    'frame-000026.two.safetensors.png',
  ]);
  // The frame is that of the film at this time: no other is as near, however colours are converted.
  const pixels = (name: string) => sharp(at(name)).removeAlpha().raw().toBuffer();
  const shown = await pixels('look/frame-000026.png');
  const distances = [24, 25, 26].map(async (frame) => {
    const name = `frame${frame}.png`;
    ffmpeg('-i', at('film.mp4'), '-vf', `select=eq(n\\,${frame})`, '-frames:v', '1', '-y', at(name));
    const other = await pixels(name);
    return shown.reduce((sum, value, index) => sum + Math.abs(value - other[index]!), 0);
  });
  const [before, same, after] = await Promise.all(distances);
  expect(same).toBeLessThan(Math.min(before!, after!));
});

test('preview goes on after a model that does not exist, and says so by its exit code', async () => {
  const { code, records } = await upreel(
    ['preview', at('film.mp4'), '--models', `${at('none.pth')},${at('two.safetensors')}`, '--json', '--device', 'cpu'],
    ENV,
  );
  expect(code).toBe(9);
  expect(records.map(({ type }) => type)).toEqual(['preview-failed', 'preview', 'exit']);
});

test('preview tries presets, each with what it does to the frame before, and refuses one that there is not', async () => {
  mkdirSync(at('home/upreel'), { recursive: true });
  writeFileSync(
    at('home/upreel/config.toml'),
    `[presets.dark]\nmodel = ${JSON.stringify(at('two.safetensors'))}\n[presets.dark.video]\npre = "eq=brightness=-0.5"\n`,
  );
  const env = { ...ENV, XDG_CONFIG_HOME: at('home') };
  const words = ['preview', at('film.mp4'), '--models', at('two.safetensors'), '-o', at('dark'), '--device', 'cpu'];
  const { code, records } = await upreel([...words, '--presets', 'dark', '--json'], env);
  expect({ code, models: records.map(({ model }) => model) }).toEqual({
    ...{ code: 0, models: [at('two.safetensors'), 'preset dark', undefined] },
  });
  const light = async ({ png }: Record<string, unknown>) => (await sharp(String(png)).stats()).channels[1]!.mean;
  expect(await light(records[1]!)).toBeLessThan((await light(records[0]!)) - 20);
  writeFileSync(
    at('home/upreel/config.toml'),
    `[presets.cut]\nmodel = ${JSON.stringify(at('two.safetensors'))}\n[presets.cut.video]\ncrop = "64x20+0+4"\n`,
  );
  const cut = await upreel([...words, '--presets', 'cut', '--html', at('cut.html')], env);
  expect(cut).toMatchObject({ code: 0 });
  expect(readFileSync(at('cut.html'), 'utf8')).toMatch(/"name":"preset cut","width":128,"height":40,/);
  expect(await upreel([...words, '--presets', 'none-such'], env)).toMatchObject({ code: 2 });
});

test('preview refuses a time beyond the end, and what is no time', async () => {
  expect(await upreel(['preview', at('film.mp4'), '--at', '9'], ENV)).toMatchObject({ code: 2 });
  expect(await upreel(['preview', at('film.mp4'), '--at', 'noon'], ENV)).toMatchObject({ code: 2 });
  expect(await upreel(['preview', at('none.mp4')], ENV)).toMatchObject({ code: 3 });
  expect(existsSync(at('none.mp4'))).toBe(false);
});

test('preview shows the pictures side by side in a terminal', async () => {
  const words = ['preview', at('film.mp4'), '--models', models(), '--device', 'cpu'];
  const env = { ...ENV, ...testStateEnv(), HOME: folder, COLORTERM: 'truecolor' };
  const terminal = new TestTerminal([CLI, ...words], { columns: 120, rows: 60, env });
  try {
    await terminal.untilExit();
    const screen = terminal.everything().join('\n');
    expect(terminal.exit).toMatchObject({ exitCode: 0 });
    expect(screen).toMatch(/^before .*two\.safetensors.* .*four\.safetensors/m);
    expect(screen).toMatch(/▀{30}/);
    expect(screen).toMatch(/film\.mp4: frame 1 of 40, at 0:00\.0, 64x48/);
    expect(screen).toMatch(/cpu +128x96 +[\d.]+ s +about /);
  } finally {
    terminal.close();
  }
});

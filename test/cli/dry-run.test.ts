import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { eventRecordSchema } from '../../src/cli/report/events-schema.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { jsonLines, runCli } from '../support/cli.ts';
import { ffmpeg, H264, pattern, temporaryFolder, tone } from '../support/clips.ts';

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const env = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state'), UPREEL_MODELS: '' };
const upreel = (...args: string[]) => runCli([...args, '--device', 'cpu', '--no-tui'], env);

beforeAll(async () => {
  mkdirSync(at('in', 'sub'), { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  const clear = { r: 0, g: 0, b: 255, alpha: 0.5 };
  await sharp({ create: { width: 8, height: 6, channels: 4, background: clear } }).toFile(at('in', 'a.png'));
  await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } }).toFile(at('in', 'sub', 'b.jpg'));
  ffmpeg(...pattern(0.4), ...tone(0.4), ...H264, '-c:a', 'aac', at('in', 'film.mkv'));
  writeFileSync(at('in', 'empty.mkv'), '');
});

/** Everything below the test's folder, with sizes and times. */
function everything(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => `${name} ${statSync(at(name)).size} ${statSync(at(name)).mtimeMs}`);
}

test('a dry run of a folder tells what a real one then does, and leaves no trace', async () => {
  const args = [
    at('in', 'a.png'),
    at('in', 'sub'),
    at('in', 'film.mkv'),
    '-m',
    at('tiny.safetensors'),
    '-o',
    at('out/'),
  ];
  const before = everything();
  const lines = jsonLines(await upreel(...args, '--scale', '3', '--dry-run', '--json'));
  expect(everything()).toEqual(before);
  for (const line of lines) expect(() => eventRecordSchema.parse(line)).not.toThrow();
  const planned = lines.filter(({ type }) => type === 'planned');
  expect(planned).toMatchObject([
    { kind: 'image', target: { width: 24, height: 18 }, pages: 1, scale: 2, bytesToFetch: 0 },
    { kind: 'image', source: { width: 8, height: 6 } },
    { kind: 'video', frames: 10, encoder: 'libx264', streams: [{ becomes: 'upscaled' }, { becomes: 'copied' }] },
  ]);
  const told = jsonLines(await upreel(...args, '--scale', '3', '--json'));
  for (const type of ['started', 'done']) {
    expect(told.filter((line) => line.type === type).map(({ output }) => output)).toEqual(
      planned.map(({ output }) => output),
    );
  }
  const sizes = told.filter(({ type }) => type === 'started').map(({ target }) => target);
  expect(sizes).toEqual(planned.map(({ target }) => target));
}, 120_000);

test.each([
  ['a result that exists', ['a.png'], ['-o', at('in', 'a.png'), '--overwrite']],
  ['a name that is taken', ['a.png'], ['-o', at('in', 'film.mkv')]],
  ['no folder', ['a.png'], ['-o', at('none', 'a.png')]],
  ['transparency in JPEG', ['a.png'], ['-o', at('x.jpg')]],
  ['a part that is not there', ['a.png'], ['--crop', '90x90+0+0']],
  ['no input', ['none.png', 'a.png'], ['--flatten', '#ffffff', '-o', at('in', 'sub', 'b.jpg/')]],
  ['no film', ['empty.mkv'], ['-o', at('x.mkv')]],
  ['a container that is none', ['film.mkv'], ['-o', at('x.avi')]],
  ['a flag for pictures', ['film.mkv'], ['--flatten', '#ffffff']],
  ['no model', ['film.mkv'], ['-m', 'nonesuch']],
])('%s: refused as without --dry-run', async (_, inputs, flags) => {
  const args = [...inputs.map((name) => at('in', name)), '-m', at('tiny.safetensors'), ...flags];
  const [dry, real] = [await upreel(...args, '--dry-run'), await upreel(...args)];
  expect(real.code).not.toBe(0);
  expect(dry.code).toBe(real.code);
});

test('people are told in lines; a model that is not here would be fetched, and a pipe cannot be looked at', async () => {
  const before = everything();
  const { code, stdout } = await upreel(at('in', 'film.mkv'), '-o', at('x.webm'), '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toMatch(/would be upscaled:\n {2}result +.*x\.webm\n/);
  expect(stdout).toMatch(/model +realesr-general-x4v3 \(4x\), to be fetched first: 4\.9 MB/);
  expect(stdout).toMatch(/stream 1 +audio aac: converted to opus/);
  expect(await upreel(at('in', 'film.mkv'), '-o', '-', '--dry-run')).toMatchObject({ code: 2 });
  expect(everything()).toEqual(before);
});

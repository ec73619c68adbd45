import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { addMade } from '../../src/core/codec/index.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { jsonLines, runCli } from '../support/cli.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

test('a picture and a film say how they were made: with what network, preset and settings, and of what', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 2, 2, 7)));
  await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } }).toFile(at('photo.png'));
  ffmpeg(...pattern(0.2), ...H264, at('film.mkv'));
  const flags = ['-m', at('tiny.safetensors'), '--device', 'cpu', '--preset', 'grain', '--scale', '3', '--no-tui'];
  const made = await runCli([at('photo.png'), at('film.mkv'), ...flags], { XDG_STATE_HOME: at('state') });
  expect(made).toMatchObject({ code: 0 });
  const results = [at('photo.upreel-3x.png'), at('film.upreel-3x.mkv')];
  const told = jsonLines(await runCli(['info', '--json', ...results]));
  const how = { program: expect.stringMatching(/^upreel \d/), model: 'tiny', device: 'cpu', preset: 'grain' };
  const options = { target: { kind: 'scale', scale: 3 } };
  expect(told).toMatchObject([
    { kind: 'image', width: 24, provenance: { ...how, options, source: { name: 'photo.png' } } },
    { kind: 'video', width: 192, provenance: { ...how, options, source: { name: 'film.mkv' } } },
  ]);
  const text = await runCli(['info', ...results]);
  expect(text.stdout).toMatch(/made by +upreel \d[\s\S]*preset +grain\n +options +target .*3[\s\S]*source +film.mkv/);
}, 60_000);

test('what a hostile file says of itself is shown, not obeyed, and not at length', async () => {
  const facts = { model: '\u001b[2Jmodel\u202e', network: 'x'.repeat(1000), device: 'd', source: { name: '\n\u009b' } };
  const options = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`o${index}`, '\u001b'.repeat(5)]));
  const line = `upreel 9 ${JSON.stringify({ ...facts, options })}`;
  const xmp = Buffer.from(addMade(null, line)!).toString();
  await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } })
    .withXmp(xmp)
    .toFile(at('hostile.png'));
  const told = await runCli(['info', at('hostile.png')]);
  expect(told.code).toBe(0);
  expect(told.stdout).toContain('\\x1b[2Jmodel\\u202e');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  expect(told.stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(told.stdout.length).toBeLessThan(5000);
  const json = await runCli(['info', '--json', at('hostile.png')]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
  expect(json.stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(jsonLines(json)).toMatchObject([{ type: 'info', kind: 'image', provenance: { ...facts, preset: null } }]);
});

test('a file that tells nothing is said to, and one that is none is refused', async () => {
  await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } }).toFile(at('plain.jpg'));
  const plain = await runCli(['info', at('plain.jpg')]);
  expect(plain).toMatchObject({ code: 0, stdout: expect.stringContaining('It does not say that upreel made it.') });
  expect(plain.stdout).toContain('jpeg, 8x6');
  expect(await runCli(['info', at('none.png')])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('none.png'),
  });
});

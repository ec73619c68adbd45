import { copyFileSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findProgram } from '../../../src/core/ffmpeg/program-path.ts';
import { temporaryFolder } from '../../support/clips.ts';

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const TRIAL = {
  inputs: [{ options: ['-f', 'lavfi'], source: 'color=gray:size=64x48:rate=25' }],
  output: { options: ['-frames:v', '1', '-c:v', 'ffv1', '-f', 'null'], target: '-' },
};
const KEPT = at('cache', 'trials', 'encoders.json');
const SYSTEM_LISTS_LIBRARIES = process.platform === 'linux';
const needs = test.runIf(SYSTEM_LISTS_LIBRARIES);

beforeEach(async () => {
  vi.stubEnv('UPREEL_CACHE', at('cache'));
  vi.stubEnv('FFMPEG_PATH', '');
  mkdirSync(at('bin'), { recursive: true });
  copyFileSync((await findProgram('ffmpeg'))!, at('bin', 'ffmpeg'));
  vi.stubEnv('FFMPEG_PATH', at('bin', 'ffmpeg'));
});
afterEach(() => vi.unstubAllEnvs());

/** As another run of the program finds it: nothing is in memory. */
async function lookUp(trial = TRIAL, onDisk = true) {
  vi.resetModules();
  const { lookUpTrial } = await import('../../../src/video/encode/encoder-trials.ts');
  return lookUpTrial(trial, onDisk);
}

async function remembered(): Promise<boolean> {
  return (await lookUp()).hasWorked;
}

needs('a trial that went well is known to the next run, for these options alone (needs Linux)', async () => {
  const first = await lookUp();
  expect(first.hasWorked).toBe(false);
  await first.remember();
  expect(await remembered()).toBe(true);
  const other = { ...TRIAL, output: { ...TRIAL.output, options: [...TRIAL.output.options, '-level', '3'] } };
  expect((await lookUp(other)).hasWorked).toBe(false);
});

needs('another ffmpeg is noticed, be it under the same name and of the same size (needs Linux)', async () => {
  await (await lookUp()).remember();
  expect(await remembered()).toBe(true);
  utimesSync(at('bin', 'ffmpeg'), new Date(), new Date());
  expect(await remembered()).toBe(false);
  await (await lookUp()).remember();
  expect(await remembered()).toBe(true);
});

needs('libraries that a program brings along are noticed, too (needs Linux)', async () => {
  mkdirSync(at('lib'), { recursive: true });
  await (await lookUp()).remember();
  expect(await remembered()).toBe(true);
  writeFileSync(at('lib', `libx264.so.${Date.now()}`), '');
  expect(await remembered()).toBe(false);
});

needs('after a day it is asked again (needs Linux)', async () => {
  await (await lookUp()).remember();
  const kept = JSON.parse(readFileSync(KEPT, 'utf8'));
  for (const hours of [25, -1]) {
    kept.trials[0].at = new Date(Date.now() - hours * 3_600_000).toISOString();
    writeFileSync(KEPT, JSON.stringify(kept));
    expect(await remembered()).toBe(false);
  }
  kept.trials[0].at = new Date(Date.now() - 23 * 3_600_000).toISOString();
  writeFileSync(KEPT, JSON.stringify(kept));
  expect(await remembered()).toBe(true);
});

needs('the last two hundred are kept, and what is no list is none (needs Linux)', async () => {
  await (await lookUp()).remember();
  const { ffmpeg, trials } = JSON.parse(readFileSync(KEPT, 'utf8'));
  const others = Array.from({ length: 200 }, (_, index) => ({ ...trials[0], trial: `${index}` }));
  writeFileSync(KEPT, JSON.stringify({ ffmpeg, trials: others }));
  expect(await remembered()).toBe(false);
  await (await lookUp()).remember();
  expect(await remembered()).toBe(true);
  expect(JSON.parse(readFileSync(KEPT, 'utf8')).trials).toHaveLength(200);
  writeFileSync(KEPT, '{"ffmpeg":');
  expect(await remembered()).toBe(false);
  await (await lookUp()).remember();
  expect(await remembered()).toBe(true);
});

test('a script may start any ffmpeg: of it nothing is remembered but in memory', async () => {
  writeFileSync(at('bin', 'ffmpeg'), '#!/bin/sh\nexec ffmpeg "$@"\n', { mode: 0o755 });
  const first = await lookUp();
  await first.remember();
  expect(await remembered()).toBe(false);
});

test.each(['LD_PRELOAD', 'LD_LIBRARY_PATH'])('nor where %s brings in other libraries', async (name) => {
  vi.stubEnv(name, '/nowhere');
  await (await lookUp()).remember();
  expect(await remembered()).toBe(false);
});

test('where no trace may be left, nothing is, and no folder is made', async () => {
  vi.stubEnv('UPREEL_CACHE', at('untouched'));
  const first = await lookUp(TRIAL, false);
  await first.remember();
  expect(existsSync(at('untouched'))).toBe(false);
});

test('a cache that cannot be written costs the trial again, no more', async () => {
  writeFileSync(at('file'), '');
  vi.stubEnv('UPREEL_CACHE', at('file'));
  await (await lookUp()).remember();
  expect(await remembered()).toBe(false);
});

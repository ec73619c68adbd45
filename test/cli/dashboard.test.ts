import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Progress } from '../../src/core/events.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { CLI } from '../support/dist.ts';
import { testStateEnv } from '../support/state.ts';
import { hasTerminal, TestTerminal } from '../support/terminal.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache') };
let terminal: TestTerminal;

beforeAll(() => {
  if (!hasTerminal) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(60, { size: '192x144', rate: '15' }), ...H264, '-g', '15', at('film.mp4'));
  const words = [at('film.mp4'), '-o', at('film.mkv'), '-m', at('tiny.safetensors'), '--device', 'cpu'];
  const env = { ...ENV, ...testStateEnv(), HOME: folder, COLORTERM: 'truecolor' };
  const rest = ['--encoder', 'ffv1', '--threads', '1', '--segment-seconds', '1'];
  terminal = new TestTerminal([CLI, ...words, ...rest], { columns: 100, rows: 30, env });
});

afterAll(async () => {
  if (!hasTerminal) return;
  terminal.close();
  await upreel(['remove', '--force', at('film.mkv')], ENV);
});

const LONG = 90_000;

test('a real job is drawn, paused, resized, looked at and cancelled on its dashboard', async () => {
  await terminal.until((screen) => /frames +[1-9]\d* of 900/.test(screen), LONG);
  await terminal.until((screen) => /upscale .* % busy/.test(screen) && /segments .* of 60 done/.test(screen), LONG);
  expect(terminal.screen().join('\n')).toContain('192x144 → 384x288');
  terminal.press('p');
  await terminal.until((screen) => screen.includes('‖ paused'), LONG);
  // Whoever looks again, from another process, is told the same.
  const [job] = (await upreel(['jobs', '--json'], ENV)).records as { progress?: Progress }[];
  expect(job?.progress?.stageLoads?.map(({ name }) => name)).toEqual(['decode', 'upscale', 'encode']);
  await terminal.untilResized(80, 24, (screen) => screen.includes('p go on') && screen.includes('q leave'));
  terminal.press('p');
  await terminal.until((screen) => screen.includes('▸ running'), LONG);
  terminal.press('v');
  await terminal.until((screen) => screen.includes('192x144 → 384x288, left before') && /▀{20}/.test(screen), LONG);
  terminal.press('v');
  await terminal.until((screen) => /frames +\d+ of 900/.test(screen), LONG);
  terminal.press('l');
  await terminal.until((screen) => screen.includes('segment-committed') || screen.includes('paused'), LONG);
  terminal.press('x');
  await terminal.until((screen) => screen.includes('y yes'), LONG);
  terminal.press('y');
  await terminal.untilExit();
  expect(terminal.exit).toMatchObject({ exitCode: 130 });
  expect(terminal.everything().join('\n')).toContain('upreel: Cancelled.');
}, 900_000);

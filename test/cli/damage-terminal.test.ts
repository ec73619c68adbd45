import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { CLI } from '../support/dist.ts';
import { testStateEnv } from '../support/state.ts';
import { TestTerminal } from '../support/terminal.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache') };
const terminals: TestTerminal[] = [];
const FRAMES = 60;

beforeAll(() => {
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  const whole = ffmpeg(...pattern(FRAMES / 25, { size: '48x32' }), ...H264, '-f', 'matroska', '-');
  writeFileSync(at('whole.mkv'), whole);
  ffmpeg('-i', at('whole.mkv'), '-c', 'copy', '-bsf:v', 'noise=amount=60', at('noisy.mkv'));
});

afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.close();
});

const args = (output: string) => [
  ...[at('noisy.mkv'), '-o', at(output), '-m', at('tiny.safetensors'), '--device', 'cpu', '--threads', '1'],
];

function open(...words: string[]): TestTerminal {
  const env = { ...ENV, ...testStateEnv(), HOME: folder };
  const terminal = new TestTerminal([CLI, ...words], { columns: 200, rows: 30, env });
  terminals.push(terminal);
  return terminal;
}

const ASKED = 'Go on with what is there of the film? [y/N]';

describe('a damaged film in a terminal', () => {
  test.each([
    ['from the dashboard', []],
    ['from plain lines', ['--foreground', '--no-tui']],
  ])('is made %s when the question is answered with yes', async (how, flags) => {
    const output = `yes-${flags.length}.mkv`;
    const terminal = open(...args(output), ...flags);
    await terminal.until((screen) => screen.includes(ASKED), 120_000);
    expect(existsSync(at(output)), how).toBe(false);
    terminal.press('y\r');
    await terminal.untilExit();
    expect(terminal.exit).toMatchObject({ exitCode: 0 });
    const { length } = frameTimes(at(output));
    expect(length).toBeGreaterThan(FRAMES / 2);
    expect(length).toBeLessThanOrEqual(FRAMES);
  });

  test.each(['\r', 'n\r', '\x03', '\x04'])('is left as it was when the answer is %j', async (answer) => {
    const terminal = open(...args('no.mkv'), '--foreground', '--no-tui');
    await terminal.until((screen) => screen.includes(ASKED), 120_000);
    terminal.press(answer);
    await terminal.untilExit();
    expect(terminal.exit).toMatchObject({ exitCode: 3 });
    expect(existsSync(at('no.mkv'))).toBe(false);
  });

  test('is not asked about where nobody sits: the words name a command that makes it', async () => {
    const { code, err } = await upreel([...args('told.mkv'), '--no-tui'], ENV);
    expect(code).toBe(3);
    const [, ...words] = /upreel (resume) (\S+) (--on-decode-error) (conceal)$/m.exec(err) ?? [];
    expect(words).toHaveLength(4);
    expect(await upreel([...words, '--no-tui', '--foreground'], ENV)).toMatchObject({ code: 0 });
    expect(frameTimes(at('told.mkv')).length).toBeGreaterThan(FRAMES / 2);
  });
});

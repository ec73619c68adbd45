import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { CLI } from '../support/dist.ts';
import { listJobs } from '../support/jobs.ts';
import { isAlive, until } from '../support/processes.ts';
import { testStateEnv } from '../support/state.ts';
import { HOSTILE_NAMES } from '../support/task-events.ts';
import { TestTerminal } from '../support/terminal.ts';

// Longer than all waits of a test together: what hangs says itself what it waits for.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache') };
const terminals: TestTerminal[] = [];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(8, { size: '192x144', rate: '15' }), ...H264, '-g', '15', at('film.mp4'));
  expect(await upreel([...args('whole.mkv'), '--json'], ENV)).toMatchObject({ code: 0 });
});

afterEach(async () => {
  for (const terminal of terminals.splice(0)) terminal.close();
  for (const job of await listJobs()) {
    if (job.state !== 'done') await upreel(['remove', '--force', String(job.id)], ENV);
  }
});

const args = (output: string) => [
  ...[at('film.mp4'), '-o', at(output), '-m', at('tiny.safetensors'), '--device', 'cpu', '--encoder', 'ffv1'],
  ...['--threads', '1', '--segment-seconds', '1'],
];

function open(...words: string[]): TestTerminal {
  const env = { ...ENV, ...testStateEnv(), HOME: folder };
  const terminal = new TestTerminal([CLI, ...words], { columns: 100, rows: 30, env });
  terminals.push(terminal);
  return terminal;
}

async function jobOf(output: string): Promise<Record<string, unknown>> {
  const job = (await listJobs()).find((record) => record.output === at(output));
  if (job === undefined) throw new Error(`Expected ${output} to be listed.`);
  return job;
}

async function batch(): Promise<readonly Record<string, unknown>[]> {
  return (await listJobs()).filter(({ output }) => String(output).startsWith(at('batch/')));
}

const committed = (output: string): number => {
  const path = `${at(output)}.upreel`;
  return existsSync(path) ? readdirSync(path).filter((name) => /^segment-\d+\.json$/.test(name)).length : 0;
};

describe('a video in a terminal', () => {
  test('goes on when its view is left, when a viewer is killed, and is looked at by several at once', async () => {
    const first = open(...args('left.mkv'));
    await first.until((screen) => screen.includes('left.mkv') && screen.includes('running'), 120_000);
    first.press('q');
    await first.untilExit();
    expect(first.exit).toMatchObject({ exitCode: 0 });
    expect(first.everything().join('\n')).toContain('upreel watch');
    const { id, state, supervisorPid } = await jobOf('left.mkv');
    expect(state).toBe('running');
    // A session of its own: closing the terminal does not reach it.
    const stat = readFileSync(`/proc/${supervisorPid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    expect([stat[2], stat[3]]).toEqual([String(supervisorPid), String(supervisorPid)]);
    expect(await upreel(['pause', String(id)], ENV)).toMatchObject({ code: 0 });

    const [second, third] = [open(...args('left.mkv')), open('watch', String(id).slice(0, 6))];
    await Promise.all([second, third].map((viewer) => viewer.until((screen) => screen.includes('left.mkv'), 120_000)));
    expect(await jobOf('left.mkv')).toMatchObject({ supervisorPid, state: 'paused' });
    second.kill('SIGKILL');
    await second.untilExit();
    expect(await upreel(['resume', String(id)], ENV)).toMatchObject({ code: 0 });
    await third.until((screen) => /\bdone\b/.test(screen) && screen.includes('left.mkv'), 120_000);
    await third.until(() => existsSync(at('left.mkv')), 120_000);
    third.press('q');
    await third.untilExit();
    expect(third.exit).toMatchObject({ exitCode: 0 });
    expect(decodeRgb(at('left.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.includes('left'))).toEqual(['left.mkv']);
    await until(() => !isAlive(Number(supervisorPid)), 10_000);
  });

  test('whose supervisor is killed ends the view with 130, and goes on with resume', async () => {
    const view = open(...args('killed.mkv'));
    await view.until(() => committed('killed.mkv') > 0, 120_000);
    process.kill(Number((await jobOf('killed.mkv')).supervisorPid), 'SIGKILL');
    await view.untilExit();
    expect(view.exit).toMatchObject({ exitCode: 130 });
    expect(await jobOf('killed.mkv')).toMatchObject({ state: 'interrupted' });
    const again = open('resume', at('killed.mkv'));
    await again.untilExit();
    expect(again.exit).toMatchObject({ exitCode: 0 });
    expect(decodeRgb(at('killed.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
  });

  test('that cannot be done fails with its exit code and leaves nothing but its place in the list', async () => {
    writeFileSync(at('bad.mp4'), 'not a film');
    const view = open(at('bad.mp4'), ...args('bad.mkv').slice(1));
    await view.untilExit();
    expect(view.exit).toMatchObject({ exitCode: 3 });
    expect(await jobOf('bad.mkv')).toMatchObject({ state: 'failed' });
    expect(readdirSync(folder).filter((name) => name.includes('bad.mkv'))).toEqual([]);
  });

  test('shares a supervisor with the others of a large batch, and all get done', async () => {
    const short = Array.from({ length: 9 }, (_, index) => at(`short${index}.mkv`));
    ffmpeg(...pattern(0.4, { size: '48x32', rate: '15' }), ...H264, short[0]!);
    for (const name of short.slice(1)) copyFileSync(short[0]!, name);
    const view = open(...short, ...args('batch/').slice(1));
    await view.until(async () => (await batch()).length === 9, 120_000);
    expect(new Set((await batch()).map((job) => job.supervisorPid ?? 'ended')).size).toBeLessThanOrEqual(2);
    await view.untilExit();
    expect(view.exit).toMatchObject({ exitCode: 0 });
    expect(readdirSync(at('batch'))).toHaveLength(9);
    const ends = (await batch()).map(({ endedAtMs }) => Number(endedAtMs));
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  test('stays in the foreground when asked to', async () => {
    const view = open(...args('foreground.mkv'), '--foreground');
    await view.until(() => committed('foreground.mkv') > 0, 120_000);
    view.kill('SIGTERM');
    await view.untilExit();
    expect(view.exit).toMatchObject({ exitCode: 143 });
    expect(await jobOf('foreground.mkv')).toMatchObject({ state: 'interrupted' });
  });
});

test('hostile names do nothing to the terminal that lists and logs them', async () => {
  const list = join(testStateEnv().XDG_STATE_HOME, 'upreel', 'jobs');
  const model = (await jobOf('whole.mkv')).model;
  const sample = JSON.parse(readFileSync(join(list, `${(await jobOf('whole.mkv')).id}.json`), 'utf8'));
  for (const [index, name] of HOSTILE_NAMES.entries()) {
    const id = `hostile${index.toString(36)}`;
    const named = { ...sample, id, folder: `/${name}`, output: `/${name}`, model: `${model}${name}` };
    const error = { code: 'internal', message: name, hint: name, detail: name };
    const ended = { ...sample.ended, state: 'failed', exitCode: 1, error, done: null };
    writeFileSync(join(list, `${id}.json`), JSON.stringify({ ...named, ended }));
    writeFileSync(join(list, `${id}.log`), `${JSON.stringify({ at: name, type: name, message: name })}\n${name}\n`);
  }
  for (const words of [
    ['jobs'],
    ['logs', 'hostile0'],
    ['logs', 'hostile1'],
    ['wait', 'hostile4'],
    ['jobs', '--json'],
  ]) {
    const terminal = open(...words);
    await terminal.untilExit();
    expect(terminal.everything().join('')).toContain('.mp4');
    expect([terminal.titles, terminal.clipboard]).toEqual([[], []]);
    expect(terminal.output.replace(/[\r\n]/g, '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  }
});

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventRecordSchema } from '../../src/cli/report/events-schema.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { type Finished, type Running, startUpreel, upreel } from '../support/command.ts';
import { listJobs } from '../support/jobs.ts';
import { allEnded, descendantsOf, until } from '../support/processes.ts';
import { testStateEnv } from '../support/state.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache') };
const SLOW = ['-m', at('tiny.safetensors'), '--device', 'cpu', '--encoder', 'ffv1', '--threads', '1'];

/** For jobs that are not to end by themselves, however fast the machine is. */
const SLOWER = ['-m', at('slower.safetensors')];

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(24, 4, 2, 7)));
  writeFileSync(at('slower.safetensors'), writeSafetensors(randomCompact(48, 8, 2, 7)));
  ffmpeg(...pattern(8, { size: '192x144', rate: '15' }), ...H264, '-g', '15', at('film.mp4'));
  expect(await upreel(args('whole.mkv'), ENV)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  for (const { id, state } of await jobs()) {
    if (state !== 'done') await upreel(['remove', '--force', String(id)], ENV);
  }
});

const args = (output: string, ...more: string[]) => [
  ...[at('film.mp4'), '-o', at(output), ...SLOW, '--segment-seconds', '1', '--json'],
  ...more,
];
const run = (...words: string[]): Promise<Finished> => upreel(words, ENV);

async function jobs(): Promise<readonly Record<string, unknown>[]> {
  const records = await listJobs();
  for (const record of records) eventRecordSchema.parse(record);
  return records;
}

async function jobOf(output: string): Promise<Record<string, unknown>> {
  const job = (await jobs()).find((record) => record.output === at(output));
  if (job === undefined) throw new Error(`Expected ${output} to be listed.`);
  return job;
}

/** Polls the list until the job is in one of these states. */
async function untilState(output: string, ...states: string[]): Promise<Record<string, unknown>> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const job = (await jobs()).find((record) => record.output === at(output));
    if (job !== undefined && states.includes(String(job.state))) return job;
    if (Date.now() > deadline) throw new Error(`Expected ${output} to become ${states}, it is ${job?.state}.`);
    await sleep(50);
  }
}

const framesDone = (job: Record<string, unknown>): number =>
  (job.progress as { framesDone: number } | null)?.framesDone ?? 0;
const committed = (output: string): number => {
  const path = `${at(output)}.upreel`;
  return existsSync(path) ? readdirSync(path).filter((name) => /^segment-\d+\.json$/.test(name)).length : 0;
};

describe('a job', () => {
  test('that a script waits for is listed, pauses and goes on from elsewhere, and its pauses are not its time', async () => {
    const began = Date.now();
    const running = startUpreel(args('paused.mkv'), ENV);
    await until(() => committed('paused.mkv') > 0, 120_000);
    expect(await run('pause', at('paused.mkv'))).toMatchObject({ code: 0 });
    const before = await jobOf('paused.mkv');
    expect(before).toMatchObject({ state: 'paused', device: 'cpu', model: at('tiny.safetensors'), place: null });
    // The tile at work may still be finished.
    await sleep(1500);
    const still = framesDone(await jobOf('paused.mkv'));
    await sleep(2500);
    expect(framesDone(await jobOf('paused.mkv'))).toBe(still);

    const resumed = await run('resume', at('paused.mkv'));
    expect([resumed.code, resumed.out]).toEqual([0, expect.stringContaining('running')]);
    const { code, records } = await running.finished;
    expect(code).toBe(0);
    const { seconds } = records.find((record) => record.type === 'done') as { seconds: number };
    expect(seconds).toBeLessThan((Date.now() - began) / 1000 - 4);
    expect(decodeRgb(at('paused.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(await jobOf('paused.mkv')).toMatchObject({ state: 'done', error: null });
    const printed = await run('jobs', '--json');
    expect(printed.records.find((record) => record.output === at('paused.mkv'))).toEqual(await jobOf('paused.mkv'));
    const log = await run('logs', at('paused.mkv'));
    expect(log.out).toMatch(/paused[\s\S]*running[\s\S]*done {2}\d+ frames in \d+ s, \d+ bytes/);
    expect(log.out).toMatch(/started {2}\d+x\d+ to \d+x\d+, \d+ frames, .*tiny\.safetensors on cpu/);
  });

  test('is cancelled from elsewhere, keeps what it has, and goes on to the same frames', async () => {
    const running = startUpreel(args('cancelled.mkv'), ENV);
    await until(() => committed('cancelled.mkv') > 1, 120_000);
    const waiting = run('wait', at('cancelled.mkv'));
    expect(await run('cancel', at('cancelled.mkv'))).toMatchObject({ code: 0 });
    expect(await running.finished).toMatchObject({ code: 130 });
    expect(await waiting).toMatchObject({ code: 130 });
    const cancelled = await jobOf('cancelled.mkv');
    expect(cancelled).toMatchObject({ state: 'cancelled', error: { code: 'interrupted' } });
    expect(framesDone(cancelled)).toBe(committed('cancelled.mkv') * 15);

    const { id } = cancelled;
    const { code, records } = await run('resume', String(id).slice(0, 5), '--json');
    expect(code).toBe(0);
    expect(records.find((record) => record.type === 'started')?.framesKept).toBeGreaterThan(15);
    expect(decodeRgb(at('cancelled.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
    expect(await run('wait', String(id))).toMatchObject({ code: 0 });
  });

  test('whose supervisor is killed is interrupted, and goes on even if the list has lost it', async () => {
    const running = startUpreel(args('killed.mkv'), ENV);
    await until(() => committed('killed.mkv') > 0, 120_000);
    const family = descendantsOf(running.pid);
    running.child.kill('SIGKILL');
    await untilState('killed.mkv', 'interrupted');
    // What is committed is read from its folder, which an engine that lives on for a moment may still hold.
    for (let looks = 0; looks < 100 && framesDone(await jobOf('killed.mkv')) === 0; looks++) await sleep(100);
    const job = await jobOf('killed.mkv');
    expect(job).toMatchObject({ supervisorPid: null, error: null });
    expect(framesDone(job)).toBeGreaterThan(0);
    expect(await run('wait', at('killed.mkv'))).toMatchObject({ code: 130 });
    expect(await run('pause', at('killed.mkv'))).toMatchObject({ code: 2 });
    await allEnded(family, 10_000);
    rmSync(join(testStateEnv().XDG_STATE_HOME, 'upreel', 'jobs', `${job.id}.json`));
    // A folder from anywhere must not write elsewhere than beside itself.
    mkdirSync(at('elsewhere'));
    cpSync(`${at('killed.mkv')}.upreel`, at('elsewhere/foreign.upreel'), { recursive: true });
    const foreign = await run('resume', at('elsewhere/foreign.upreel'));
    expect(foreign).toMatchObject({ code: 2, err: expect.stringContaining('belongs in') });
    expect(existsSync(at('killed.mkv'))).toBe(false);
    expect(await run('resume', `${at('killed.mkv')}.upreel`, '--json')).toMatchObject({ code: 0 });
    expect(decodeRgb(at('killed.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
  });

  test('whose folder is taken away under it fails with a sentence', async () => {
    const running = startUpreel(args('gone.mkv', ...SLOWER), ENV);
    await until(() => committed('gone.mkv') > 0, 120_000);
    // The job may add a file meanwhile.
    rmSync(`${at('gone.mkv')}.upreel`, { recursive: true, maxRetries: 100, retryDelay: 10 });
    const { code, err } = await running.finished;
    expect(code).toBe(1);
    expect(err).toContain('was taken away');
    expect(await jobOf('gone.mkv')).toMatchObject({ state: 'failed' });
    expect(await run('remove', at('gone.mkv'))).toMatchObject({ code: 0 });
    expect((await jobs()).some((job) => job.output === at('gone.mkv'))).toBe(false);
  });

  test('is removed only when it does not run, or by force, and leaves no file behind', async () => {
    const running = startUpreel(args('removed.mkv', ...SLOWER), ENV);
    await until(() => committed('removed.mkv') > 0, 120_000);
    expect(await run('remove', at('removed.mkv'))).toMatchObject({ code: 7 });
    expect(await run('remove', '--force', at('removed.mkv'))).toMatchObject({ code: 0 });
    expect(await running.finished).toMatchObject({ code: 130 });
    expect(readdirSync(folder).filter((name) => name.includes('removed'))).toEqual([]);
    expect(existsSync(at('film.mp4'))).toBe(true);
    expect(await run('remove', at('removed.mkv'))).toMatchObject({ code: 2 });
  });

  test('that is unknown is named in the error of every command, with exit code 2', async () => {
    for (const command of ['pause', 'cancel', 'drain', 'remove', 'wait', 'logs', 'watch', 'resume']) {
      const { code, err } = await run(command, 'zzzzzzz');
      expect([command, code, err]).toEqual([command, 2, expect.stringContaining('There is no')]);
    }
    expect(await run('move', 'sideways', 'zzzzzzz')).toMatchObject({ code: 2 });
  });
});

describe('jobs for one device', () => {
  test('run one after another, in an order that can be changed, and a killed one frees the device', async () => {
    const names = ['first.mkv', 'second.mkv', 'third.mkv'];
    const running: Running[] = [];
    for (const name of names) {
      running.push(startUpreel(args(name), ENV));
      await untilState(name, 'running', 'queued');
      // A paused job keeps its device: the first cannot be done before the others have come.
      if (name === 'first.mkv') expect(await run('pause', at(name))).toMatchObject({ code: 0 });
    }
    expect(await jobOf('first.mkv')).toMatchObject({ state: 'paused' });
    // It is listed before it has seen who else waits.
    await until(async () => (await jobOf('third.mkv')).place === 2, 10_000);
    const moved = await run('move', 'up', at('third.mkv'), '--json');
    expect(moved.code).toBe(0);
    await until(() => running[2]!.out().includes('place 1 in the queue'), 10_000);
    expect(await run('move', 'up', at('first.mkv'))).toMatchObject({ code: 2 });

    running[0]!.child.kill('SIGKILL');
    expect(await running[2]!.finished).toMatchObject({ code: 0 });
    expect(await running[1]!.finished).toMatchObject({ code: 0 });
    const ended = await Promise.all(names.map(jobOf));
    expect(ended.map(({ state }) => state)).toEqual(['interrupted', 'done', 'done']);
    expect(Number(ended[2]!.endedAtMs)).toBeLessThan(Number(ended[1]!.endedAtMs));
    await run('remove', at('first.mkv'));
  });

  test('do not wait for one that rests outside its hours', async () => {
    // Once: the hour may strike meanwhile.
    const only = hoursFromNow(2, 3);
    const resting = startUpreel(args('resting.mkv', '--only', only), ENV);
    await untilState('resting.mkv', 'resting');
    expect(await run(...args('meanwhile.mkv'))).toMatchObject({ code: 0 });
    expect(await jobOf('resting.mkv')).toMatchObject({ state: 'resting' });
    resting.child.kill('SIGTERM');
    expect(await resting.finished).toMatchObject({ code: 143 });
    expect(await jobOf('resting.mkv')).toMatchObject({ state: 'interrupted', only });
    await run('remove', at('resting.mkv'));
  });
});

test('a command is run at the end, and is told of the job', async () => {
  const command = `printf '%s|' "$UPREEL_JOB" "$UPREEL_OUTPUT" "$UPREEL_STATE" "$UPREEL_EXIT_CODE" > '${at('hook')}'`;
  expect(await run(...args('hooked.mkv', '--on-done', command))).toMatchObject({ code: 0 });
  const { id } = await jobOf('hooked.mkv');
  expect(readFileSync(at('hook'), 'utf8')).toBe(`${id}|${at('hooked.mkv')}|done|0|`);
  writeFileSync(at('bad.mp4'), 'not a film');
  const bad = await run(at('bad.mp4'), ...args('bad.mkv', '--on-done', command).slice(1));
  expect(bad.code).toBe(3);
  expect(readFileSync(at('hook'), 'utf8')).toBe(`${(await jobOf('bad.mkv')).id}|${at('bad.mkv')}|failed|3|`);
  // What is refused at once never became a job.
  expect(await run(...args('hooked.mkv'))).toMatchObject({ code: 2 });
  expect(await jobOf('hooked.mkv')).toMatchObject({ state: 'done' });
});

test('a damaged list is passed over', async () => {
  const list = join(testStateEnv().XDG_STATE_HOME, 'upreel', 'jobs');
  writeFileSync(join(list, 'aaaaaaaa.json'), '{"schema":1,"id":"aaaaaaaa"');
  writeFileSync(join(list, 'bbbbbbbb.json'), Buffer.alloc(1e6));
  mkdirSync(join(list, 'cccccccc.json'));
  const { code, records } = await run('jobs', '--json');
  expect(code).toBe(0);
  expect(records.some(({ id }) => /^(a+|b+|c+)$/.test(String(id)))).toBe(false);
});

test('what is done is forgotten together, and its results stay', async () => {
  expect(await run('remove')).toMatchObject({ code: 2 });
  expect(await run('remove', '--done', 'whole.mkv')).toMatchObject({ code: 2 });
  const done = (await jobs()).filter(({ state }) => state === 'done');
  expect(done.map(({ output }) => output)).toContain(at('whole.mkv'));
  const { code, records } = await run('remove', '--done', '--json');
  expect(code).toBe(0);
  expect(records.map(({ id }) => id).sort()).toEqual(done.map(({ id }) => id).sort());
  expect((await jobs()).filter(({ state }) => state === 'done')).toEqual([]);
  expect(existsSync(at('whole.mkv'))).toBe(true);
});

/** Hours that begin so many from now, as --only takes them. */
function hoursFromNow(from: number, to: number): string {
  const clock = (hours: number): string => `${String((new Date().getHours() + hours) % 24).padStart(2, '0')}:00`;
  return `${clock(from)}-${clock(to)}`;
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { layCable } from '../support/cable.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { type Running, upreel } from '../support/command.ts';
import { hasRedis, TestFleet, TestRedis } from '../support/fleet.ts';
import { canMount } from '../support/mount.ts';
import { allEnded, descendantRunning, descendantsOf, until } from '../support/processes.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state') };
const HOW = ['-m', at('tiny.safetensors'), '--encoder', 'ffv1', '--segment-seconds', '1'];
/** Long enough to be caught at it. */
const SEGMENTS = 5;

let whole: Buffer;
let fleet: TestFleet;
let number = 0;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(SEGMENTS, { size: '160x120', rate: '8' }), ...H264, '-g', '8', at('film.mp4'));
  const args = [at('film.mp4'), '-o', at('whole.mkv'), ...HOW, '--device', 'cpu', '--threads', '1', '--json'];
  expect(await upreel(args, ENV)).toMatchObject({ code: 0 });
  whole = decodeRgb(at('whole.mkv'));
});

afterEach(() => fleet?.end());

/** A film in a store of its own, handed to a queue of its own. */
async function submitted(...how: string[]): Promise<{ result: string; film: string }> {
  const own = at(`fleet-${number++}`);
  fleet = new TestFleet(await TestRedis.start(join(own, 'redis')), join(own, 'store'), ENV);
  const film = join(fleet.store, 'film.mp4');
  ffmpeg('-i', at('film.mp4'), '-map', '0', '-c', 'copy', film);
  const result = join(fleet.store, 'out.mkv');
  const { code, records, err } = await fleet.run('submit', [film, '-o', result, ...HOW, ...how]);
  const waits = 'upreel: warning: No worker has webgpu now: what is submitted waits for one.\n';
  expect(err).toBe(how.includes('webgpu') ? waits : '');
  expect(code).toBe(0);
  expect(records[0]).toMatchObject({ type: 'submitted', frames: 40, ...(how.length === 0 && { segments: SEGMENTS }) });
  return { result, film: String(records[0]!.id) };
}

async function done(film: string, milliseconds = 100_000): Promise<void> {
  const client = fleet.redis.client();
  try {
    await until(async () => {
      const state = await client.hget(`upreel:film:${film}`, 'state');
      if (state === 'failed') throw new Error(String(await client.hget(`upreel:film:${film}`, 'error')));
      return state === 'done';
    }, milliseconds);
  } finally {
    client.disconnect();
  }
}

/** The same film, frame for frame, and nothing half-made beside it. */
function expectWhole(result: string): void {
  expect(decodeRgb(result).equals(whole)).toBe(true);
  expect(readdirSync(join(fleet.store, '.upreel-fleet/films'))).toEqual([]);
  expect(
    readdirSync(fleet.store)
      .filter((name) => !name.startsWith('.upreel-fleet'))
      .sort(),
  ).toEqual(['film.mp4', 'out.mkv']);
}

const told = ({ out }: Running, type: string) =>
  out()
    .split('\n')
    .filter((line) => line.includes(`"type":"${type}"`));
const engineOf = ({ pid }: Running) => until(() => descendantRunning(pid, 'engine.js'), 20_000);

describe.skipIf(!hasRedis)('a film of a fleet is the film that one machine makes (needs redis-server)', () => {
  test('with two workers, which both make segments of it', async () => {
    const { result, film } = await submitted();
    const workers = [fleet.worker('one'), fleet.worker('two', { args: ['--metrics', '0'] })];
    await done(film);
    expectWhole(result);
    const { port } = JSON.parse(told(workers[1]!, 'ready')[0]!) as { port: number };
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain('\nupreel_films{state="done"} 1\n');
    expect(metrics).toContain('\nupreel_workers 2\n');
    expect(metrics).toContain(`\nupreel_worker_segments_total ${told(workers[1]!, 'segment').length}\n`);
    const made = workers.map((worker) => told(worker, 'segment').length);
    expect(made[0]! + made[1]!).toBe(SEGMENTS);
    expect(Math.min(...made)).toBeGreaterThan(0);
  });

  test('when a worker is killed in the middle of a segment, and its processes go with it', async () => {
    const { result, film } = await submitted();
    const victim = fleet.worker('victim');
    await until(() => fleet.made() > 0, 60_000);
    const family = descendantsOf(victim.pid);
    victim.child.kill('SIGKILL');
    await allEnded(family, 5000);
    expect(fleet.made()).toBeLessThan(SEGMENTS);
    fleet.worker('heir');
    await done(film);
    expectWhole(result);
  });

  test('when a worker is stopped for longer than its hold, and goes on then', async () => {
    const { result, film } = await submitted();
    const sleeper = fleet.worker('sleeper');
    await until(() => fleet.made() > 0, 60_000);
    const engine = await engineOf(sleeper);
    for (const pid of [sleeper.pid, engine]) process.kill(pid, 'SIGSTOP');
    const other = fleet.worker('other');
    await done(film);
    for (const pid of [engine, sleeper.pid]) process.kill(pid, 'SIGCONT');
    sleeper.child.kill('SIGTERM');
    other.child.kill('SIGTERM');
    expect((await sleeper.finished).code).toBe(0);
    expect((await other.finished).code).toBe(0);
    expectWhole(result);
  });

  test('when the queue is killed and comes back', async () => {
    const { result, film } = await submitted();
    fleet.worker('patient');
    await until(() => fleet.made() > 0, 60_000);
    await fleet.redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await fleet.redis.begin();
    await done(film);
    expectWhole(result);
  });

  test('by who has the device that it asks for, and a worker ends when it is asked to from elsewhere', async () => {
    const { result, film } = await submitted('--device', 'webgpu');
    const idle = fleet.worker('idle');
    await until(() => told(idle, 'ready').length > 0, 30_000);
    const listed = await fleet.run('workers', []);
    expect(listed.records).toMatchObject([{ type: 'worker', name: 'idle', devices: ['cpu'], state: 'idle' }]);
    expect(fleet.made()).toBe(0);
    expect((await fleet.run('cancel', [film])).code).toBe(0);
    const again = await fleet.run('submit', [join(fleet.store, 'film.mp4'), '-o', result, ...HOW, '--device', 'cpu']);
    expect(again).toMatchObject({ err: '', records: [{ id: film }] });
    await until(() => fleet.made() > 0, 60_000);
    // It has time to hear it.
    const engine = await engineOf(idle);
    process.kill(engine, 'SIGSTOP');
    expect((await fleet.run('drain', ['idle'])).records).toMatchObject([{ name: 'idle', state: 'draining' }]);
    await until(async () => (await fleet.run('workers', [])).records[0]?.state === 'draining', 20_000);
    process.kill(engine, 'SIGCONT');
    expect((await idle.finished).code).toBe(0);
    expect(fleet.made()).toBeLessThan(SEGMENTS);
    expect((await fleet.run('workers', [])).records).toEqual([]);
    expect((await fleet.run('drain', ['idle'])).err).toContain('idle');
    fleet.worker('heir');
    await done(film);
    expectWhole(result);
  });

  test('when the cable of a worker is cut, and another one has what it held', async () => {
    const { result, film } = await submitted();
    const cable = await layCable(fleet.redis);
    const lonely = fleet.worker('lonely', { url: cable.url, within: cable.within });
    await until(() => fleet.made() > 0, 60_000);
    cable.cut();
    fleet.worker('near');
    await done(film);
    cable.mend();
    lonely.child.kill('SIGTERM');
    expect((await lonely.finished).code).toBe(0);
    cable.close();
    expectWhole(result);
  });

  test.runIf(canMount())('when the disk of the store is full, and is emptied (needs the right to mount)', async () => {
    const disk = at(`fleet-${number}/store`);
    mkdirSync(disk, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
    try {
      const { result, film } = await submitted('--no-space-check');
      const filler = join(disk, 'filler');
      writeFileSync(filler, Buffer.alloc(15_000_000));
      const worker = fleet.worker('one', { args: ['--metrics', '0'] });
      await until(() => told(worker, 'trouble').some((line) => line.includes('No space left')), 60_000);
      expect(fleet.made()).toBeLessThan(SEGMENTS);
      rmSync(filler);
      await done(film);
      expectWhole(result);
      await fleet.end();
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('when a segment cannot be made on any worker, and is tried again once it can', async () => {
    const { result, film } = await submitted();
    // Its record's name is taken by what no record replaces.
    const obstacle = join(fleet.filmFolder(), 'segments', 'segment-00002.json');
    mkdirSync(join(obstacle, 'full'), { recursive: true });
    fleet.worker('one');
    await expect(done(film)).rejects.toThrow(/Segment 3 could not be made/);
    rmSync(obstacle, { recursive: true });
    expect(await fleet.run('retry', [film])).toMatchObject({ code: 0 });
    await done(film);
    expectWhole(result);
  });
});

describe.skipIf(!hasRedis)('what somebody else wrote into the queue (needs redis-server)', () => {
  test('is refused and told, and the films are made', async () => {
    const { result, film } = await submitted();
    const connection = fleet.redis.client();
    const queues = ['segments', 'films'].map((name) => new Queue(name, { connection, prefix: 'upreel' }));
    const strange = [
      { film: '../../../etc', index: 0, failed: [] },
      { film: 'f'.repeat(24), index: 0, failed: [] },
      { film, index: 100_000, failed: [] },
      { film, index: -1, failed: [] },
      { film, index: 0, failed: [], args: ['-i', '/etc/passwd'] },
      { film: ['a'], index: { length: 3 } },
      'film',
      null,
    ];
    for (const queue of queues) for (const data of strange) await queue.add('segment', data);
    const worker = fleet.worker('one');
    await done(film);
    await until(() => told(worker, 'failed').length >= 2 * strange.length - 1, 30_000);
    expect(worker.child.exitCode).toBeNull();
    expectWhole(result);
    for (const queue of queues) await queue.close();
    connection.disconnect();
  });

  test('cannot make a worker take another film, network or place for it', async () => {
    const { film } = await submitted();
    const file = join(fleet.filmFolder(), 'film.json');
    const written = readFileSync(file, 'utf8');
    // Who can write to the store as well: the film's name is the hash of what it says.
    writeFileSync(file, written.replace('out.mkv', 'ab.mkv'));
    const worker = fleet.worker('one');
    await expect(done(film)).rejects.toThrow(/is damaged, or another version submitted it/);
    expect(worker.child.exitCode).toBeNull();
    expect(readdirSync(fleet.store).sort()).toEqual(['.upreel-fleet', 'film.mp4']);
  });
});

describe.skipIf(!hasRedis)('a film of a fleet (needs redis-server)', () => {
  test('is paused, goes on, is cancelled, goes on and is removed from anywhere', async () => {
    const { result, film } = await submitted('--segment-seconds', '0.25');
    expect((await fleet.run('jobs', [])).records).toMatchObject([{ id: film, state: 'queued' }]);
    expect(await fleet.run('pause', [film])).toMatchObject({ code: 0, records: [{ state: 'paused' }] });
    const worker = fleet.worker('one');
    await until(() => told(worker, 'ready').length > 0, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(fleet.made()).toBe(0);
    expect(await fleet.run('resume', [film])).toMatchObject({ code: 0 });
    await until(() => fleet.made() > 0, 60_000);
    expect(await fleet.run('cancel', [film])).toMatchObject({ code: 0, records: [{ state: 'cancelled' }] });
    expect(fleet.made()).toBeLessThan(20);
    await fleet.run('resume', [film]);
    await done(film);
    expectWhole(result);
    expect(await fleet.run('remove', [film])).toMatchObject({ code: 0 });
    expect((await fleet.run('jobs', [])).records).toEqual([]);
    expect(decodeRgb(result).equals(whole)).toBe(true);
  });
});

describe('a film in parts, without a queue', () => {
  test('is made by whoever makes its segments, in any order and twice, and joined once all are there', async () => {
    const store = at('parts');
    mkdirSync(store);
    const film = join(store, 'film.mp4');
    ffmpeg('-i', at('film.mp4'), '-map', '0', '-c', 'copy', film);
    const where = ['--store', store];
    const planned = await upreel(
      ['submit', film, '-o', join(store, 'out.mkv'), ...HOW, '--plan-only', '--json', ...where],
      ENV,
    );
    expect(planned).toMatchObject({ code: 0, records: [{ segments: SEGMENTS }] });
    const id = String(planned.records[0]!.id);
    const make = (number: number) =>
      upreel(['segment', id, `${number}`, '--threads', '1', '--device', 'cpu', ...where], ENV);
    expect(await make(SEGMENTS)).toMatchObject({ code: 0, out: expect.stringContaining('5 of 5: 8 frames') });
    expect(await upreel(['join', id, ...where], ENV)).toMatchObject({
      code: 2,
      err: expect.stringContaining('4 segments are not made: 1, 2, 3, 4.'),
    });
    expect(await make(SEGMENTS + 1)).toMatchObject({ code: 2, err: expect.stringContaining('no number 6') });
    const made = await Promise.all([2, 2, 4].map(make));
    expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(made.map(({ err }) => err).join('')).toBe('');
    expect(await make(1)).toMatchObject({ code: 0 });
    expect(await make(1)).toMatchObject({ code: 0, out: expect.stringContaining('(was there)') });
    expect(await make(3)).toMatchObject({ code: 0 });
    expect(await upreel(['join', id, ...where], ENV)).toMatchObject({ code: 0, out: `${id}: 40 frames joined\n` });
    expect(decodeRgb(join(store, 'out.mkv')).equals(whole)).toBe(true);
    expect(readdirSync(join(store, '.upreel-fleet/films'))).toEqual([]);
  });
});

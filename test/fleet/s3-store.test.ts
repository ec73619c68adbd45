import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { type Running, upreel } from '../support/command.ts';
import { hasRedis, TestFleet, TestRedis } from '../support/fleet.ts';
import { allEnded, descendantsOf, until } from '../support/processes.ts';
import { BUCKET, TestS3 } from '../support/s3.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const HOW = ['-m', at('tiny.safetensors'), '--encoder', 'ffv1', '--segment-seconds', '1'];
const SEGMENTS = 5;

let whole: Buffer;
let s3: TestS3;
let fleet: TestFleet;
let env: Record<string, string>;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(SEGMENTS, { size: '160x120', rate: '8' }), ...H264, '-g', '8', at('film.mp4'));
  const args = [at('film.mp4'), '-o', at('whole.mkv'), ...HOW, '--device', 'cpu', '--threads', '1', '--json'];
  expect(await upreel(args, { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state') })).toMatchObject({ code: 0 });
  whole = decodeRgb(at('whole.mkv'));
  s3 = await TestS3.start(at('s3'));
  env = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state'), ...s3.env };
});

afterAll(() => s3?.kill());
afterEach(() => fleet?.end());

let number = 0;
const tenant = () => `tenant ${number}`;
const keys = () => s3.keys().flatMap((key) => (key.startsWith(`${tenant()}/`) ? [key.slice(tenant().length + 1)] : []));
const made = () => keys().filter((key) => /segment-\d+\.[a-z0-9]+\.json$/.test(key)).length;
const told = ({ out }: Running, type: string) =>
  out()
    .split('\n')
    .filter((line) => line.includes(`"type":"${type}"`));

/** A film from this machine, in a prefix and a queue of its own. */
async function submitted(): Promise<string> {
  const store = `s3://${BUCKET}/tenant ${++number}`;
  fleet = new TestFleet(await TestRedis.start(at(`redis-${number}`)), store, env);
  const { records, ...rest } = await fleet.run('submit', [at('film.mp4'), '-o', at('out.mkv'), ...HOW]);
  expect(rest).toMatchObject({ code: 0, err: '' });
  expect(records).toMatchObject([{ output: `${store}/out.mkv`, frames: 8 * SEGMENTS, segments: SEGMENTS }]);
  return String(records[0]!.id);
}

/** The same film, frame for frame; nothing half-made, in the bucket or here. */
async function expectWhole(film: string): Promise<void> {
  const { redis } = fleet;
  const client = redis.client();
  await until(async () => (await client.hget(`upreel:film:${film}`, 'state')) === 'done', 60_000);
  await until(() => !keys().some((key) => key.includes('/films/')), 10_000);
  client.disconnect();
  expect(decodeRgb(s3.fileOf(`${tenant()}/out.mkv`)).equals(whole)).toBe(true);
  expect(keys().map((key) => key.replace(/[0-9a-f]{64}/, '*'))).toEqual([
    '.upreel-fleet/models/*/tiny.safetensors',
    '.upreel-fleet/sources/*/source.mp4',
    'out.mkv',
  ]);
}

test('results in a bucket have the names that they are given, each one of its own', async () => {
  const store = `s3://${BUCKET}/tenant ${++number}`;
  for (const name of ['a', 'b']) mkdirSync(at(name));
  for (const name of ['a', 'b']) copyFileSync(at('film.mp4'), at(`${name}/same.mp4`));
  const submit = (...args: string[]) =>
    upreel(['submit', ...args, ...HOW.slice(0, 2), '--plan-only', '--json', '--store', store], env);
  const both = await submit(at('a/same.mp4'), at('b/same.mp4'));
  expect(both).toMatchObject({ code: 9, records: [{ output: `${store}/same.upreel-2x.mp4` }] });
  expect(both.err).toContain('Another film of this command becomes');
  expect(await submit(at('film.mp4'), '-o', `${store}/of 1998/out.mkv`)).toMatchObject({
    records: [{ output: `${store}/of 1998/out.mkv` }],
  });
  const elsewhere = await submit(at('film.mp4'), '-o', 's3://elsewhere/out.mkv');
  expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining('is not in the store') });
  // One copy of what three films are made of.
  expect(keys().filter((key) => /sources/.test(key))).toHaveLength(1);
  expect(existsSync('of 1998')).toBe(false);
});

describe.skipIf(!hasRedis)('a film of a fleet whose store is a bucket (needs redis-server)', () => {
  test('is the film that one machine makes, when a worker is killed in the middle and the bucket is away for a while', async () => {
    const film = await submitted();
    const victim = fleet.worker('victim');
    await until(() => made() > 0, 60_000);
    const family = descendantsOf(victim.pid);
    victim.child.kill('SIGKILL');
    const heir = fleet.worker('heir');
    await allEnded(family, 5000);
    await until(() => told(heir, 'segment').length > 0, 60_000);
    await s3.kill();
    expect(made()).toBeLessThan(SEGMENTS);
    // Longer than a request is tried.
    await until(() => told(heir, 'trouble').some((line) => line.includes('cannot be reached')), 60_000);
    await s3.begin();
    await expectWhole(film);
    const again = await fleet.run('submit', [at('film.mp4'), '-o', at('out.mkv'), ...HOW]);
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('out.mkv exists already') });
    heir.child.kill('SIGTERM');
    expect((await heir.finished).code).toBe(0);
    // What was fetched stays; what attempts needed does not, the victim's either.
    const [own] = readdirSync(at('cache/stores'));
    expect(readdirSync(at(`cache/stores/${own}/attempts`))).toEqual([]);
  });

  test('can lie there already, comes with a report, and has the time of its source', async () => {
    const store = `s3://${BUCKET}/tenant ${++number}`;
    fleet = new TestFleet(await TestRedis.start(at(`redis-${number}`)), store, env);
    await s3.put(`${tenant()}/tapes/1998.mp4`, readFileSync(at('film.mp4')), { mtime: '912340800.25' });
    const submit = (...args: string[]) => fleet.run('submit', [`${store}/tapes/1998.mp4`, ...HOW, ...args]);
    const itself = await submit('-o', `${store}/tapes/1998.mp4`, '--encoder', 'libx264', '--overwrite');
    expect(itself).toMatchObject({ code: 2, err: expect.stringContaining('cannot be two of source, result') });
    const pictures = await submit('-o', '%06d.png', '--encoder', 'png');
    expect(pictures).toMatchObject({ code: 2, err: expect.stringContaining('need a folder of their own') });
    const how = ['--keep-times', '--report', `${store}/told/1998.json`, '-o', `${store}/out.mkv`];
    const { records, ...rest } = await submit(...how);
    expect(rest).toMatchObject({ code: 0, err: '' });
    expect(records).toMatchObject([{ input: `${store}/tapes/1998.mp4`, output: `${store}/out.mkv` }]);
    const worker = fleet.worker('worker');
    await until(() => told(worker, 'film').length > 0, 60_000);
    worker.child.kill('SIGTERM');
    await worker.finished;
    expect(decodeRgb(s3.fileOf(`${tenant()}/out.mkv`)).equals(whole)).toBe(true);
    // Nothing of it was sent, and nothing stays.
    const left = ['.upreel-fleet/models/*/tiny.safetensors', 'out.mkv', 'tapes/1998.mp4', 'told/1998.json'];
    expect(keys().map((key) => key.replace(/[0-9a-f]{64}/, '*'))).toEqual(left);
    expect(await s3.told(`${tenant()}/out.mkv`)).toMatchObject({ mtime: '912340800.25' });
    expect(JSON.parse(readFileSync(s3.fileOf(`${tenant()}/told/1998.json`), 'utf8'))).toMatchObject({
      input: `${store}/tapes/1998.mp4`,
      output: `${store}/out.mkv`,
      frames: 8 * SEGMENTS,
      checks: expect.arrayContaining(['40 frames, counted in the result']),
    });
    const again = await submit('--report', `${store}/told/1998.json`, '-o', `${store}/other.mkv`);
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('told/1998.json exists already') });
  });

  test('not with credentials that are none, which nobody is told', async () => {
    await submitted();
    const secret = { AWS_ACCESS_KEY_ID: 'somebody', AWS_SECRET_ACCESS_KEY: 'a-secret-that-nobody-may-see' };
    const stranger = new TestFleet(fleet.redis, fleet.store, { ...env, ...secret });
    const ended = await stranger.run('worker', []);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('does not know these credentials') });
    const seen = await stranger.run('doctor', []);
    expect(seen.code).toBe(1);
    const client = fleet.redis.client();
    const inRedis = await Promise.all((await client.keys('*')).map((key) => client.dump(key)));
    client.disconnect();
    expect([ended.out, ended.err, seen.out, seen.err, ...inRedis].join('')).not.toContain('a-secret');
    expect((await fleet.run('doctor', [])).out).toMatch(/can be written to from here/);
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectFleet, Fleet, type FleetConnection, openFleetFeed } from '../../src/fleet/index.ts';
import { openSharedStore, type SharedStore } from '../../src/store/index.ts';
import { temporaryFolder } from '../support/clips.ts';
import { hasRedis, TestRedis } from '../support/fleet.ts';
import { until } from '../support/processes.ts';
import { FILM, madeSegment } from '../support/shared-film.ts';

const folder = temporaryFolder();
const SUBMITTED = { source: { width: 8, height: 8 }, target: { width: 16, height: 16 }, warnings: [] };

describe.skipIf(!hasRedis)('films of a fleet (needs redis-server)', () => {
  let redis: TestRedis;
  let connection: FleetConnection;
  let store: SharedStore;
  let fleet: Fleet;
  let number = 0;

  beforeAll(async () => {
    redis = await TestRedis.start(join(folder, 'redis'));
  });
  afterAll(() => redis.kill());

  beforeEach(async () => {
    const own = join(folder, `store-${++number}`);
    mkdirSync(own);
    store = await openSharedStore(own);
    connection = await connectFleet({ url: redis.url, prefix: `tenant-${number}` }, false);
    fleet = new Fleet(connection, store);
  });
  afterEach(() => fleet.close());

  async function submit(name: string): Promise<string> {
    const id = await store.addFilm({ ...FILM, output: `${name}.mkv` });
    const frames = FILM.segments.at(-1)!.endFrame;
    const film = { id, input: name, output: name, model: 'any', device: null, frames, segments: FILM.segments.length };
    await fleet.enqueue({ ...film, ...SUBMITTED });
    return id;
  }

  /** Segments in the order in which they would be given out: beginnings of names of films, and numbers. */
  async function order(names: ReadonlyMap<string, string>): Promise<string> {
    const jobs = await fleet.queues.segments(null).getPrioritized();
    return jobs.map(({ data }) => `${names.get(data.film)}${data.index}`).join(' ');
  }

  test('take turns, go first or last when they are moved, and no further', async () => {
    const [a, b, c] = [await submit('a'), await submit('b'), await submit('c')];
    const names = new Map([a, b, c].map((id, place) => [id, 'abc'[place]!]));
    expect(await order(names)).toBe('a0 b0 c0 a1 b1 c1');
    const feed = await openFleetFeed(fleet, connection);
    await feed.act(c, 'move-up');
    expect(await order(names)).toBe('c0 c1 a0 b0 a1 b1');
    await feed.act(a, 'move-down');
    expect(await order(names)).toBe('c0 c1 b0 b1 a0 a1');
    await expect(feed.act(c, 'move-up')).rejects.toThrow(/goes before all others already/);
    await feed.act(c, 'move-down');
    expect(await order(names)).toMatch(/^b0 c0 b1 c1 a0 a1$|^c0 b0 c1 b1 a0 a1$/);
    feed.subscribe((jobs) => expect(jobs.map(({ rank }) => rank)).toEqual(['last', undefined, undefined]))();
    // Whoever goes on with it does not change that.
    await fleet.pause(a);
    await fleet.resume(a);
    expect((await order(names)).endsWith('a0 a1')).toBe(true);
    await fleet.cancel(a);
    await expect(feed.act(a, 'move-up')).rejects.toThrow(/does not wait/);
  });

  test('that are done stay in the list for a week, the others until they are removed', async () => {
    const [done, waiting] = [await submit('done'), await submit('waiting')];
    await fleet.states.setState(done, 'done');
    const key = connection.keys.film(done);
    expect(await connection.redis.ttl(key)).toBeGreaterThan(7 * 86_400 - 60);
    expect(await connection.redis.ttl(connection.keys.film(waiting))).toBe(-1);
    expect(await fleet.states.list()).toEqual([done, waiting]);
    await connection.redis.pexpire(key, 1);
    await until(async () => (await fleet.states.list()).length === 1, 5000);
    expect(await connection.redis.zrange(connection.keys.films, '0', '-1')).toEqual([waiting]);
    // Submitted once more, it is there again, and stays.
    expect(await submit('done')).toBe(done);
    expect(await fleet.states.list()).toEqual([waiting, done]);
    expect(await connection.redis.ttl(key)).toBe(-1);
  });

  test('tell who made which segment when, from their records, and what could not be made', async () => {
    const id = await submit('told');
    const film = await store.readFilm(id);
    const segments = store.segmentsOf(film);
    const part = await segments.part(1, 'aa', '.mkv');
    writeFileSync(part, 'frames');
    const made = {
      worker: 'gpu-1',
      device: 'cuda',
      runtime: 'any',
      atMs: Date.parse('2026-01-02T03:04:05'),
      seconds: 61.4,
    };
    const { record } = await segments.commit(part, 'aa', { ...madeSegment(1), made });
    await fleet.states.addMade(id, 1, { frames: 1, bytes: record.bytes });
    await fleet.states.addFailure(id, 0, { code: 'internal', message: 'no luck', hint: '', detail: '' });
    const { startFrame, endFrame } = FILM.segments[1]!;
    const lines = await fleet.logs.read(id, 10);
    expect([...lines].sort()).toEqual([
      `2026-01-02 03:04:05 segment 2: frames ${startFrame + 1} to ${endFrame} in 61 s, by gpu-1 on cuda`,
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d submitted: \d+ frames in 2 segments$/),
      'segment 1 could not be made: no luck',
    ]);
    await fleet.states.setState(id, 'done');
    await store.removeFilm(id);
    // Who has looked at it knows it still.
    const [last] = (await fleet.logs.read(id, 10)).slice(-1);
    expect(last).toMatch(/ done$/);
    expect(await fleet.logs.read(id, 2)).toHaveLength(2);
    expect(await new Fleet(connection, null).logs.read(id, 10)).toHaveLength(3);
  });

  test('tell of what is made late, of what fails once more, and of what nobody has seen being made', async () => {
    const id = await submit('late');
    const segments = store.segmentsOf(await store.readFilm(id));
    const make = async (index: number) => {
      const part = await segments.part(index, 'aa', '.mkv');
      writeFileSync(part, 'frames');
      const made = { worker: 'cpu-1', device: 'cpu', runtime: 'any', atMs: Date.now() + 1000 };
      await segments.commit(part, 'aa', { ...madeSegment(index), made });
      await fleet.states.addMade(id, index, { frames: 1, bytes: 6 });
    };
    await make(1);
    expect(await fleet.logs.read(id, 1)).toEqual([expect.stringContaining(' segment 2: ')]);
    await make(0);
    expect(await fleet.logs.read(id, 1)).toEqual([expect.stringContaining(' segment 1: ')]);

    const other = await submit('other');
    const fail = () =>
      fleet.states.addFailure(other, 0, { code: 'internal', message: 'no luck', hint: '', detail: '' });
    await fail();
    const [before] = (await fleet.logs.read(other, 10)).slice(-1);
    await fleet.pause(other);
    await fleet.resume(other);
    await fail();
    const [after] = (await fleet.logs.read(other, 10)).slice(-1);
    expect([before, after]).toEqual(['', ', at try 2'].map((at) => `segment 1 could not be made${at}: no luck`));

    await fleet.states.addMade(other, 1, { frames: 1, bytes: 6 });
    await store.removeFilm(other);
    await fleet.states.setState(other, 'done');
    for (let look = 0; look < 2; look++) {
      const told = (await fleet.logs.read(other, 10)).filter((line) => line.includes('was made'));
      expect(told).toEqual(['segment 2 was made']);
    }
  });
});

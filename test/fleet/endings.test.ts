import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { hasRedis, TestFleet, TestRedis } from '../support/fleet.ts';
import { until } from '../support/processes.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state') };
const HOW = ['-m', at('tiny.safetensors'), '--encoder', 'ffv1', '--segment-seconds', '1', '--keep-times'];
const SEGMENTS = 2;
const FRAMES = 8 * SEGMENTS;
/** Of the source, long ago. */
const CHANGED = new Date('1998-12-05T00:00:00Z');
const DIES = `--import ${fileURLToPath(new URL('../support/die-at.mjs', import.meta.url))}`;

const KINDS = [
  { output: 'out.mkv', how: [] as readonly string[], result: 'out.mkv' },
  { output: 'frames/%06d.png', how: ['--encoder', 'png'], result: 'frames' },
];
/** Of each kind, by its output: the frames of the film that this machine makes. */
const whole = new Map<string, Buffer>();

beforeAll(async () => {
  mkdirSync(at('store'), { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(SEGMENTS, { size: '96x64', rate: '8' }), ...H264, '-g', '8', at('store/film.mp4'));
  utimesSync(at('store/film.mp4'), CHANGED, CHANGED);
  for (const { output, how } of KINDS) {
    const where = ['-o', at(`whole/${output}`), '--device', 'cpu', '--threads', '1', '--json'];
    mkdirSync(at('whole'), { recursive: true });
    expect(await upreel([at('store/film.mp4'), ...HOW, ...how, ...where], ENV)).toMatchObject({ code: 0 });
    whole.set(output, decodeRgb(at(`whole/${output}`)));
  }
});

/** Everything that the end of a film writes, whole, and nothing half-made. */
function expectAll(store: string, output: string): void {
  const result = join(store, output);
  expect(decodeRgb(result).equals(whole.get(output)!)).toBe(true);
  expect(statSync(output.includes('%') ? join(result, '..') : result).mtimeMs).toBe(CHANGED.getTime());
  expect(JSON.parse(readFileSync(join(store, 'told.json'), 'utf8'))).toMatchObject({
    output: result,
    frames: FRAMES,
    checks: expect.arrayContaining([expect.stringContaining(`${FRAMES} `)]),
  });
  expect(readdirSync(store).sort()).toEqual(['.upreel-fleet', 'film.mp4', output.split('/')[0], 'told.json'].sort());
  expect(readdirSync(join(store, '.upreel-fleet/films'))).toEqual([]);
}

describe('the end of a film whose machine died', () => {
  /** One film of each kind with all its segments, of which each test has a copy. */
  const made = new Map<string, { store: string; id: string }>();

  beforeAll(async () => {
    for (const { output, how } of KINDS) {
      const store = at(`made-${made.size}`);
      cpSync(at('store'), store, { recursive: true, preserveTimestamps: true });
      const where = ['--store', store];
      const told = ['--report', join(store, 'told.json'), '-o', join(store, output)];
      const args = ['submit', join(store, 'film.mp4'), ...HOW, ...how, ...told, '--plan-only', '--json', ...where];
      const { records, err } = await upreel(args, ENV);
      expect(err).toBe('');
      const id = String(records[0]!.id);
      for (let number = 1; number <= SEGMENTS; number++) {
        const words = ['segment', id, `${number}`, '--threads', '1', '--device', 'cpu', ...where];
        expect(await upreel(words, ENV)).toMatchObject({ code: 0 });
      }
      made.set(output, { store, id });
    }
  });

  const points = KINDS.flatMap(({ output, result }) =>
    ['told.json', result].flatMap((name) => ['before', 'after'].map((when) => [when, name, output] as const)),
  );

  test.each(points)('%s %s of %s had its name is complete by whoever comes then', async (when, name, output) => {
    const { store: from, id } = made.get(output)!;
    const store = at(`${when}-${name}-${output.replaceAll(/\W/g, '')}`);
    cpSync(from, store, { recursive: true, preserveTimestamps: true });
    const join_ = (env: Record<string, string>) => upreel(['join', id, '--store', store], env);
    const victim = await join_({ ...ENV, NODE_OPTIONS: DIES, DIE_AT: `${when} ${join(store, name)}` });
    expect(victim.code).toBeNull();
    expect(existsSync(join(store, '.upreel-fleet/films', id))).toBe(true);
    expect(await join_(ENV)).toMatchObject({ code: 0, err: '', out: `${id}: ${FRAMES} frames joined\n` });
    expectAll(store, output);
  });

  test('comes without the time of a source that is gone, and says so', async () => {
    const store = at('gone');
    mkdirSync(join(store, 'frames'), { recursive: true });
    ffmpeg('-i', at('store/film.mp4'), join(store, 'frames/%03d.png'));
    const where = ['--store', store];
    const how = ['-o', join(store, 'out.mkv'), '--fps', '8', ...HOW, '--plan-only', '--json'];
    const { records, err } = await upreel(['submit', join(store, 'frames'), ...how, ...where], ENV);
    expect(err).toBe('');
    const id = String(records[0]!.id);
    for (let number = 1; number <= SEGMENTS; number++) {
      const words = ['segment', id, `${number}`, '--threads', '1', '--device', 'cpu', ...where];
      expect(await upreel(words, ENV)).toMatchObject({ code: 0 });
    }
    rmSync(join(store, 'frames/001.png'));
    const joined = await upreel(['join', id, ...where], ENV);
    expect(joined).toMatchObject({ code: 0, out: `${id}: ${FRAMES} frames joined\n` });
    expect(joined.err).toMatch(/warning: "The result has not the time of .*001\.png \(ENOENT\)\."/);
    expect(decodeRgb(join(store, 'out.mkv'))).toHaveLength(whole.get('out.mkv')!.length);
  });

  test('is refused where a report of somebody else appeared meanwhile, which stays, and leaves no result', async () => {
    const { store: from, id } = made.get('out.mkv')!;
    const store = at('foreign');
    cpSync(from, store, { recursive: true, preserveTimestamps: true });
    writeFileSync(join(store, 'told.json'), 'mine');
    const refused = await upreel(['join', id, '--store', store], ENV);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('told.json exists already') });
    expect(readFileSync(join(store, 'told.json'), 'utf8')).toBe('mine');
    expect(existsSync(join(store, 'out.mkv'))).toBe(false);
  });
});

describe.skipIf(!hasRedis)('the end of a film of a fleet (needs redis-server)', () => {
  let fleet: TestFleet;
  let number = 0;
  afterEach(() => fleet?.end());

  test.each([
    ['after the report has', (_: string) => 'after told.json'],
    ['after the result has', (_: string) => 'after out.mkv'],
    ['before what was kept of it goes, after all has', (id: string) => `before .upreel-fleet/films/${id}/film.json`],
  ])('is complete by another worker when one is killed %s its name', async (_, pointOf) => {
    const own = at(`fleet-${number++}`);
    cpSync(at('store'), join(own, 'store'), { recursive: true, preserveTimestamps: true });
    fleet = new TestFleet(await TestRedis.start(join(own, 'redis')), join(own, 'store'), ENV);
    const { store } = fleet;
    const args = [join(store, 'film.mp4'), '-o', join(store, 'out.mkv'), '--report', join(store, 'told.json'), ...HOW];
    const { records, err } = await fleet.run('submit', args);
    expect(err).toBe('');
    const id = String(records[0]!.id);
    const dying = { ...ENV, NODE_OPTIONS: DIES, DIE_AT: pointOf(id).replace(' ', ` ${store}/`) };
    const victim = new TestFleet(fleet.redis, store, dying).worker('victim');
    expect((await victim.finished).code).toBeNull();
    expect(existsSync(fleet.filmFolder())).toBe(true);
    fleet.worker('heir');
    await until(() => readdirSync(join(store, '.upreel-fleet/films')).length === 0, 60_000);
    const client = fleet.redis.client();
    expect(await client.hget(`upreel:film:${id}`, 'state')).toBe('done');
    client.disconnect();
    expectAll(store, 'out.mkv');
  });

  test('takes nothing from one that is submitted again before it was cleared up', async () => {
    const own = at(`fleet-${number++}`);
    cpSync(at('store'), join(own, 'store'), { recursive: true, preserveTimestamps: true });
    fleet = new TestFleet(await TestRedis.start(join(own, 'redis')), join(own, 'store'), ENV);
    const { store } = fleet;
    const args = [join(store, 'film.mp4'), '-o', join(store, 'out.mkv'), '--report', join(store, 'told.json'), ...HOW];
    const { records } = await fleet.run('submit', args);
    const id = String(records[0]!.id);
    const films = join(store, '.upreel-fleet/films');
    const dying = { ...ENV, NODE_OPTIONS: DIES, DIE_AT: `before ${join(films, id, 'film.json')}` };
    const victim = new TestFleet(fleet.redis, store, dying).worker('victim');
    expect((await victim.finished).code).toBeNull();
    // Who wants it anew takes the old one away, and then the film lies in the store before the queue hears of it.
    for (const name of ['out.mkv', 'told.json']) rmSync(join(store, name));
    fleet.worker('heir');
    const client = fleet.redis.client();
    await until(async () => (await client.exists(`upreel:films:${id}-1`)) === 0, 30_000);
    expect(readdirSync(films)).toEqual([id]);
    expect(await fleet.run('submit', args)).toMatchObject({ code: 0, records: [{ id }] });
    await until(() => readdirSync(films).length === 0, 60_000);
    client.disconnect();
    expectAll(store, 'out.mkv');
  });
});

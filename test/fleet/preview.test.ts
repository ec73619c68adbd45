import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FilmOpenings } from '../../src/fleet/film-openings.ts';
import { connectFleet, Fleet } from '../../src/fleet/index.ts';
import { openSharedStore } from '../../src/store/index.ts';
import { readVideoFrame, videoSettingsSchema } from '../../src/video/index.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { hasRedis, TestFleet, TestRedis } from '../support/fleet.ts';
import { until } from '../support/processes.ts';
import { BUCKET, TestS3 } from '../support/s3.ts';
import { S3Watch } from '../support/s3-watch.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [WIDTH, HEIGHT, SCALE] = [160, 120, 2];

let s3: TestS3;
/** In front of it for who looks. */
let watch: S3Watch;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, SCALE, 7)));
  s3 = await TestS3.start(at('s3'));
  watch = await S3Watch.before(s3);
  const env = { ...s3.env, ...watch.env, UPREEL_CACHE: at('cache') };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  watch.close();
  await s3.kill();
});

/** The data of the one segment that is made. */
const segmentFiles = {
  folder: (fleet: TestFleet) => {
    const segments = join(fleet.filmFolder(), 'segments');
    return readdirSync(segments).flatMap((name) => (name.endsWith('.mkv') ? [join(segments, name)] : []));
  },
  bucket: () => s3.keys().flatMap((key) => (/segment-.*\.mkv$/.test(key) ? [s3.fileOf(key)] : [])),
};

test.skipIf(!hasRedis).each(['folder', 'bucket'] as const)(
  'the newest finished segment of a film can be looked at, in a %s (needs redis-server)',
  async (kind) => {
    // Of who works: what is fetched here is for looks.
    const env = { XDG_STATE_HOME: at('state'), ...s3.env, UPREEL_CACHE: at('worker-cache') };
    const redis = await TestRedis.start(at(`redis-${kind}`));
    const place = kind === 'folder' ? at('store') : `s3://${BUCKET}/tenant`;
    const fleet = new TestFleet(redis, place, env);
    try {
      const film = kind === 'folder' ? join(place, 'film.mp4') : at('film.mp4');
      const result = kind === 'folder' ? join(place, 'out.mkv') : `${place}/out.mkv`;
      ffmpeg(...pattern(3, { size: `${WIDTH}x${HEIGHT}`, rate: '8' }), ...H264, '-g', '8', film);
      const how = ['-m', at('tiny.safetensors'), '--encoder', 'ffv1', '--chroma', '444', '--levels', 'clip'];
      const { records } = await fleet.run('submit', [film, '-o', result, ...how, '--segment-seconds', '1']);
      const id = String(records[0]!.id);
      const store = await openSharedStore(place);
      const connection = await connectFleet({ url: redis.url, prefix: 'upreel' }, false);
      const viewer = new Fleet(connection, store);
      expect(await viewer.previews.newest(id)).toBeNull();
      const made = await upreel(['segment', id, '2', '--store', place, '--device', 'cpu', '--threads', '1'], env);
      expect(made.code).toBe(0);
      await viewer.states.addMade(id, 1, { frames: 8, bytes: 1 });
      // What lies elsewhere is fetched while other things are shown, once, however often it is looked at meanwhile.
      watch.delayMilliseconds = 50;
      const looks = () => Promise.all([1, 2, 3].map(() => viewer.previews.newest(id)));
      const pair = await until(async () => (await looks()).find((seen) => seen !== null) ?? null, 20_000);
      watch.delayMilliseconds = 0;
      const isFetched = kind === 'folder' ? 0 : 1;
      expect([watch.count(/segment-.*\.mkv$/), watch.count(/\/source\.mp4$/)]).toEqual([isFetched, isFetched]);
      expect([pair.frame, pair.before.width, pair.before.height]).toEqual([8, WIDTH, HEIGHT]);
      expect([pair.after.width, pair.after.height]).toEqual([SCALE * WIDTH, SCALE * HEIGHT]);
      const frameBytes = 3 * WIDTH * HEIGHT;
      // As the network gets it.
      const settings = videoSettingsSchema.parse({ levels: 'clip' });
      const { raster } = await readVideoFrame(film, 1, new AbortController().signal, settings);
      expect(Buffer.from(pair.before.rgb).equals(raster.data)).toBe(true);
      const segment = decodeRgb(segmentFiles[kind](fleet)[0]!);
      expect(distance(pair.after.rgb, segment.subarray(0, SCALE * SCALE * frameBytes))).toBeLessThan(3);
      // One that is not what was made is not fetched for every look, and whoever joins decides what becomes of it.
      const other = ['segment', id, '3', '--store', place, '--device', 'cpu', '--threads', '1'];
      expect((await upreel(other, env)).code).toBe(0);
      const spoilt = segmentFiles[kind](fleet).find((file) => file.includes('segment-00002'))!;
      writeFileSync(spoilt, Buffer.alloc(statSync(spoilt).size));
      await viewer.states.addMade(id, 2, { frames: 8, bytes: 1 });
      await expect(viewer.previews.newest(id)).rejects.toThrow();
      for (let look = 0; look < 3; look++) expect(await viewer.previews.newest(id)).toBe(pair);
      expect(watch.count(/segment-.*\.mkv$/)).toBe(2 * isFetched);
      expect(existsSync(spoilt)).toBe(true);
      // It is not decoded again, and stays when the film is gone.
      await store.removeFilm(id);
      expect(await viewer.previews.newest(id)).toBe(pair);
      await viewer.cancel(id);
      // Who leaves in the middle of it has removed it.
      const removal = viewer.remove(id);
      await viewer.close();
      await removal;
      // What was brought here for the look is gone.
      const own = kind === 'folder' ? [] : readdirSync(join(store.root, 'attempts'));
      expect(own).toEqual([]);
    } finally {
      await fleet.end();
    }
  },
);

describe('films of a bucket that are opened for a look', () => {
  const place = `s3://${BUCKET}/openings`;
  const env = () => ({ XDG_STATE_HOME: at('state'), ...s3.env, UPREEL_CACHE: at('submit-cache') });
  const sources = () => s3.keys().filter((key) => key.startsWith('openings/.upreel-fleet/sources/'));

  /** @returns its id, and the key of its source */
  async function submitted(name: string, text: string): Promise<{ id: string; source: string }> {
    ffmpeg(...pattern(1, { size: '64x48', rate: '8' }), ...H264, '-metadata', `title=${text}`, at(name));
    const before = sources();
    const words = ['submit', at(name), '-o', `${place}/${name}.mkv`, '-m', at('tiny.safetensors'), '--plan-only'];
    const { records, err } = await upreel([...words, '--store', place, '--json'], env());
    expect(err).toBe('');
    return { id: String(records[0]!.id), source: sources().find((key) => !before.includes(key))! };
  }

  test('are fetched one after another, once each, and not again and again where that cannot help', async () => {
    const [first, second, spoilt] = [
      await submitted('1.mp4', 'one'),
      await submitted('2.mp4', 'two'),
      await submitted('3.mp4', 'three'),
    ];
    writeFileSync(s3.fileOf(spoilt.source), Buffer.alloc(statSync(s3.fileOf(spoilt.source)).size));
    const store = await openSharedStore(place);
    const films = new FilmOpenings(store);
    watch.delayMilliseconds = 50;
    const counts = () => [first, second, spoilt].map(({ source }) => watch.count(new RegExp(`${source}$`)));
    const lookAround = async () => {
      for (const { id } of [first, second, spoilt]) await films.find(id);
      return counts().every((count) => count > 0) || null;
    };
    await until(lookAround, 20_000);
    watch.delayMilliseconds = 0;
    for (let round = 0; round < 20; round++) {
      await lookAround();
      await sleep(20);
    }
    expect(await films.find(first.id)).toMatchObject({ film: { id: first.id } });
    expect(await films.find(second.id)).toMatchObject({ film: { id: second.id } });
    expect(await films.find(spoilt.id)).toBeNull();
    expect(counts()).toEqual([1, 1, 1]);
    await store.close();
  });

  test('are given up when the store is closed, and leave nothing', async () => {
    const { id } = await submitted('4.mp4', 'four');
    const store = await openSharedStore(place);
    const films = new FilmOpenings(store);
    watch.delayMilliseconds = 300;
    expect(await films.find(id)).toBeNull();
    await store.close();
    await films.ended();
    watch.delayMilliseconds = 0;
    expect(readdirSync(join(store.root, 'attempts'))).toEqual([]);
  });
});

/** Of samples, on the average. */
function distance(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, sample, index) => sum + Math.abs(sample - b[index]!), 0) / a.length;
}

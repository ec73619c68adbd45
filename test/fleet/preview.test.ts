import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [WIDTH, HEIGHT, SCALE] = [160, 120, 2];

let s3: TestS3;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, SCALE, 7)));
  s3 = await TestS3.start(at('s3'));
  for (const [name, value] of Object.entries({ ...s3.env, UPREEL_CACHE: at('cache') })) vi.stubEnv(name, value);
});

afterAll(async () => {
  vi.unstubAllEnvs();
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
    const env = { XDG_STATE_HOME: at('state'), ...s3.env, UPREEL_CACHE: at('cache') };
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
      // What lies elsewhere is fetched while other things are shown.
      const pair = await until(() => viewer.previews.newest(id), 20_000);
      expect([pair.frame, pair.before.width, pair.before.height]).toEqual([8, WIDTH, HEIGHT]);
      expect([pair.after.width, pair.after.height]).toEqual([SCALE * WIDTH, SCALE * HEIGHT]);
      const frameBytes = 3 * WIDTH * HEIGHT;
      // As the network gets it.
      const settings = videoSettingsSchema.parse({ levels: 'clip' });
      const { raster } = await readVideoFrame(film, 1, new AbortController().signal, settings);
      expect(Buffer.from(pair.before.rgb).equals(raster.data)).toBe(true);
      const segment = decodeRgb(segmentFiles[kind](fleet)[0]!);
      expect(distance(pair.after.rgb, segment.subarray(0, SCALE * SCALE * frameBytes))).toBeLessThan(3);
      // It is not decoded again, and stays when the film is gone.
      await store.removeFilm(id);
      expect(await viewer.previews.newest(id)).toBe(pair);
      await viewer.close();
      // What was brought here for the look is gone.
      const own = kind === 'folder' ? [] : readdirSync(join(store.root, 'attempts'));
      expect(own).toEqual([]);
    } finally {
      await fleet.end();
    }
  },
);

/** Of samples, on the average. */
function distance(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, sample, index) => sum + Math.abs(sample - b[index]!), 0) / a.length;
}

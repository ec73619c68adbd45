import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectFleet, Fleet } from '../../src/fleet/index.ts';
import { openSharedStore } from '../../src/store/index.ts';
import { readVideoFrame, videoSettingsSchema } from '../../src/video/index.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { hasRedis, TestFleet, TestRedis } from '../support/fleet.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [WIDTH, HEIGHT, SCALE] = [160, 120, 2];

test.skipIf(!hasRedis)('the newest finished segment of a film can be looked at (needs redis-server)', async () => {
  mkdirSync(folder, { recursive: true });
  const env = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state') };
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, SCALE, 7)));
  const redis = await TestRedis.start(at('redis'));
  const fleet = new TestFleet(redis, at('store'), env);
  try {
    const film = join(fleet.store, 'film.mp4');
    ffmpeg(...pattern(3, { size: `${WIDTH}x${HEIGHT}`, rate: '8' }), ...H264, '-g', '8', film);
    const how = ['-m', at('tiny.safetensors'), '--encoder', 'ffv1', '--chroma', '444', '--levels', 'clip'];
    const { records } = await fleet.run('submit', [
      film,
      '-o',
      join(fleet.store, 'out.mkv'),
      ...how,
      '--segment-seconds',
      '1',
    ]);
    const id = String(records[0]!.id);
    const store = await openSharedStore(fleet.store);
    const connection = await connectFleet({ url: redis.url, prefix: 'upreel' }, false);
    const viewer = new Fleet(connection, store);
    expect(await viewer.previews.newest(id)).toBeNull();
    const made = await upreel(['segment', id, '2', '--store', fleet.store, '--device', 'cpu', '--threads', '1'], env);
    expect(made.code).toBe(0);
    await viewer.states.addMade(id, 1, { frames: 8, bytes: 1 });
    const pair = (await viewer.previews.newest(id))!;
    expect([pair.frame, pair.before.width, pair.before.height]).toEqual([8, WIDTH, HEIGHT]);
    expect([pair.after.width, pair.after.height]).toEqual([SCALE * WIDTH, SCALE * HEIGHT]);
    const frameBytes = 3 * WIDTH * HEIGHT;
    // As the network gets it.
    const settings = videoSettingsSchema.parse({ levels: 'clip' });
    const { raster } = await readVideoFrame(film, 1, new AbortController().signal, settings);
    expect(Buffer.from(pair.before.rgb).equals(raster.data)).toBe(true);
    const [file] = readdirSync(join(fleet.filmFolder(), 'segments')).filter((name) => name.endsWith('.mkv'));
    const segment = decodeRgb(join(fleet.filmFolder(), 'segments', file!));
    expect(distance(pair.after.rgb, segment.subarray(0, SCALE * SCALE * frameBytes))).toBeLessThan(3);
    // It is not decoded again, and stays when the film is gone.
    await store.removeFilm(id);
    expect(await viewer.previews.newest(id)).toBe(pair);
    await viewer.close();
  } finally {
    await fleet.end();
  }
});

/** Of samples, on the average. */
function distance(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, sample, index) => sum + Math.abs(sample - b[index]!), 0) / a.length;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { writeSafetensors } from '../core/model/writers/safetensors-writer.ts';
import { ffmpeg, H264, pattern, temporaryFolder } from '../support/clips.ts';
import { startUpreel } from '../support/command.ts';
import { hasRedis, TestFleet, TestRedis } from '../support/fleet.ts';
import { until } from '../support/processes.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const ENV = { UPREEL_CACHE: at('cache'), XDG_STATE_HOME: at('state') };
const SEGMENTS = 4;

let fleet: TestFleet;
let number = 0;

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at('tiny.safetensors'), writeSafetensors(randomCompact(16, 4, 2, 7)));
  ffmpeg(...pattern(SEGMENTS, { size: '96x64', rate: '8' }), ...H264, '-g', '8', at('film.mp4'));
});

afterEach(() => fleet?.end());

async function submitted(): Promise<string> {
  const own = at(`fleet-${number++}`);
  fleet = new TestFleet(await TestRedis.start(join(own, 'redis')), join(own, 'store'), ENV);
  const film = join(fleet.store, 'film.mp4');
  ffmpeg('-i', at('film.mp4'), '-map', '0', '-c', 'copy', film);
  const how = ['-m', at('tiny.safetensors'), '--encoder', 'ffv1', '--segment-seconds', '1'];
  const { records } = await fleet.run('submit', [film, '-o', join(fleet.store, 'out.mkv'), ...how]);
  return String(records[0]!.id);
}

const follow = (film: string) =>
  startUpreel(['logs', film, '-f', '--queue', fleet.redis.url, '--store', fleet.store], ENV);
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;

describe.skipIf(!hasRedis)('upreel logs -f of a film of a fleet (needs redis-server)', () => {
  test('tells each segment once, as it is made and by whom, and ends with the film', async () => {
    const film = await submitted();
    const following = follow(film);
    await until(() => following.out().includes('submitted: 32 frames in 4 segments'), 20_000);
    expect(linesOf(following.out())).toHaveLength(1);
    fleet.worker('maker');
    await until(() => following.out().includes('segment 1: '), 60_000);
    // While the others are to be made.
    expect(following.child.exitCode).toBeNull();
    const { code, out, err } = await following.finished;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = linesOf(out);
    expect(lines).toHaveLength(SEGMENTS + 2);
    expect(lines.at(-1)).toMatch(new RegExp(`^${TIME} done$`));
    const told = lines.slice(1, -1).sort((a, b) => a.slice(20).localeCompare(b.slice(20)));
    for (const [index, line] of told.entries()) {
      const frames = `frames ${8 * index + 1} to ${8 * index + 8}`;
      expect(line).toMatch(new RegExp(`^${TIME} segment ${index + 1}: ${frames} in \\d+ s, by maker on cpu`));
    }
  });

  test('ends when the film is cancelled; who is let go of before ends well, and leaves the film as it is', async () => {
    const film = await submitted();
    const [left, kept] = [follow(film), follow(film)];
    for (const { out } of [left, kept]) await until(() => out().includes('submitted'), 20_000);
    left.child.kill('SIGINT');
    expect((await left.finished).code).toBe(0);
    expect(await fleet.run('cancel', [film])).toMatchObject({ code: 0, records: [{ state: 'cancelled' }] });
    const { code, out, err } = await kept.finished;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(linesOf(out).slice(1)).toEqual([expect.stringMatching(new RegExp(`^${TIME} cancelled$`))]);
  });
});

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
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
const SEGMENTS = 4;
const STORE = `s3://${BUCKET}/of a tenant`;

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

afterEach(() => fleet?.end());

const made = () => s3.keys().filter((key) => /segment-\d+\.[a-z0-9]+\.json$/.test(key)).length;

describe.skipIf(!hasRedis)('a film of a fleet whose store is a bucket (needs redis-server)', () => {
  test('is the film that one machine makes', async () => {
    fleet = new TestFleet(await TestRedis.start(at('redis')), STORE, env);
    const submitted = await fleet.run('submit', [at('film.mp4'), '-o', at('out.mkv'), ...HOW]);
    expect(submitted).toMatchObject({
      code: 0,
      err: '',
      records: [{ output: `${STORE}/out.mkv`, segments: SEGMENTS }],
    });
    const workers = [fleet.worker('one'), fleet.worker('two')];
    await until(() => s3.keys().includes('of a tenant/out.mkv'), 60_000);
    expect(decodeRgb(s3.fileOf('of a tenant/out.mkv')).equals(whole)).toBe(true);
    console.log(
      workers.map((w) => w.out()),
      s3.keys(),
    );
  });
});

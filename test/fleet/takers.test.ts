import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canTake } from '../../src/fleet/beats.ts';
import { FleetQueues } from '../../src/fleet/queues.ts';
import { SegmentTakers } from '../../src/fleet/takers.ts';
import { temporaryFolder } from '../support/clips.ts';
import { hasRedis, TestRedis } from '../support/fleet.ts';
import { until } from '../support/processes.ts';

const FILMS = { any: '0'.repeat(24), cpu: '1'.repeat(24), webgpu: '2'.repeat(24) } as const;
const SEGMENTS = Array.from({ length: 8 }, (_, index) => index);

test.each([
  [true, {}, { device: null }],
  [true, { devices: ['cpu', 'cuda'] }, { device: 'cuda' }],
  [false, { devices: ['cpu'] }, { device: 'cuda' }],
  [false, { state: 'draining' }, { device: null }],
  [false, {}, { device: null, failed: ['two', 'one'] }],
] as const)('what failed elsewhere is left to a worker: %s, %o, %o', (expected, beat, asked) => {
  const other = { name: 'one', state: 'idle' as const, devices: ['cpu'], ...beat };
  expect(canTake({ ...other, devices: [...other.devices] }, { failed: ['two'], ...asked })).toBe(expected);
});

describe.skipIf(!hasRedis)('segments of several queues (needs redis-server)', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start(temporaryFolder());
  });
  afterAll(() => redis.kill());

  test('are taken one at a time, by turns, and only by who has the device', async () => {
    const connection = { redis: redis.client(), prefix: 'takers' };
    const queues = new FleetQueues(connection);
    await queues.add(FILMS.webgpu, 1, SEGMENTS, { device: 'webgpu' });
    await queues.add(FILMS.any, 1, SEGMENTS, { device: null });
    await queues.add(FILMS.cpu, 1, SEGMENTS, { device: 'cpu' });
    const made: { film: string; kind: string | null }[] = [];
    let atWork = 0;
    let most = 0;
    const how = { connection: connection.redis, prefix: connection.prefix, concurrency: 1, lockDuration: 3000 };
    const takers = new SegmentTakers(connection.redis, [null, 'cpu'], how, async ({ data }, _, kind) => {
      most = Math.max(most, ++atWork);
      await sleep(10);
      atWork--;
      made.push({ film: data.film, kind });
      return 'made';
    });
    for (const worker of takers.workers) worker.on('error', () => {});
    await until(() => made.length === 2 * SEGMENTS.length, 20_000);
    expect(most).toBe(1);
    for (const { film, kind } of made) expect(film).toBe(FILMS[kind === 'cpu' ? 'cpu' : 'any']);
    // Whoever gave out the last one waits.
    const kinds = made.slice(0, SEGMENTS.length).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'cpu').length).toBeGreaterThanOrEqual(3);
    expect(kinds.filter((kind) => kind === null).length).toBeGreaterThanOrEqual(3);
    expect(await queues.segments('webgpu').getPrioritizedCount()).toBe(SEGMENTS.length);
    await takers.close();
    await queues.close();
    connection.redis.disconnect();
  });
});

import { describe, expect, test } from 'vitest';
import { checkAddress } from '../../src/fleet/index.ts';
import { evictionFinding, persistenceFinding, versionFinding } from '../../src/fleet/inspect.ts';

const facts = (told: Record<string, string>) => new Map(Object.entries(told));

describe('what upreel doctor --queue says of a server', () => {
  test.each([
    [{ redis_version: '7.0.15' }, 'good', 'Redis 7.0.15'],
    [{ redis_version: '6.2.0' }, 'good', 'Redis 6.2.0'],
    [{ redis_version: '6.0.16' }, 'bad', 'Redis 6.0.16'],
    [{ redis_version: '5.0.7' }, 'bad', 'Redis 5.0.7'],
    // Valkey tells an old version of Redis as well, for old clients.
    [{ redis_version: '7.2.4', valkey_version: '8.1.0' }, 'good', 'Valkey 8.1.0'],
    [{}, 'unknown', 'the server does not tell'],
  ])('version: %j is %s', (told, state, message) => {
    expect(versionFinding(facts(told))).toMatchObject({ state, message });
  });

  test.each([
    [{ maxmemory_policy: 'noeviction', maxmemory: '0' }, 'good'],
    [{ maxmemory_policy: 'allkeys-lru', maxmemory: '0' }, 'doubtful'],
    [{ maxmemory_policy: 'allkeys-lru', maxmemory: '1000000' }, 'bad'],
    [{}, 'unknown'],
  ])('eviction: %j is %s', (told, state) => {
    const found = evictionFinding(facts(told));
    expect(found.state).toBe(state);
    expect(found.hint === '').toBe(state === 'good');
  });

  test.each([
    [{ aof_enabled: '1', aof_last_write_status: 'ok' }, 'good'],
    [{ aof_enabled: '1', aof_last_write_status: 'err' }, 'bad'],
    [{ aof_enabled: '0' }, 'doubtful'],
  ])('persistence: %j is %s', (told, state) => {
    expect(persistenceFinding(facts(told)).state).toBe(state);
  });
});

describe('the address of a queue', () => {
  test.each([
    ['redis://queue.lan', 'queue.lan:6379'],
    ['redis://queue.lan:7000/3', 'queue.lan:7000'],
    ['rediss://films:secret@queue.lan:6380', 'queue.lan:6380'],
  ])('%s is shown as %s, without its password', (url, shown) => {
    expect(checkAddress({ url, prefix: 'upreel' })).toEqual({ shown });
  });

  test.each(['', 'queue.lan', 'queue.lan:6379', 'http://queue.lan', 'redis://', 'file:///etc/passwd'])(
    '%j is none',
    (url) => {
      expect(() => checkAddress({ url, prefix: 'upreel' })).toThrow(/--queue is no address/);
    },
  );

  test.each(['', 'a b', 'a:b', '../x', 'x'.repeat(65)])('%j is no prefix', (prefix) => {
    expect(() => checkAddress({ url: 'redis://queue.lan', prefix })).toThrow(/cannot be used/);
  });
});

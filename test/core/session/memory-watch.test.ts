import { describe, expect, test } from 'vitest';
import { countKills, watchMemory } from '../../../src/core/session/memory-watch.ts';

const V2 = '35 24 0:29 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate';
const V1 = [
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');
/** Of a container that does not see what is above its group. */
const INNER = '35 31 0:32 /docker/ab12 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory';

describe('the count of processes that the kernel ended', () => {
  test.each<[string, Record<string, string>, number | null]>([
    [
      'of a group (v2)',
      {
        '/proc/self/cgroup': '0::/user.slice/session-3.scope\n',
        '/proc/self/mountinfo': V2,
        '/sys/fs/cgroup/user.slice/session-3.scope/memory.events': 'low 0\nhigh 0\nmax 7\noom 4\noom_kill 3\n',
        '/proc/vmstat': 'oom_kill 9\n',
      },
      3,
    ],
    [
      'of a group (v1)',
      {
        '/proc/self/cgroup': '9:name=systemd:/\n4:cpu,memory:/jobs/1\n0::/\n',
        '/proc/self/mountinfo': V1,
        '/sys/fs/cgroup/memory/jobs/1/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      },
      2,
    ],
    [
      'of a container',
      {
        '/proc/self/cgroup': '4:memory:/docker/ab12\n',
        '/proc/self/mountinfo': INNER,
        '/sys/fs/cgroup/memory/memory.oom_control': 'under_oom 0\noom_kill 5\n',
      },
      5,
    ],
    [
      'of a container that has another name for its group than its mounts',
      {
        '/proc/self/cgroup': '4:memory:/\n',
        '/proc/self/mountinfo': INNER,
        '/sys/fs/cgroup/memory/memory.oom_control': 'under_oom 0\noom_kill 6\n',
      },
      6,
    ],
    [
      'of the machine, in its outermost group',
      { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': V2, '/proc/vmstat': 'pgfault 1\noom_kill 9\n' },
      9,
    ],
    ['where there is no /proc', {}, null],
  ])('%s', (_, files, expected) => {
    expect(countKills((path) => files[path] ?? null)).toBe(expected);
  });

  test.runIf(process.platform === 'linux')('is found on this machine (needs Linux)', () => {
    expect(countKills()).toBeGreaterThanOrEqual(0);
  });
});

describe('a sign of lacking memory', () => {
  const files: Record<string, string> = {};
  const set = (kills: number, freeKilobytes: number) =>
    Object.assign(files, {
      '/proc/vmstat': `oom_kill ${kills}\n`,
      '/proc/meminfo': `MemTotal:       9 kB\nMemAvailable:   ${freeKilobytes} kB\n`,
    });
  const read = (path: string) => files[path] ?? null;
  const MUCH = 2 ** 40;

  test('is a kernel that ended a process since the beginning, not before', () => {
    set(3, MUCH);
    const watch = watchMemory(read);
    expect(watch.sign()).toBeNull();
    set(4, MUCH);
    expect(watch.sign()).toBe('when the system ran out of memory');
  });

  test('is little free memory at the last look, before what ended gave back its own', () => {
    set(3, MUCH);
    const watch = watchMemory(read);
    set(3, 51_200);
    expect(watch.sign()).toBeNull();
    watch.look();
    set(3, MUCH);
    expect(watch.sign()).toBe('while only 52 MB of memory were free');
  });
});

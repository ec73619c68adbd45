import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, relative } from 'node:path';

/** Looks for signs that the system took a process away for lack of memory, from before it starts until it is gone. */
export interface MemoryWatch {
  /** Call it every second or so: when a process is gone, what it took is free again. */
  look(): void;
  /** Half a sentence that says what points to memory ("when ..."); null: nothing does. */
  sign(): string | null;
}

export function watchMemory(read: ReadText = readText): MemoryWatch {
  const killsBefore = countKills(read);
  let free = freeMemory(read);
  return {
    look() {
      free = freeMemory(read);
    },
    sign() {
      const kills = countKills(read);
      if (kills !== null && killsBefore !== null && kills > killsBefore) return 'when the system ran out of memory';
      // Programs that end others before the system has to (earlyoom, systemd-oomd) are counted nowhere.
      if (free.bytes > SCARCE * free.total) return null;
      return `while only ${Math.round(free.bytes / 1e6)} MB of memory were free`;
    },
  };
}

/** Of the machine's memory: what such programs act at. */
const SCARCE = 0.1;

/** The text of a file, or null. */
export type ReadText = (path: string) => string | null;

/**
 * How many processes the kernel has ended for lack of memory: of this process's control group (cgroup v2 and v1), whose
 * count does not depend on the limit that was reached; of the machine where groups have no count. null: not told.
 */
export function countKills(read: ReadText = readText): number | null {
  for (const path of counters(read('/proc/self/cgroup') ?? '', read('/proc/self/mountinfo') ?? '')) {
    const kills = killsIn(read(path));
    if (kills !== null) return kills;
  }
  return killsIn(read('/proc/vmstat'));
}

/** Of `oom_kill 3` among other lines. */
function killsIn(text: string | null): number | null {
  const count = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return count === undefined ? null : Number(count);
}

/** @param groups text of /proc/PID/cgroup @param mounts text of /proc/PID/mountinfo; both as in Linux's proc(5) */
function counters(groups: string, mounts: string): string[] {
  const places = new Map(
    [...groups.matchAll(/^\d+:([^:]*):(.*)$/gm)].flatMap(([, names = '', place = '']) =>
      names.split(',').map((name) => [name, place] as const),
    ),
  );
  return mounts.split('\n').flatMap((line) => {
    const [, , , root = '', mount = '', ...rest] = line.split(' ');
    const [type, , options = ''] = rest.slice(rest.indexOf('-') + 1);
    const isSecond = type === 'cgroup2';
    if (!isSecond && !(type === 'cgroup' && options.split(',').includes('memory'))) return [];
    const inside = relative(root, places.get(isSecond ? '' : 'memory') ?? root);
    // In a container the mount may begin at the group itself, or elsewhere than its name says.
    const folder = inside.startsWith('..') ? mount : join(mount, inside);
    return [join(folder, isSecond ? 'memory.events' : 'memory.oom_control')];
  });
}

/** What programs can have without others losing theirs. */
function freeMemory(read: ReadText): { readonly bytes: number; readonly total: number } {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  const bytes = kilobytes === undefined ? process.availableMemory() : 1024 * Number(kilobytes);
  return { bytes, total: totalmem() };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

import { readFileSync } from 'node:fs';

/** Resident bytes of this process, and of the given children where the system tells (Linux). */
export function residentBytes(childPids: readonly number[]): number {
  return process.memoryUsage.rss() + childPids.reduce((sum, pid) => sum + childBytes(pid), 0);
}

function childBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    // Ended, or a system without /proc.
    return 0;
  }
}

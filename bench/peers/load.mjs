// Who uses the processors (Linux): the whole machine, and one process with its threads. proc(5).
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

const TICKS_PER_SECOND = 100;

/** Starts to watch; the function returned tells the load since then. */
export function watchLoad(pid) {
  const [wall, busy, own] = [performance.now(), machineSeconds(), processSeconds(pid)];
  return () => ({
    wallSeconds: (performance.now() - wall) / 1000,
    cores: cpus().length,
    busySeconds: machineSeconds() - busy,
    ownSeconds: processSeconds(pid) - own,
  });
}

/** user, nice, system, irq, softirq and what the host gave to other machines (steal), over all cores. */
function machineSeconds() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

function processSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

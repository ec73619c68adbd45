import { readFileSync } from 'node:fs';

interface Watched {
  readonly seconds: number;
  readonly pids: () => readonly number[];
  /** A number that changes when work was done. */
  readonly progress: () => number;
  /** What stands still on purpose is not stuck. */
  readonly isPaused: () => boolean;
  readonly onStall: () => void;
}

/**
 * Looks once a second whether anything moves: frames, tiles, CPU time of the children or of this process. Seconds are
 * counted by looks, so that a process that was stopped, or slept with its machine, does not take that for a stall.
 * @returns ends it.
 */
export function watchForStall({ seconds, pids, progress, isPaused, onStall }: Watched): () => void {
  let idleLooks = 0;
  let last = { progress: progress(), cpuSeconds: cpuSecondsOf(pids()) };
  const timer = setInterval(() => {
    const now = { progress: progress(), cpuSeconds: cpuSecondsOf(pids()) };
    const hasMoved = now.progress !== last.progress || Math.abs(now.cpuSeconds - last.cpuSeconds) > IDLE_SHARE;
    last = now;
    idleLooks = hasMoved || isPaused() ? 0 : idleLooks + 1;
    // Where the system does not tell of children's CPU time, a slow one looks like a hung one: more patience.
    if (idleLooks < seconds * (process.platform === 'linux' ? 1 : 10)) return;
    clearInterval(timer);
    onStall();
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}

/** Of a core: what timers and events of an idle process need at most. */
const IDLE_SHARE = 0.02;

function cpuSecondsOf(pids: readonly number[]): number {
  const { user, system } = process.cpuUsage();
  return pids.reduce((sum, pid) => sum + childCpuSeconds(pid), (user + system) / 1e6);
}

function childCpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

const CLOCK_TICKS_PER_SECOND = 100;

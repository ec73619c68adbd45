import { type ChildProcess, spawn } from 'node:child_process';
import { ownProgram } from '../core/files/own-files.ts';
import { STREAMS_FLAG } from './standard-streams.ts';

/**
 * Megabytes of the space for new objects, per thread. Pixels lie outside of V8's heap: with the usual 16 it only lets
 * garbage lie about, some 25 MB of it.
 */
const HEAP_FLAGS = ['--max-semi-space-size=2'];

/** For glibc, which else keeps what is freed: in a heap for each thread, and up to 64 MB at the end of one. */
const FRUGAL_MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/** For an engine that is started before it is known what for: while it waits, it loads what reads pictures. */
export const PICTURES_FLAG = '--pictures';

let early: ChildProcess | null = null;

/**
 * Starts the engine that this process will need, while it still reads its command line: both take a quarter of a second
 * to load. To be called once, before anything else; whoever is not given a task ends with `dropEarlyEngine`.
 */
export function startEarlyEngine(): void {
  early = spawnEngine([PICTURES_FLAG]);
  // That it could not be started is told by the next one.
  early.on('error', () => dropEarlyEngine());
}

export function dropEarlyEngine(): void {
  early?.kill('SIGKILL');
  early = null;
}

/** A new engine, or the one that was started early. @param streams see `EngineOptions` */
export function engineProcess(streams: boolean): ChildProcess {
  if (streams) return spawnEngine([STREAMS_FLAG], [0, 1]);
  const begun = early;
  early = null;
  const isWaiting = begun !== null && begun.exitCode === null && begun.signalCode === null;
  return isWaiting ? begun : spawnEngine([]);
}

function spawnEngine(flags: readonly string[], further: readonly number[] = []): ChildProcess {
  return spawn(process.execPath, [...HEAP_FLAGS, ownProgram('engine'), ...flags], {
    // Of a process group of its own: Ctrl-C in the terminal is the supervisor's to answer.
    detached: true,
    env: { ...FRUGAL_MALLOC, ...process.env },
    stdio: ['pipe', 'ignore', 'pipe', 'ipc', 'pipe', ...further],
    serialization: 'advanced',
  });
}

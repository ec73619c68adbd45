import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { fromErrorRecord, tellsOfLackingMemory, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { ownProgram } from '../core/files/own-files.ts';
import { isKill } from '../core/session/kill-signals.ts';
import { watchMemory } from '../core/session/memory-watch.ts';
import type { PreviewPair, SegmentNews } from '../video/index.ts';
import { addressSpaceIsLimited } from './address-space.ts';
import type {
  EngineMessage,
  EngineRequest,
  EngineResult,
  EngineTask,
  OpenTile,
  RowsNotice,
} from './engine-protocol.ts';
import { PIXEL_PORT } from './pixel-port.ts';
import { STREAMS_FLAG } from './standard-streams.ts';

/** The supervisor's handle of one engine process. The supervisor never runs a session and never blocks. */
export interface EngineClient {
  readonly pid: number;
  /**
   * Runs one task. Aborting cancels it, waits shortly for its temporary files to go, and ends the engine.
   * @throws UpreelError what the task threw; EngineDied, or `out-of-memory` where something points to that.
   */
  run(task: EngineTask, options: RunOptions): Promise<EngineResult>;
  /** Holds its work back, with all that is in memory; a tile that is being computed is finished. */
  pause(on: boolean): void;
  /** The newest frame of its video before and after; null: there is none yet, or no answer. */
  preview(): Promise<PreviewPair | null>;
  /** Tile of the last task whose network was opened; null while there is none. */
  readonly tile: OpenTile | null;
  /** The other end of the engine's pixel port: for tasks of kind `pixels`, one at a time. */
  readonly pixels: Duplex;
  /** False once the process has ended or was told to. */
  readonly alive: boolean;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /**
   * Aborted: the task may finish what it cannot take up again, and stops then. Tasks that keep nothing are cancelled.
   */
  readonly drain?: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
  /** Tasks of kind `pixels`: that many bytes follow on `Engine.pixels`. */
  readonly onRows?: (rows: RowsNotice) => void;
  /** Videos: all segments at the start, then each one as it changes. */
  readonly onSegments?: (news: readonly SegmentNews[]) => void;
}

export interface EngineOptions {
  readonly stallSeconds?: number | undefined;
  /** Added to its priority and that of its children: 0 to 19, higher yields more. */
  readonly nice?: number | undefined;
  /** Hands over this process's standard input and output, for tasks that name them with `-`. */
  readonly streams?: boolean | undefined;
}

/** A cancelled engine that has not removed its temporary files by then is ended all the same. */
const CANCEL_MILLISECONDS = 2000;
const STDERR_TAIL_BYTES = 8192;
/** An engine that is silent for as long is stuck: its main thread never computes. */
const STALL_SECONDS = 120;

interface Pending {
  readonly onEvent: (event: TaskEvent) => void;
  readonly onRows: RunOptions['onRows'];
  readonly onSegments: RunOptions['onSegments'];
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: UpreelError) => void;
}

/** How long an engine may take to answer with a preview. */
const PREVIEW_MILLISECONDS = 5000;

/**
 * Megabytes of the space for new objects, per thread. Pixels lie outside of V8's heap: with the usual 16 it only lets
 * garbage lie about, some 25 MB of it.
 */
const HEAP_FLAGS = ['--max-semi-space-size=1'];

/** For glibc, which else keeps what is freed: in a heap for each thread, and up to 64 MB at the end of one. */
const FRUGAL_MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

export function startEngine(options: EngineOptions = {}): EngineClient {
  const { stallSeconds = STALL_SECONDS, nice = 0, streams = false } = options;
  const script = ownProgram('engine');
  const memory = watchMemory();
  const child = spawn(process.execPath, [...HEAP_FLAGS, script, ...(streams ? [STREAMS_FLAG] : [])], {
    // Of a process group of its own: Ctrl-C in the terminal is the supervisor's to answer.
    detached: true,
    env: { ...FRUGAL_MALLOC, ...process.env },
    stdio: ['pipe', 'ignore', 'pipe', 'ipc', 'pipe', ...(streams ? [0, 1] : [])],
    serialization: 'advanced',
  });
  if (nice > 0 && child.pid !== undefined) lowerPriority(child.pid, nice);
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let stderrTail = '';
  let alive = true;
  let tile: OpenTile | null = null;
  const previews: ((pair: PreviewPair | null) => void)[] = [];

  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderrTail = (stderrTail + chunk).slice(-STDERR_TAIL_BYTES);
  });
  // Writing to an engine that has just ended must not end the supervisor.
  child.stdin?.on('error', () => undefined);
  // A pipe that libuv opens both ways.
  const pixels = child.stdio[PIXEL_PORT] as Duplex;
  pixels.on('error', () => undefined);
  child.on('error', (error) => settleAll(`could not be started: ${error.message}`));
  // Not 'exit': its last words may still be in the pipe.
  child.on('close', (code, signal) =>
    settleAll(signal ? `was ended by ${signal}` : `ended with exit code ${code}`, isKill(signal)),
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));

  child.on('message', (message: EngineMessage) => {
    silentSeconds = 0;
    if (message.type === 'alive') return;
    if (message.type === 'preview') {
      previews.shift()?.(message.pair);
      return;
    }
    const task = pending.get(message.id);
    if (!task) return;
    if (message.type === 'event') task.onEvent(message.event);
    else if (message.type === 'opened') tile = message;
    else if (message.type === 'rows') task.onRows?.(message.rows);
    else if (message.type === 'segments') task.onSegments?.(message.news);
    else if (message.type === 'settled') task.resolve(message.result);
    else task.reject(fromErrorRecord(message.error));
  });

  function settleAll(what: string, wasKilled = false): void {
    alive = false;
    clearInterval(hearing);
    const sign = wasKilled ? memory.sign() : null;
    for (const task of [...pending.values()]) task.reject(engineDied({ what, wasKilled, sign, stderrTail }));
    for (const answer of previews.splice(0)) answer(null);
  }

  function preview(): Promise<PreviewPair | null> {
    if (!alive) return Promise.resolve(null);
    return new Promise((resolve) => {
      previews.push(resolve);
      setTimeout(() => resolve(null), PREVIEW_MILLISECONDS).unref();
      send(child, { type: 'preview' });
    });
  }

  function run(task: EngineTask, { signal, drain, onEvent, onRows, onSegments }: RunOptions): Promise<EngineResult> {
    const id = nextId++;
    return new Promise<EngineResult>((resolve, reject) => {
      const settle = (conclude: () => void): void => {
        signal.removeEventListener('abort', cancel);
        drain?.removeEventListener('abort', askToDrain);
        pending.delete(id);
        if (!signal.aborted) {
          conclude();
          return;
        }
        kill();
        reject(signal.reason);
      };
      const cancel = (): void => {
        send(child, { type: 'cancel', id });
        setTimeout(() => settle(() => undefined), CANCEL_MILLISECONDS).unref();
      };
      const askToDrain = (): void => send(child, { type: 'drain', id });
      if (signal.aborted) {
        reject(signal.reason);
      } else if (!alive) {
        reject(engineDied({ what: 'had ended before', wasKilled: false, sign: null, stderrTail }));
      } else {
        signal.addEventListener('abort', cancel, { once: true });
        pending.set(id, {
          onEvent,
          onRows,
          onSegments,
          resolve: (result) => settle(() => resolve(result)),
          reject: (error) => settle(() => reject(error)),
        });
        send(child, { type: 'run', id, task });
        drain?.addEventListener('abort', askToDrain, { once: true });
        if (drain?.aborted) askToDrain();
      }
    });
  }

  // Counted by looks, so that a machine that slept does not take that for silence.
  let silentSeconds = 0;
  const hearing = setInterval(() => {
    memory.look();
    silentSeconds++;
    if (silentSeconds < stallSeconds || pending.size === 0) return;
    settleAll(`has not answered for ${stallSeconds} seconds`);
    kill();
  }, 1000);
  hearing.unref();

  function kill(): void {
    alive = false;
    child.kill('SIGKILL');
  }

  return {
    pid: child.pid ?? -1,
    pixels,
    run,
    pause: (on) => send(child, { type: 'pause', on }),
    preview,
    get tile() {
      return tile;
    },
    get alive() {
      return alive;
    },
    async close() {
      alive = false;
      child.stdin?.end();
      await ended;
    },
  };
}

/** At once, before it has threads: those that it starts later, and its children, have what it has then. */
function lowerPriority(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, which is reported elsewhere.
  }
}

function send(child: ChildProcess, request: EngineRequest): void {
  if (child.connected) child.send(request, () => undefined);
}

/** An engine that ended without an answer, and nothing points to memory as the cause. */
export class EngineDied extends UpreelError {
  /** Whether it was ended from outside, by whatever: it may do better the next time. */
  readonly wasKilled: boolean;

  constructor(what: string, wasKilled: boolean, options: { readonly hint: string; readonly cause: unknown }) {
    super('engine-died', `The engine process ${what}.`, options);
    this.wasKilled = wasKilled;
  }
}

interface EngineEnd {
  /** Goes on after "The engine process". */
  readonly what: string;
  readonly wasKilled: boolean;
  /** Of lack of memory, if it was killed; null: there is none. */
  readonly sign: string | null;
  readonly stderrTail: string;
}

function engineDied(end: EngineEnd): UpreelError {
  const hint = 'Try a smaller --tile or a smaller --memory; if it goes on, --device cpu.';
  const cause = end.stderrTail.trim() || undefined;
  const lack = lackOfMemory(end);
  return lack === null
    ? new EngineDied(end.what, end.wasKilled, { hint, cause })
    : new UpreelError('out-of-memory', lack, { hint, cause });
}

/** What points to memory as the cause of an engine's end, as a sentence; null if nothing does. */
function lackOfMemory({ what, wasKilled, sign, stderrTail }: EngineEnd): string | null {
  if (tellsOfLackingMemory(`${what}\n${stderrTail}`)) {
    return 'The engine ran out of memory.';
  }
  // Whoever ends an engine on purpose is not waiting for its task: this is the system, a person, or another program.
  if (wasKilled) return sign === null ? null : `The engine process ${what} ${sign}.`;
  if (/SIG\w+$/.test(what) && addressSpaceIsLimited()) {
    return `The engine ${what} under a limit on its address space (ulimit -v), most likely for lack of memory.`;
  }
  return null;
}

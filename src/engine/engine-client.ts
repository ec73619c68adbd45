import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { fromErrorRecord, type UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { isKill } from '../core/session/kill-signals.ts';
import { watchMemory } from '../core/session/memory-watch.ts';
import type { PreviewPair, SegmentNews } from '../video/index.ts';
import { engineDied } from './engine-end.ts';
import { engineProcess } from './engine-process.ts';
import type {
  EngineMessage,
  EngineRequest,
  EngineResult,
  EngineTask,
  OpenTile,
  RowsNotice,
} from './engine-protocol.ts';
import { PIXEL_PORT } from './pixel-port.ts';

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
  /** Tasks of kind `pixels`: that many bytes follow on `EngineClient.pixels`. */
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

export function startEngine(options: EngineOptions = {}): EngineClient {
  return new EngineProcess(options);
}

class EngineProcess implements EngineClient {
  readonly pixels: Duplex;
  alive = true;
  tile: OpenTile | null = null;
  readonly #child: ChildProcess;
  readonly #memory = watchMemory();
  readonly #pending = new Map<number, Pending>();
  readonly #previews: ((pair: PreviewPair | null) => void)[] = [];
  readonly #ended: Promise<void>;
  readonly #hearing: NodeJS.Timeout;
  readonly #stallSeconds: number;
  #nextId = 0;
  #stderrTail = '';
  /** Counted by looks, so that a machine that slept does not take that for silence. */
  #silentSeconds = 0;

  constructor({ stallSeconds = STALL_SECONDS, nice = 0, streams = false }: EngineOptions) {
    this.#stallSeconds = stallSeconds;
    const child = engineProcess(streams);
    this.#child = child;
    if (nice > 0 && child.pid !== undefined) lowerPriority(child.pid, nice);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderrTail = (this.#stderrTail + chunk).slice(-STDERR_TAIL_BYTES);
    });
    // Writing to an engine that has just ended must not end the supervisor.
    child.stdin?.on('error', () => undefined);
    // A pipe that libuv opens both ways.
    this.pixels = child.stdio[PIXEL_PORT] as Duplex;
    this.pixels.on('error', () => undefined);
    child.on('error', (error) => this.#settleAll(`could not be started: ${error.message}`));
    // Not 'exit': its last words may still be in the pipe.
    child.on('close', (code, signal) =>
      this.#settleAll(signal ? `was ended by ${signal}` : `ended with exit code ${code}`, isKill(signal)),
    );
    this.#ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.on('message', (message: EngineMessage) => this.#hear(message));
    this.#hearing = setInterval(() => this.#listen(), 1000);
    this.#hearing.unref();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  run(task: EngineTask, { signal, drain, onEvent, onRows, onSegments }: RunOptions): Promise<EngineResult> {
    const id = this.#nextId++;
    return new Promise<EngineResult>((resolve, reject) => {
      const settle = (conclude: () => void): void => {
        signal.removeEventListener('abort', cancel);
        drain?.removeEventListener('abort', askToDrain);
        this.#pending.delete(id);
        if (!signal.aborted) {
          conclude();
          return;
        }
        this.#kill();
        reject(signal.reason);
      };
      const cancel = (): void => {
        this.#send({ type: 'cancel', id });
        setTimeout(() => settle(() => undefined), CANCEL_MILLISECONDS).unref();
      };
      const askToDrain = (): void => this.#send({ type: 'drain', id });
      if (signal.aborted) {
        reject(signal.reason);
      } else if (!this.alive) {
        reject(this.#died('had ended before', false, null));
      } else {
        signal.addEventListener('abort', cancel, { once: true });
        this.#pending.set(id, {
          onEvent,
          onRows,
          onSegments,
          resolve: (result) => settle(() => resolve(result)),
          reject: (error) => settle(() => reject(error)),
        });
        this.#send({ type: 'run', id, task });
        drain?.addEventListener('abort', askToDrain, { once: true });
        if (drain?.aborted) askToDrain();
      }
    });
  }

  pause(on: boolean): void {
    this.#send({ type: 'pause', on });
  }

  preview(): Promise<PreviewPair | null> {
    if (!this.alive) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#previews.push(resolve);
      setTimeout(() => resolve(null), PREVIEW_MILLISECONDS).unref();
      this.#send({ type: 'preview' });
    });
  }

  async close(): Promise<void> {
    this.alive = false;
    this.#child.stdin?.end();
    await this.#ended;
  }

  #hear(message: EngineMessage): void {
    this.#silentSeconds = 0;
    if (message.type === 'alive') return;
    if (message.type === 'preview') {
      this.#previews.shift()?.(message.pair);
      return;
    }
    const task = this.#pending.get(message.id);
    if (!task) return;
    if (message.type === 'event') task.onEvent(message.event);
    else if (message.type === 'opened') this.tile = message;
    else if (message.type === 'rows') task.onRows?.(message.rows);
    else if (message.type === 'segments') task.onSegments?.(message.news);
    else if (message.type === 'settled') task.resolve(message.result);
    else task.reject(fromErrorRecord(message.error));
  }

  #listen(): void {
    this.#memory.look();
    this.#silentSeconds++;
    if (this.#silentSeconds < this.#stallSeconds || this.#pending.size === 0) return;
    this.#settleAll(`has not answered for ${this.#stallSeconds} seconds`);
    this.#kill();
  }

  #settleAll(what: string, wasKilled = false): void {
    this.alive = false;
    clearInterval(this.#hearing);
    const sign = wasKilled ? this.#memory.sign() : null;
    for (const task of [...this.#pending.values()]) task.reject(this.#died(what, wasKilled, sign));
    for (const answer of this.#previews.splice(0)) answer(null);
  }

  #died(what: string, wasKilled: boolean, sign: string | null): UpreelError {
    return engineDied({ what, wasKilled, sign, stderrTail: this.#stderrTail });
  }

  #kill(): void {
    this.alive = false;
    this.#child.kill('SIGKILL');
  }

  #send(request: EngineRequest): void {
    if (this.#child.connected) this.#child.send(request, () => undefined);
  }
}

/** At once, before it has threads: those that it starts later, and its children, have what it has then. */
function lowerPriority(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, which is reported elsewhere.
  }
}

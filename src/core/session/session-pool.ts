import { Worker } from 'node:worker_threads';
import type { DeviceName } from '../device-name.ts';
import { type ErrorRecord, fromErrorRecord, tellsOfLackingMemory, UpreelError } from '../errors.ts';
import { ownProgram } from '../files/own-files.ts';
import type { Pause } from '../pause.ts';
import type { Size } from '../pixels/geometry.ts';
import { type RasterFormat, rasterBytes } from '../pixels/raster.ts';
import type { RunReply, RunRequest, SessionWorkerData, WorkerRequest } from './session-worker.ts';

/** Sessions on worker threads, each taking the next window when it is free: fast ones take more. */
export interface SessionPool {
  readonly sessions: number;
  /** Windows that each session has run so far. */
  readonly windowsOfEach: readonly number[];
  /** Milliseconds spent inside session.run so far, over all sessions. */
  readonly busyMilliseconds: number;
  /**
   * Runs one window. `fill` writes the source samples when a session has room for it, `take` reads the result;
   * neither may keep its buffer: buffers are reused.
   */
  run(window: WindowRun, signal: AbortSignal | undefined): Promise<void>;
  warmUp(format: RasterFormat, networkFile: string): Promise<void>;
  close(): Promise<void>;
}

export interface WindowRun {
  readonly networkFile: string;
  readonly format: RasterFormat;
  readonly size: Size;
  readonly fill: (source: Uint8Array<ArrayBuffer>) => void;
  readonly take: (upscaled: Uint8Array<ArrayBuffer>) => void;
}

export interface SessionPoolOptions {
  readonly device: DeviceName;
  readonly scale: number;
  readonly sessions: number;
  readonly threadsPerSession: number;
  /** Default: true. */
  readonly spinning?: boolean;
  /** `sessions` on each; none: on the provider's own choice. */
  readonly gpus: readonly number[];
  /** While it is on, no window begins. */
  readonly pause?: Pause | undefined;
}

interface Lane {
  readonly worker: Worker;
  readonly pending: Map<number, (reply: RunReply | ErrorRecord) => void>;
  readonly buffers: Buffers[];
  dead: ErrorRecord | null;
  /** Windows that it runs or that wait at its thread. */
  held: number;
  windows: number;
}

type Buffers = NonNullable<RunRequest['buffers']>;

/** One window runs while the next lies ready: the session does not wait for this thread to copy results and sources. */
const WINDOWS_PER_LANE = 2;

export function openSessionPool(options: SessionPoolOptions): SessionPool {
  const { device, scale, threadsPerSession: threads, spinning = true } = options;
  const gpus = options.gpus.length > 0 ? options.gpus : [null];
  const lanes = Array.from({ length: options.sessions }, () => gpus)
    .flat()
    .map((gpu) => startLane({ device, gpu, scale, threads, spinning }));
  const waiting: ((lane: Lane) => void)[] = [];
  let nextId = 0;
  let busyMilliseconds = 0;
  let closing: Promise<void> | null = null;

  async function run(window: WindowRun, signal: AbortSignal | undefined): Promise<void> {
    const lane = await acquire();
    try {
      // Work that was aborted while it waited must not cost a run.
      signal?.throwIfAborted();
      await options.pause?.over(signal);
      const { width, height } = window.size;
      const buffers = buffersFor(lane, window, options.scale);
      window.fill(new Uint8Array(buffers.source));
      const { networkFile, format } = window;
      const reply = await ask(lane, { id: nextId++, networkFile, format, width, height, buffers });
      busyMilliseconds += reply.milliseconds;
      lane.windows++;
      lane.buffers.push(reply.buffers!);
      window.take(new Uint8Array(reply.buffers!.upscaled));
    } finally {
      release(lane);
    }
  }

  async function warmUp(format: RasterFormat, networkFile: string): Promise<void> {
    const request = { format, networkFile, width: 0, height: 0, buffers: null };
    // All lanes at once: loading a large network takes seconds.
    await Promise.all(lanes.map((lane) => ask(lane, { id: nextId++, ...request })));
  }

  function acquire(): Promise<Lane> {
    if (closing) throw new UpreelError('internal', 'Expected an open session pool, got a closed one.');
    const lane = lanes.reduce((least, other) => (other.held < least.held ? other : least));
    if (lane.held === WINDOWS_PER_LANE) return new Promise((resolve) => waiting.push(resolve));
    lane.held++;
    return Promise.resolve(lane);
  }

  /** Hands the place to whoever waits for one. */
  function release(lane: Lane): void {
    const next = waiting.shift();
    if (next) next(lane);
    else lane.held--;
  }

  return {
    sessions: lanes.length,
    get windowsOfEach() {
      return lanes.map((lane) => lane.windows);
    },
    get busyMilliseconds() {
      return busyMilliseconds;
    },
    run,
    warmUp,
    close() {
      // Never terminate(): a worker that is inside a run takes the whole process with it (FACTS: rc 134).
      closing ??= Promise.all(lanes.map(closeLane)).then(() => undefined);
      return closing;
    },
  };
}

function startLane(workerData: SessionWorkerData): Lane {
  const worker = new Worker(ownProgram('session-worker'), { workerData });
  const lane: Lane = { worker, pending: new Map(), buffers: [], dead: null, held: 0, windows: 0 };
  worker.on('message', (reply: RunReply) => settle(lane, reply.id, reply));
  const die = (detail: string): void => {
    const code = /memory/i.test(detail) || tellsOfLackingMemory(detail) ? 'out-of-memory' : 'engine-died';
    lane.dead ??= { code, message: 'A session worker ended unexpectedly.', hint: '', detail };
    for (const id of [...lane.pending.keys()]) settle(lane, id, lane.dead);
  };
  worker.on('error', (error) => die(String(error)));
  worker.on('exit', (code) => die(`exit code ${code}`));
  return lane;
}

function settle(lane: Lane, id: number, reply: RunReply | ErrorRecord): void {
  const pending = lane.pending.get(id);
  lane.pending.delete(id);
  pending?.(reply);
}

async function ask(lane: Lane, request: RunRequest): Promise<RunReply> {
  if (lane.dead) throw fromErrorRecord(lane.dead);
  const reply = await new Promise<RunReply | ErrorRecord>((resolve) => {
    lane.pending.set(request.id, resolve);
    const message: WorkerRequest = request;
    lane.worker.postMessage(message, request.buffers ? [request.buffers.source, request.buffers.upscaled] : []);
  });
  if ('code' in reply) throw fromErrorRecord(reply);
  if (reply.error) throw fromErrorRecord(reply.error);
  return reply;
}

function buffersFor(lane: Lane, { size, format }: WindowRun, scale: number): Buffers {
  const sourceBytes = rasterBytes(size.width, size.height, format);
  const upscaledBytes = sourceBytes * scale * scale;
  const kept = lane.buffers.pop();
  if (kept?.source.byteLength === sourceBytes && kept.upscaled.byteLength === upscaledBytes) return kept;
  return { source: new ArrayBuffer(sourceBytes), upscaled: new ArrayBuffer(upscaledBytes) };
}

async function closeLane(lane: Lane): Promise<void> {
  if (lane.dead) return;
  const ended = new Promise((resolve) => lane.worker.once('exit', resolve));
  const message: WorkerRequest = 'close';
  lane.worker.postMessage(message);
  await ended;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ClipJob {
  readonly input: string;
  readonly output: string;
  readonly settings?: Record<string, unknown>;
  /** Of the network, for each frame. */
  readonly delayMs?: number;
  /** What the job is told of its model. */
  readonly model?: string;
}

export interface RunningClip {
  readonly child: ChildProcess;
  readonly pid: number;
  out(): string;
  readonly finished: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

/** Upscales a clip in a process of its own (clip-runner.mjs). */
export function startClip({ delayMs = 0, settings = {}, ...job }: ClipJob): RunningClip {
  const script = fileURLToPath(new URL('clip-runner.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify({ ...job, settings, delayMs })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const finished = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, pid: child.pid!, out: () => out, finished };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { CLI } from './dist.ts';
import { testModelEnv } from './models.ts';
import { testStateEnv } from './state.ts';

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The records of --json, in order. */
  readonly records: readonly Record<string, unknown>[];
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Standard output so far. */
  out(): string;
  readonly finished: Promise<Finished>;
}

/** Starts the built command with the tests' model cache. */
export function startUpreel(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...testModelEnv(), ...testStateEnv(), ...env },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err, records: recordsOf(out) }));
  });
  return { child, pid: child.pid!, out: () => out, finished };
}

export function upreel(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  return startUpreel(args, env).finished;
}

function recordsOf(out: string): Record<string, unknown>[] {
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

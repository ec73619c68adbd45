import { type ChildProcess, spawn } from 'node:child_process';
import { CLI } from './dist.ts';
import { testModelEnv } from './models.ts';

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

/** Starts the built command with the tests' model cache. @param within words of a command that starts it */
export function startUpreel(
  args: readonly string[],
  env: Record<string, string> = {},
  within: readonly string[] = [],
): Running {
  const words = [...within, process.execPath, CLI, ...args];
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...testModelEnv(), ...env },
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

/** To its end; one that hangs is killed, and what it had said is told. */
export async function upreel(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const { child, finished } = startUpreel(args, env);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, PATIENCE_MS);
  const { out, err, ...rest } = await finished;
  clearTimeout(timer);
  if (isLate)
    throw new Error(`Expected upreel ${args.join(' ')} to end within ${PATIENCE_MS / 1000} s; it said: ${out}${err}`);
  return { out, err, ...rest };
}

const PATIENCE_MS = 280_000;

function recordsOf(out: string): Record<string, unknown>[] {
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

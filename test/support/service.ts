import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgeClient, type BridgeState, bridgeClient, readStateFile } from '../../src/bridge/index.ts';
import { CLI } from './dist.ts';
import { testModelEnv } from './models.ts';
import { until } from './processes.ts';

/** A real `upreel serve` with a state file of its own. */
export interface TestService {
  readonly child: ChildProcess;
  readonly state: BridgeState;
  readonly stateFile: string;
  readonly client: BridgeClient;
  /** What it has printed so far. */
  output(): string;
  /** The exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
  close(): Promise<void>;
}

export async function startService(
  options: { args?: readonly string[]; umask?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'upreel-service-'));
  await chmod(folder, 0o700);
  const stateFile = join(folder, 'state', 'service.json');
  const args = [CLI, 'serve', '--state-file', stateFile, ...(options.args ?? [])];
  const child = spawn(
    '/bin/sh',
    ['-c', `umask ${options.umask ?? '022'}; exec "$@"`, 'sh', process.execPath, ...args],
    {
      env: { ...process.env, ...(options.env ?? testModelEnv()) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  await until(() => output.includes('state file') || child.exitCode !== null, 120_000);
  const state = await readStateFile(stateFile);
  if (state === null) throw new Error(`Expected a service, got: ${output}`);
  return {
    ...{ child, state, stateFile, ended, client: bridgeClient(state), output: () => output },
    async close() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

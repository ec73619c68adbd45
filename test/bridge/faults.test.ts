import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BridgeState, bridgeClient, readStateFile } from '../../src/bridge/index.ts';
import { CLI } from '../support/dist.ts';
import { MODEL_TEST_TIMEOUT, testModel, testModelEnv } from '../support/models.ts';
import { allEnded, isAlive, until } from '../support/processes.ts';

const MODEL = 'realesr-animevideov3-x2';
const SMALL = { width: 20, height: 10, channels: 3, depth: 'u8', model: MODEL };
const LARGE = { ...SMALL, width: 800, height: 800, tile: 32 };
const DRIVER = fileURLToPath(new URL('../support/service_client.py', import.meta.url));

let folder: string;
let stateFile: string;
const services = new Set<number>();

beforeAll(() => testModel(MODEL), MODEL_TEST_TIMEOUT);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upreel-faults-'));
  await chmod(folder, 0o700);
  stateFile = join(folder, 'state', 'service.json');
  await mkdir(join(folder, 'state'), { mode: 0o700 });
});
afterEach(async () => {
  await noteService();
  for (const pid of services) if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  await allEnded([...services], 60_000);
  services.clear();
  await rm(folder, { recursive: true, force: true });
});

describe('a plug-in', { timeout: 180_000 }, () => {
  test('starts the service when it is not there, and uses it again', async () => {
    expect((await client(SMALL).end()).at(-1)).toEqual({ event: 'received', bytes: 40 * 20 * 3 });
    const first = await noteService();
    await client(SMALL).end();
    expect(await noteService()).toEqual(first);
    expect(await readFile(join(folder, 'state', 'service.log'), 'utf8')).not.toContain(first!.token);
  });

  test('and another one that start it at the same moment both get their pixels', async () => {
    const both = await Promise.all([client(SMALL).end(), client(SMALL).end()]);
    for (const lines of both) expect(lines.at(-1)).toEqual({ event: 'received', bytes: 40 * 20 * 3 });
  });

  test('says so when the service is killed under it, and the next call starts another', async () => {
    const running = client(LARGE);
    await until(() => running.lines().some(({ event }) => event === 'progress'), 90_000);
    const { pid } = (await noteService())!;
    process.kill(pid, 'SIGKILL');
    expect((await running.end()).at(-1)).toMatchObject({ event: 'failed', code: 'gone' });
    expect((await client(SMALL).end()).at(-1)).toMatchObject({ event: 'received' });
    expect((await noteService())!.pid).not.toBe(pid);
  });

  test('that is killed leaves the service running and its work ended', async () => {
    const running = client(LARGE);
    await until(() => running.lines().some(({ event }) => event === 'progress'), 90_000);
    const state = (await noteService())!;
    running.child.kill('SIGKILL');
    await expect.poll(() => bridgeClient(state).jobs(), { timeout: 30_000 }).toEqual([]);
    expect(isAlive(state.pid)).toBe(true);
  });

  test.each([
    ['a Node.js that is gone', { node: '/nowhere/node' }, /could not be started: No such file.*upreel gimp check/],
    ['a command that is gone', { cli: '/nowhere/cli.js' }, /ended at once \(exit code 1\).*service\.log.*upreel serve/],
  ])('says what to do about %s', async (_, change, words) => {
    const [failed] = await client(SMALL, change).end();
    expect(failed).toMatchObject({ event: 'failed', code: 'start' });
    expect(failed!.message).toMatch(words);
  });

  test('without its configuration says what to run', async () => {
    const [failed] = await run(['/nowhere/bridge-config.json', JSON.stringify(SMALL)]).end();
    expect(failed).toMatchObject({ code: 'config', message: expect.stringContaining('upreel gimp install') });
  });

  test('does not mind a state file of a service that is gone', async () => {
    await writeState({ port: 9, pid: 999_999 });
    expect((await client(SMALL).end()).at(-1)).toMatchObject({ event: 'received' });
  });

  test('does not believe a program that has taken the port over', async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end(JSON.stringify({ name: 'upreel', protocol: 1, pid: 1 }));
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    await writeState({ port: (other.address() as AddressInfo).port, pid: process.pid });
    expect((await client(SMALL).end()).at(-1)).toMatchObject({ event: 'received' });
    expect(seen.every((url) => url === '/v1/health')).toBe(true);
    other.close();
  });

  test('does not follow a state file that others can read', async () => {
    await writeState({ port: 9, pid: process.pid }, 0o644);
    expect((await client(SMALL).end()).at(-1)).toMatchObject({ event: 'received' });
    expect((await noteService())!.pid).not.toBe(process.pid);
  });

  test('passes on that there is no such model', async () => {
    const failed = (await client({ ...SMALL, model: 'no-such-model' }).end()).at(-1);
    expect(failed).toMatchObject({ event: 'failed', code: 'model-missing' });
  });
});

describe('the service', () => {
  test('ends by itself when nobody asks, and takes its state file with it', async () => {
    const child = spawn(process.execPath, [CLI, 'serve', '--state-file', stateFile, '--idle-exit', '1'], {
      stdio: 'ignore',
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(0);
    expect(existsSync(stateFile)).toBe(false);
  });

  test('is not started twice', async () => {
    await client(SMALL).end();
    const state = await noteService();
    const second = spawn(process.execPath, [CLI, 'serve', '--state-file', stateFile], { stdio: 'ignore' });
    expect(await new Promise((resolve) => second.once('close', resolve))).toBe(7);
    expect(await noteService()).toEqual(state);
  });

  test('refuses a folder that others can write to', async () => {
    await chmod(join(folder, 'state'), 0o777);
    const child = spawn(process.execPath, [CLI, 'serve', '--state-file', stateFile], { stdio: 'ignore' });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(existsSync(stateFile)).toBe(false);
  });
});

interface Line {
  readonly event: string;
  readonly code?: string;
  readonly message?: string;
}

interface Client {
  readonly child: ChildProcess;
  lines(): Line[];
  end(): Promise<Line[]>;
}

function client(request: object, change: object = {}): Client {
  const config = join(folder, `config-${randomUUID()}.json`);
  writeFileSync(config, JSON.stringify({ node: process.execPath, cli: CLI, stateFile, ...change }));
  return run([config, JSON.stringify(request)]);
}

function run(args: readonly string[]): Client {
  let output = '';
  const child = spawn('python3', [DRIVER, ...args], {
    env: { ...process.env, ...testModelEnv() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const complete = (): string[] => output.split('\n').slice(0, -1);
  const lines = (): Line[] => complete().map((line) => JSON.parse(line) as Line);
  return { child, lines, end: () => ended.then(lines) };
}

async function noteService(): Promise<BridgeState | null> {
  const state = await readStateFile(stateFile);
  if (state !== null && state.pid !== process.pid && state.pid !== 999_999) services.add(state.pid);
  return state;
}

async function writeState(facts: { port: number; pid: number }, mode = 0o600): Promise<void> {
  const state = { ...facts, token: 'A'.repeat(43), protocol: 1, version: '0.1.0' };
  await writeFile(stateFile, JSON.stringify(state));
  await chmod(stateFile, mode);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Finished, type Running, startUpreel, upreel } from './command.ts';

/** Debian's; .ci/run installs it. */
export const hasRedis = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].some((path) => existsSync(path));

/** A real server of its own, which can be killed and come back with what it had written. */
export class TestRedis {
  readonly port: number;
  readonly #folder: string;
  #child: ChildProcess | null = null;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async start(folder: string): Promise<TestRedis> {
    mkdirSync(folder, { recursive: true });
    const redis = new TestRedis(await freePort(), folder);
    await redis.begin();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async begin(): Promise<void> {
    const flags = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];
    this.#child = spawn('redis-server', [...flags, ...durable], { stdio: 'ignore' });
    const client = this.client();
    await client.ping();
    client.disconnect();
  }

  client(): Redis {
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    client.on('error', () => {});
    return client;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    child.kill(signal);
    await once(child, 'close');
  }
}

/** A queue, a store and the commands that meet there. */
export class TestFleet {
  readonly store: string;
  readonly redis: TestRedis;
  readonly #env: Record<string, string>;
  readonly #workers = new Set<Running>();

  constructor(redis: TestRedis, store: string, env: Record<string, string>) {
    if (!store.startsWith('s3:')) mkdirSync(store, { recursive: true });
    this.redis = redis;
    this.store = store;
    this.#env = env;
  }

  run(command: string, args: readonly string[], url = this.redis.url): Promise<Finished> {
    return upreel([command, ...args, '--queue', url, '--store', this.store, '--json'], this.#env);
  }

  /** Two seconds' hold: who is dead is missed soon. */
  worker(
    name: string,
    { url = this.redis.url, args = [] as readonly string[], within = [] as readonly string[] } = {},
  ): Running {
    const settings = ['--name', name, '--device', 'cpu', '--threads', '1', '--lock-seconds', '3'];
    const running = startUpreel(
      ['worker', ...settings, '--queue', url, '--store', this.store, '--json', ...args],
      this.#env,
      within,
    );
    this.#workers.add(running);
    return running;
  }

  /** Segments of all films that have their record. */
  made(): number {
    const films = join(this.store, '.upreel-fleet/films');
    if (!existsSync(films)) return 0;
    const names = readdirSync(films).flatMap((id) => readdirSync(join(films, id, 'segments')));
    return names.filter((name) => /^segment-\d+\.json$/.test(name)).length;
  }

  filmFolder(): string {
    const films = join(this.store, '.upreel-fleet/films');
    return join(films, readdirSync(films)[0]!);
  }

  async end(): Promise<void> {
    for (const { child } of this.#workers) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    await Promise.all([...this.#workers].map(({ finished }) => finished));
    await this.redis.kill();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

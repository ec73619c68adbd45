import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestRedis } from './fleet.ts';

/** What a cable is to a worker, until it is cut. */
export interface TestCable {
  /** Of Redis, at the worker's end. */
  readonly url: string;
  /** What the worker is started with, to be at that end. */
  readonly within: readonly string[];
  cut(): void;
  mend(): void;
  close(): void;
}

/** A network of its own for a worker, where that is allowed; else what passes everything on. */
export async function layCable(redis: TestRedis): Promise<TestCable> {
  const name = `upreel-${process.pid}`;
  try {
    ip('netns', 'add', name);
  } catch {
    return ProxyCable.lay(redis.port);
  }
  return NamespaceCable.lay(name, redis);
}

/** Addresses that no router passes on (RFC 3927). */
const [NEAR, FAR] = ['169.254.77.1', '169.254.77.2'];

/** Two ends of a virtual cable: one here, one in a network that has nothing else. */
class NamespaceCable implements TestCable {
  readonly url: string;
  readonly within: readonly string[];
  readonly #name: string;
  readonly #link: string;

  private constructor(name: string, port: number) {
    this.url = `redis://${NEAR}:${port}`;
    this.within = ['ip', 'netns', 'exec', name];
    this.#name = name;
    this.#link = linkOf(name);
  }

  static async lay(name: string, redis: TestRedis): Promise<NamespaceCable> {
    const link = linkOf(name);
    const far = ['-n', name];
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'cable', 'netns', name);
    ip('addr', 'add', `${NEAR}/30`, 'dev', link);
    ip('link', 'set', link, 'up');
    ip(...far, 'addr', 'add', `${FAR}/30`, 'dev', 'cable');
    ip(...far, 'link', 'set', 'cable', 'up');
    ip(...far, 'link', 'set', 'lo', 'up');
    const client = redis.client();
    await client.config('SET', 'protected-mode', 'no');
    await client.config('SET', 'bind', `127.0.0.1 ${NEAR}`);
    client.disconnect();
    return new NamespaceCable(name, redis.port);
  }

  cut(): void {
    ip('link', 'set', this.#link, 'down');
  }

  mend(): void {
    ip('link', 'set', this.#link, 'up');
  }

  close(): void {
    ip('netns', 'del', this.#name);
  }
}

/** The system allows 15 letters. */
function linkOf(name: string): string {
  return name.slice(0, 15);
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}

/** Where a machine of one's own cannot be had: everything goes through it, until it is cut. */
class ProxyCable implements TestCable {
  readonly within = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async lay(port: number): Promise<ProxyCable> {
    const cable: ProxyCable = new ProxyCable(
      createServer((near) => {
        const far = connect(port, '127.0.0.1');
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const) {
          cable.#sockets.add(from);
          from.on('error', () => {}).on('close', () => to.destroy());
          from.on('data', (bytes) => {
            // Nothing comes through, and nobody is told.
            if (!cable.#isCut) to.write(bytes);
          });
        }
      }),
    );
    cable.#server.listen(0, '127.0.0.1');
    await once(cable.#server, 'listening');
    return cable;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.mend();
    this.#server.close();
  }
}

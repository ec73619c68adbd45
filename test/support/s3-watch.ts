import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestS3 } from './s3.ts';

/** Stands before a server, passes everything on, and knows what was fetched; it may take its time. */
export class S3Watch {
  /** Ways of what was asked for by GET, from the bucket on. */
  readonly fetched: string[] = [];
  delayMilliseconds = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before({ port }: TestS3): Promise<S3Watch> {
    const server = createServer(async (asked, answer) => {
      const { method, url = '/', headers } = asked;
      if (method === 'GET') watch.fetched.push(decodeURIComponent(url.split('?')[0]!));
      await sleep(watch.delayMilliseconds);
      const passed = request({ port, host: '127.0.0.1', method, path: url, headers }, (found) => {
        answer.writeHead(found.statusCode ?? 500, found.headers);
        found.pipe(answer);
      });
      passed.on('error', () => answer.destroy());
      asked.pipe(passed);
    });
    const watch = new S3Watch(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return watch;
  }

  get env(): Record<string, string> {
    return { AWS_ENDPOINT_URL: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` };
  }

  /** How often something was fetched whose way is like that. */
  count(way: RegExp): number {
    return this.fetched.filter((each) => way.test(each)).length;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

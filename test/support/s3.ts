import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AwsClient } from 'aws4fetch';
import { freePort } from './fleet.ts';

const PROGRAM = fileURLToPath(new URL('../../node_modules/s3rver/bin/s3rver.js', import.meta.url));

/**
 * A real server of its own (s3rver, whose tokens need a cipher of OpenSSL 1, on a folder), which can be killed and come
 * back with what it holds.
 */
export class TestS3 {
  readonly port: number;
  readonly #folder: string;
  #child: ChildProcess | null = null;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async start(folder: string): Promise<TestS3> {
    mkdirSync(folder, { recursive: true });
    const server = new TestS3(await freePort(), folder);
    await server.begin();
    return server;
  }

  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${this.port}`,
      AWS_REGION: 'eu-central-1',
      // The one pair that it knows.
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
    };
  }

  async begin(): Promise<void> {
    const where = ['-d', this.#folder, '-a', '127.0.0.1', '-p', `${this.port}`];
    this.#child = spawn(
      process.execPath,
      ['--openssl-legacy-provider', PROGRAM, ...where, '--configure-bucket', BUCKET, '--silent'],
      {
        stdio: 'ignore',
      },
    );
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/`).catch(() => null);
      await answer?.arrayBuffer();
      if (answer !== null) return;
      await sleep(50);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  /** Keys of all objects. */
  keys(): string[] {
    const bucket = join(this.#folder, BUCKET);
    if (!existsSync(bucket)) return [];
    const names = namesBelow(bucket);
    const ends = '._S3rver_object';
    return names.flatMap((name) => (name.endsWith(ends) ? [name.slice(0, -ends.length)] : [])).sort();
  }

  /** Puts an object as any other program does. @param told said with it */
  async put(key: string, content: string | Uint8Array<ArrayBuffer>, told: Record<string, string>): Promise<void> {
    const headers = Object.entries(told).map(([name, value]) => [`x-amz-meta-${name}`, value]);
    const answer = await this.#ask(key, { method: 'PUT', body: content, headers: Object.fromEntries(headers) });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** What is said with an object. */
  async told(key: string): Promise<Record<string, string>> {
    const { headers } = await this.#ask(key, { method: 'HEAD' });
    const own = [...headers].filter(([name]) => name.startsWith('x-amz-meta-'));
    return Object.fromEntries(own.map(([name, value]) => [name.slice('x-amz-meta-'.length), value]));
  }

  #ask(key: string, init: RequestInit): Promise<Response> {
    const way = `${BUCKET}/${key}`.split('/').map(encodeURIComponent).join('/');
    return new AwsClient({
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      region: 'eu-central-1',
      service: 's3',
    }).fetch(`http://127.0.0.1:${this.port}/${way}`, init);
  }

  /** The file that holds an object. */
  fileOf(key: string): string {
    return join(this.#folder, BUCKET, `${key}._S3rver_object`);
  }
}

export const BUCKET = 'films';

/** The server may remove a folder while it is listed. */
function namesBelow(folder: string): string[] {
  for (;;) {
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

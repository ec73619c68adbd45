import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PullOptions, pullModel } from '../../../src/core/model/fetch/fetch.ts';
import type { HttpLimits } from '../../../src/core/model/fetch/fetch-http.ts';
import { type Answer, type FileServer, startFileServer } from '../../support/file-server.ts';
import { fileFacts, tinyCatalogue } from '../../support/tiny-catalogue.ts';

const CONTENT = randomBytes(300_000);
const LIMITS: HttpLimits = { connectMs: 1_000, stallMs: 300, redirects: 5, attempts: 4 };

let answers: Record<string, Answer>;
let server: FileServer;
let folder: string;

beforeEach(async () => {
  answers = {};
  server = await startFileServer(answers);
  folder = mkdtempSync(join(tmpdir(), 'upreel-fetch-'));
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function pull(options: PullOptions = {}, paths = ['/tiny.pth']): Promise<void> {
  const file = fileFacts('tiny.pth', CONTENT);
  const sources = paths.map((path) => ({ kind: 'url', files: [{ ...file, url: `${server.origin}${path}` }] }));
  const catalogue = tinyCatalogue(sources);
  return pullModel(catalogue, catalogue.models[0]!, folder, { http: LIMITS, ...options });
}

/** Serves ranges like a static file server, and breaks the connection after so many bytes of each answer. */
function dropping(afterBytes: number, headers: Record<string, string>): Answer {
  return (response, request) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = start === 0 ? {} : { 'content-range': `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}` };
    const rest = CONTENT.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, { ...headers, ...range, 'content-length': rest.length });
    if (rest.length <= afterBytes) response.end(rest);
    else response.write(rest.subarray(0, afterBytes), () => setTimeout(() => response.destroy(), 20));
  };
}

const whole: Answer = (response) => void response.end(CONTENT);

describe('a pull from a URL', () => {
  it('brings the file, tells its progress and leaves nothing else', async () => {
    answers['/tiny.pth'] = whole;
    const events: number[] = [];
    await pull({ onPull: ({ bytesDone }) => events.push(bytesDone) });
    expect(readFileSync(join(folder, 'tiny.pth')).equals(CONTENT)).toBe(true);
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
    expect(events[0]).toBe(0);
    expect(events.at(-1)).toBe(CONTENT.length);
  });

  it('asks for nothing when the file is there already', async () => {
    answers['/tiny.pth'] = whole;
    await pull();
    await pull();
    expect(server.requests).toHaveLength(1);
  });

  it('takes up a dropped connection where it broke', async () => {
    answers['/tiny.pth'] = dropping(130_000, { etag: '"one"' });
    await pull();
    expect(readFileSync(join(folder, 'tiny.pth')).equals(CONTENT)).toBe(true);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=130000-', 'bytes=260000-']);
  });

  it('starts anew when the server cannot say that the file is still the same', async () => {
    let tries = 0;
    answers['/tiny.pth'] = (response, request) => (tries++ === 0 ? dropping(130_000, {}) : whole)(response, request);
    await pull();
    expect(readFileSync(join(folder, 'tiny.pth')).equals(CONTENT)).toBe(true);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  it('follows redirects', async () => {
    answers['/tiny.pth'] = (response) => void response.writeHead(302, { location: '/elsewhere' }).end();
    answers['/elsewhere'] = whole;
    await pull();
    expect(readdirSync(folder)).toEqual(['tiny.pth']);
  });

  it('goes on to the next source after a failed one', async () => {
    answers['/second'] = whole;
    await pull({}, ['/first', '/second']);
    expect(server.requests.map(({ path }) => path)).toEqual(['/first', '/second']);
  });

  const trickle = (response: ServerResponse, chunk: Buffer) => {
    if (response.write(chunk)) setImmediate(() => trickle(response, chunk));
    else response.once('drain', () => trickle(response, chunk));
  };

  it.each<[string, Answer, string, RegExp]>([
    ['another content', (response) => void response.end(randomBytes(CONTENT.length)), 'model-refused', /sha256/],
    ['an endless one', (response) => trickle(response, CONTENT), 'model-refused', /larger than the 300000 bytes/],
    ['a short one', (response) => void response.end(CONTENT.subarray(1)), 'model-download-failed', /299999 of 300000/],
    ['no byte of it', (response) => void response.writeHead(200), 'model-download-failed', /nothing for 0.3 s/],
    [
      'half of it, then nothing',
      (response) => void response.write(CONTENT.subarray(9)),
      'model-download-failed',
      /nothing for/,
    ],
    ['status 404', (response) => void response.writeHead(404).end(), 'model-download-failed', /status 404/],
    [
      'redirects in a circle',
      (response) => void response.writeHead(302, { location: '/tiny.pth' }).end(),
      'model-download-failed',
      /redirects more than 5 times/,
    ],
    [
      'a redirect to plain http elsewhere',
      (response) => void response.writeHead(302, { location: 'http://example.org/' }).end(),
      'model-refused',
      /not https/,
    ],
  ])('fails and leaves no file when the server sends %s', async (_, answer, code, message) => {
    answers['/tiny.pth'] = answer;
    await expect(pull()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says which file to put where when no server can be reached', async () => {
    await server.close();
    const { sha256 } = fileFacts('tiny.pth', CONTENT);
    await expect(pull()).rejects.toMatchObject({
      code: 'model-download-failed',
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining(
        `tiny.pth (300000 bytes, sha256 ${sha256}, from ${server.origin}/tiny.pth) into ${folder}`,
      ),
    });
    server = await startFileServer({});
  });

  it('goes on soon after a server that takes the connection and never completes it', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/tiny.pth`;
    const catalogue = tinyCatalogue([{ kind: 'url', files: [{ ...fileFacts('tiny.pth', CONTENT), url }] }]);
    const started = performance.now();
    await expect(
      pullModel(catalogue, catalogue.models[0]!, folder, { http: { ...LIMITS, connectMs: 200, stallMs: 10_000 } }),
    ).rejects.toMatchObject({ message: expect.stringContaining('did not answer within 0.2 s') });
    expect(performance.now() - started).toBeLessThan(1_500);
    silent.close();
  });

  it('stops at once when it is aborted, and leaves no file', async () => {
    const controller = new AbortController();
    let abortedAt = 0;
    answers['/tiny.pth'] = (response) => {
      response.write(CONTENT.subarray(0, 100_000));
      setTimeout(() => {
        abortedAt = performance.now();
        controller.abort();
      }, 50);
    };
    await expect(pull({ signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
    expect(performance.now() - abortedAt).toBeLessThan(200);
    expect(readdirSync(folder)).toEqual([]);
  });
});

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';
import { descendantsOf } from '../support/processes.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
let port: number;
let token: string;

beforeAll(async () => {
  await testModel('realesr-animevideov3-x2');
  service = await startService({ umask: '000' });
  ({ port, token } = service.state);
}, MODEL_TEST_TIMEOUT);
afterAll(() => service?.close());

describe('who may ask', () => {
  const hosts = {
    own: () => `127.0.0.1:${port}`,
    localhost: () => `localhost:${port}`,
    'another port': () => '127.0.0.1:1',
    'no port': () => '127.0.0.1',
    'a rebound name': () => `rebound.example:${port}`,
    'a name that begins alike': () => `127.0.0.1:${port}.example`,
    'user and host': () => `x@127.0.0.1:${port}`,
    none: () => null,
  };
  const browsers = {
    'no browser': [],
    'a page': ['Origin: http://page.example'],
    'a page of its own': ['Origin: null'],
    'a link': ['Referer: http://page.example/'],
    'an image tag': ['Sec-Fetch-Site: cross-site'],
    'an address bar': ['Sec-Fetch-Mode: navigate'],
    'a preflight': ['Access-Control-Request-Method: POST'],
    cookies: ['Cookie: a=b'],
  };
  const tokens = {
    right: () => [`Authorization: Bearer ${token}`],
    none: () => [],
    wrong: () => [`Authorization: Bearer ${'A'.repeat(43)}`],
    'a part': () => [`Authorization: Bearer ${token.slice(0, 42)}`],
    'one more': () => [`Authorization: Bearer ${token}A`],
    'of another kind': () => [`Authorization: Basic ${token}`],
    twice: () => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
  };
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'];

  test('is decided by Host, then browser, then token, then method, for every combination', async () => {
    const rows = Object.entries(hosts).flatMap(([host, hostOf]) =>
      Object.entries(browsers).flatMap(([browser, browserLines]) =>
        Object.entries(tokens).flatMap(([tokenKind, tokenLines]) =>
          methods.map((method) => ({ host, hostOf, browser, browserLines, tokenKind, tokenLines, method })),
        ),
      ),
    );
    const wrong: string[] = [];
    for (let at = 0; at < rows.length; at += 32) {
      const answers = rows.slice(at, at + 32).map(async (row) => {
        const host = row.hostOf();
        const lines = [...(host === null ? [] : [`Host: ${host}`]), ...row.browserLines, ...row.tokenLines()];
        const answer = await ask(`${row.method} /v1/health HTTP/1.1`, lines);
        const own = row.host === 'own' || row.host === 'localhost';
        const expected =
          !own || row.browser !== 'no browser'
            ? 403
            : row.tokenKind !== 'right'
              ? 401
              : row.method === 'GET'
                ? 200
                : 405;
        const code = row.method === 'HEAD' ? '' : codeOf(answer.body);
        const expectedCode = !own
          ? 'host-refused'
          : row.browser !== 'no browser'
            ? 'browser-refused'
            : expected === 401
              ? 'token-refused'
              : expected === 405
                ? 'method-refused'
                : '';
        if (answer.status !== expected || (row.method !== 'HEAD' && code !== expectedCode)) {
          wrong.push(
            `${row.method}, Host ${row.host}, ${row.browser}, token ${row.tokenKind}: ${answer.status} ${code}`,
          );
        }
        if (/access-control|set-cookie/i.test(answer.head)) wrong.push(`CORS or cookie: ${answer.head}`);
      });
      await Promise.all(answers);
    }
    expect(rows.length).toBe(8 * 8 * 7 * 8);
    expect(wrong).toEqual([]);
  });

  test('two Host headers are refused', async () => {
    const { status } = await ask('GET /v1/health HTTP/1.1', [...good(), `Host: 127.0.0.1:${port}`]);
    expect(status).toBe(403);
  });

  test.each([
    '/',
    '/v1',
    '/v1/health/',
    '/v1/health?x=1',
    '//v1/health',
    '/v1/../v1/health',
    '/v1/%68ealth',
    '/V1/health',
    '/v1/jobs/../../etc/passwd',
    '/v1/jobs/0123456789abcdeg',
    'http://127.0.0.1/v1/health',
    '*',
    '/v1/models/..%2f..%2fetc',
    '/v1/health\\',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/v1/upscale/',
  ])(/* prettier-ignore */ 'no other spelling of a path leads anywhere: %s', async (path) => {
    const answer = await ask(`GET ${path} HTTP/1.1`, good());
    expect([400, 404]).toContain(answer.status);
  });
});

describe('requests that would cost the service something', () => {
  const header = (change: object = {}) =>
    `Upreel-Request: ${JSON.stringify({ width: 8, height: 8, channels: 3, depth: 'u8', model: 'realesr-animevideov3-x2', ...change })}`;
  const type = 'Content-Type: application/octet-stream';

  test.each([
    ['a Content-Length beyond the pixels', 413, ['Content-Length: 99999999999999'], {}],
    ['a Content-Length that is no number', 400, ['Content-Length: 1e3'], {}],
    ['a negative Content-Length', 400, ['Content-Length: -1'], {}],
    ['two lengths', 400, ['Content-Length: 192', 'Content-Length: 193'], {}],
    ['a length and chunks', 400, ['Content-Length: 192', 'Transfer-Encoding: chunked'], {}],
    ['more megapixels than the cap', 413, ['Content-Length: 192'], { width: 500_000, height: 500_000 }],
    ['a length that is too short', 400, ['Content-Length: 191'], {}],
  ])('are refused before a byte of the body: %s', async (_, status, lines, change) => {
    const answer = await ask('POST /v1/upscale HTTP/1.1', [...good(), type, header(change), ...lines]);
    expect(answer.status).toBe(status);
  });

  test('headers beyond 8 KiB are refused', async () => {
    const { status } = await ask('GET /v1/health HTTP/1.1', [...good(), `X: ${'x'.repeat(9000)}`]);
    expect(status).toBe(431);
  });

  test('a body is not asked for before it is allowed', async () => {
    const expects = 'Expect: 100-continue';
    const refused = await ask('POST /v1/upscale HTTP/1.1', [`Host: 127.0.0.1:${port}`, expects, 'Content-Length: 192']);
    expect(refused.status).toBe(401);
    const asked = await ask('POST /v1/upscale HTTP/1.1', [...good(), type, header(), expects, 'Content-Length: 192'], {
      until: 'HTTP/1.1 200',
    });
    expect(asked.status).toBe(100);
  });

  test('connections that never finish their headers are closed', async () => {
    const started = Date.now();
    const silent = closedAfter('');
    const slow = closedAfter('GET /v1/health HTTP/1.1\r\nHost: ', { every: 500, text: 'x' });
    await Promise.all([silent, slow]);
    expect(Date.now() - started).toBeLessThan(25_000);
  }, 60_000);

  test('a body that stalls ends with an error, and the next job runs', async () => {
    const head = `POST /v1/upscale HTTP/1.1\r\n${[...good(), type, header(), 'Content-Length: 192'].join('\r\n')}\r\n\r\nabc`;
    const answer = await exchange(head, { until: '"error"' });
    expect(answer).toContain('"code":"input-damaged","message":"The pixels came too slowly."');
    const request = { width: 8, height: 8, channels: 3, depth: 'u8', model: 'realesr-animevideov3-x2' } as const;
    expect((await service.client.upscale(request, new Uint8Array(192))).width).toBe(16);
  }, 60_000);

  test('chunks beyond the pixels end with an error', async () => {
    const lines = [...good(), type, header(), 'Transfer-Encoding: chunked'];
    const body = `c1\r\n${'x'.repeat(193)}\r\n0\r\n\r\n`;
    const answer = await exchange(`POST /v1/upscale HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, {
      until: '"error"',
    });
    expect(answer).toContain('Expected 192 bytes of pixels, got more.');
  });

  test('random bytes do not disturb it', async () => {
    for (let round = 0; round < 50; round++) {
      const noise = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 7919 + round * 104_729) % 256));
      await exchange(noise.toString('latin1'), { until: 'HTTP/1.1 400', milliseconds: 300 });
    }
    expect((await service.client.health()).name).toBe('upreel');
  });
});

describe('the token', () => {
  test('lies in a file of mode 0600 in a folder of mode 0700, under a umask of 000', async () => {
    expect((await stat(service.stateFile)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(service.stateFile))).mode & 0o777).toBe(0o700);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  });

  test('is in no command line, no environment and no log', async () => {
    // An engine may end just now, after a job that was refused.
    const read = (path: string) => readFile(path, 'utf8').catch(() => '');
    expect(await read(`/proc/${service.child.pid}/cmdline`)).toContain('serve');
    for (const pid of [service.child.pid!, ...descendantsOf(service.child.pid!)]) {
      expect(await read(`/proc/${pid}/cmdline`)).not.toContain(token);
      expect(await read(`/proc/${pid}/environ`)).not.toContain(token);
    }
    expect(service.output()).toContain('state file');
    expect(service.output()).not.toContain(token);
  });

  test('is another one at each start', async () => {
    const other = await startService();
    expect(other.state.token).not.toBe(token);
    expect(other.state.port).not.toBe(port);
    await other.close();
  });
});

describe('the service', () => {
  test('listens on 127.0.0.1 alone', async () => {
    const sockets =
      (await readFile('/proc/net/tcp', 'utf8')) + (await readFile('/proc/net/tcp6', 'utf8').catch(() => ''));
    const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
    const listening = sockets.split('\n').filter((line) => line.includes(`:${hexPort} `) && / 0A /.test(line));
    expect(listening.map((line) => line.trim().split(/\s+/)[1])).toEqual([`0100007F:${hexPort}`]);
  });

  test('is out of reach of a page in a real browser', { timeout: 60_000 }, async ({ skip }) => {
    const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
    if (chromium === undefined) return skip('there is no Chromium here');
    const page = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end(pageThatTries(port)),
    );
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const profile = await mkdtemp(join(tmpdir(), 'upreel-chromium-'));
    try {
      const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`;
      const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
      const dom = await run(chromium, [...flags, '--virtual-time-budget=8000', '--dump-dom', url]);
      const told = /<p id="log">tried 6: ([^<]*)</.exec(dom)?.[1];
      expect(told?.split(', ').sort()).toEqual(
        ['fetch', 'image', 'opaque', 'post', 'script', 'socket'].map((what) => `${what} refused`),
      );
    } finally {
      page.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

function pageThatTries(target: number): string {
  return `<body><p id=log></p><script>
    const base = 'http://127.0.0.1:${target}';
    const log = [];
    const note = (what, ok) => log.push(what + (ok ? ' reached' : ' refused'));
    const bearer = { authorization: 'Bearer x' };
    const tries = [
      fetch(base + '/v1/health').then((r) => r.text()).then(() => note('fetch', true), () => note('fetch', false)),
      fetch(base + '/v1/upscale', { method: 'POST', headers: bearer, body: 'x' }).then(() => note('post', true), () => note('post', false)),
      fetch(base + '/v1/health', { mode: 'no-cors' }).then((r) => r.text()).then((t) => note('opaque', t.length > 0), () => note('opaque', false)),
      new Promise((done) => { const s = new Image(); s.onload = () => done(note('image', true)); s.onerror = () => done(note('image', false)); s.src = base + '/v1/health'; }),
      new Promise((done) => { const s = document.createElement('script'); s.onload = () => done(note('script', true)); s.onerror = () => done(note('script', false)); s.src = base + '/v1/models'; document.body.append(s); }),
      new Promise((done) => { const w = new WebSocket('ws://127.0.0.1:${target}/v1/upscale'); w.onopen = () => done(note('socket', true)); w.onerror = () => done(note('socket', false)); }),
    ];
    Promise.all(tries).then(() => { document.getElementById('log').textContent = 'tried ' + log.length + ': ' + log.join(', '); });
  </script>`;
}

function good(): string[] {
  return [`Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`];
}

async function ask(requestLine: string, lines: readonly string[], options: { until?: string } = {}) {
  const text = await exchange(`${[requestLine, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, options);
  const end = text.indexOf('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), head: text.slice(0, end), body: text.slice(end + 4) };
}

/** Sends bytes as they are and gives what came back until the end, or until `until` is in it. */
function exchange(bytes: string, { until = '\0', milliseconds = 50_000 } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    let text = '';
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, milliseconds);
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      if (text.includes(until)) end();
    });
    socket.on('close', end);
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? end() : reject(error)));
  });
}

function closedAfter(first: string, drip?: { every: number; text: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(first));
    const timer = drip && setInterval(() => socket.write(drip.text), drip.every);
    const late = setTimeout(() => reject(new Error('Expected the service to close the connection.')), 40_000);
    socket.on('error', () => undefined).resume();
    socket.on('close', () => {
      clearInterval(timer);
      clearTimeout(late);
      resolve();
    });
  });
}

function codeOf(body: string): string {
  try {
    return (JSON.parse(body) as { code?: string }).code ?? '';
  } catch {
    return 'no JSON';
  }
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.once('error', reject).once('close', () => resolve(text));
  });
}

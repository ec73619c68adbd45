import { mkdirSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { toErrorRecord } from '../../src/core/errors.ts';
import { openSharedStore } from '../../src/store/index.ts';
import { readS3Place } from '../../src/store/s3/s3-place.ts';
import { temporaryFolder } from '../support/clips.ts';
import { BUCKET, TestS3 } from '../support/s3.ts';

const folder = temporaryFolder();
const ADDRESS = `s3://${BUCKET}/tenant`;
const SECRET = 'a-secret-that-nobody-may-see';
let s3: TestS3;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  s3 = await TestS3.start(join(folder, 's3'));
});

afterAll(() => s3.kill());

beforeEach(() => {
  for (const [name, value] of Object.entries({ ...s3.env, UPREEL_CACHE: join(folder, 'cache') }))
    vi.stubEnv(name, value);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** What is told, all of it. */
async function refusal(address = ADDRESS) {
  const error = await openSharedStore(address).then(
    () => null,
    (reason: unknown) => reason,
  );
  const record = toErrorRecord(error);
  expect(JSON.stringify(record)).not.toContain(SECRET);
  return record;
}

describe('the address of a bucket', () => {
  const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: SECRET };

  test.each([
    ['s3://films', {}, 'https://films.s3.us-east-1.amazonaws.com/', ''],
    ['s3://films/', { AWS_REGION: 'eu-central-1' }, 'https://films.s3.eu-central-1.amazonaws.com/', ''],
    [
      's3://films/a b/c/',
      { AWS_DEFAULT_REGION: 'cn-north-1' },
      'https://films.s3.cn-north-1.amazonaws.com.cn/',
      'a b/c/',
    ],
    ['s3://my.films/a', {}, 'https://s3.us-east-1.amazonaws.com/my.films', 'a/'],
    ['s3://films', { AWS_ENDPOINT_URL: 'http://minio.lan:9000/' }, 'http://minio.lan:9000/films', ''],
    ['s3://films', { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://b/s3' }, 'http://b/s3/films', ''],
  ])('%s with %j is %s', (address, more, base, prefix) => {
    const place = readS3Place(address, { ...env, ...more });
    expect([place.base.href, place.prefix, place.address]).toEqual([base, prefix, address.replace(/\/$/, '')]);
  });

  test.each(['s3://', 's3:///a', 's3://Films', 's3://a', 's3://fi..lms', 's3://user:pass@films', 's3://films/../x'])(
    '%s is none',
    (address) => expect(() => readS3Place(address, env)).toThrow(/is no address of a bucket/),
  );

  test.each(['films.lan', 'ftp://films.lan', `https://key:${SECRET}@films.lan`, 'http://films.lan/?x=1'])(
    'no server is at %s, and nothing secret is told',
    (endpoint) => {
      const read = () => readS3Place('s3://films', { ...env, AWS_ENDPOINT_URL: endpoint });
      expect(read).toThrow(/AWS_ENDPOINT_URL cannot be used/);
      expect(read).not.toThrow(SECRET);
    },
  );

  test.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])('needs %s', (name) => {
    expect(() => readS3Place('s3://films', { ...env, [name]: '' })).toThrow(/No credentials/);
  });
});

test('a bucket that is not there, and a key that is not known, are told at once', async () => {
  expect(await refusal('s3://other-films/tenant')).toMatchObject({
    code: 'store-unreachable',
    message: expect.stringContaining('There is no bucket other-films'),
  });
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'somebody');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', SECRET);
  expect(await refusal()).toMatchObject({
    code: 'store-unreachable',
    message: expect.stringContaining('does not know these credentials (InvalidAccessKeyId)'),
  });
});

test('a server that is away is waited for, for a while', async () => {
  const store = await openSharedStore(ADDRESS);
  await s3.kill();
  const probe = store.probe();
  await sleep(1500);
  await s3.begin();
  await probe;
  await store.close();
});

/** A server that answers as it is told: what S3 says, and s3rver does not. */
async function answering(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', SECRET);
  return server;
}

describe('what a server answers', () => {
  // As AWS documents them ("Error responses").
  test.each([
    [403, 'AccessDenied', {}, 'store-unreachable', /does not let upreel in \(403 AccessDenied\)/, /s3:ListBucket/],
    [403, 'SignatureDoesNotMatch', {}, 'store-unreachable', /does not know these credentials/, /AWS_SECRET_ACCESS_KEY/],
    [400, 'ExpiredToken', {}, 'store-unreachable', /have expired/, /new ones/],
    [
      301,
      'PermanentRedirect',
      { 'x-amz-bucket-region': 'eu-west-3' },
      'store-unreachable',
      /is in eu-west-3, and eu-central-1/,
      /=eu-west-3/,
    ],
    [400, 'AuthorizationHeaderMalformed', {}, 'store-unreachable', /is in us-west-9/, /AWS_REGION/],
    [
      307,
      'TemporaryRedirect',
      { location: 'http://169.254.169.254/' },
      'store-unreachable',
      /in us-west-9/,
      /AWS_REGION/,
    ],
    [507, 'XMinioStorageFull', {}, 'disk-full', /has no room left/, /Free some/],
    [400, 'InvalidRequest', {}, 'store-unreachable', /does not do what it is asked \(400 InvalidRequest\)/, /log/],
    [404, '', {}, 'store-unreachable', /There is no bucket/, /AWS_ENDPOINT_URL/],
  ] as const)('%i %s is told in words', async (status, name, headers, code, message, hint) => {
    const asked: string[] = [];
    const server = await answering((request, response) => {
      asked.push(String(request.headers.host));
      response.writeHead(status, headers);
      response.end(
        `<?xml version="1.0"?><Error><Code>${name}</Code><Region>us-west-9</Region><StringToSign>${SECRET}</StringToSign></Error>`,
      );
    });
    expect(await refusal()).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    // Nothing is followed, nor asked twice.
    expect(asked).toHaveLength(1);
    server.close();
  });

  test('a clock that is wrong is set right by the server’s, once', async () => {
    const times: string[] = [];
    const server = await answering((request, response) => {
      times.push(String(request.headers['x-amz-date']));
      response.setHeader('date', new Date(Date.now() + 7 * 3_600_000).toUTCString());
      response.statusCode = times.length === 1 ? 403 : 200;
      response.end('<Error><Code>RequestTimeTooSkewed</Code></Error>');
    });
    const store = await openSharedStore(ADDRESS);
    await store.close();
    const [first, second] = times.map((time) => Date.parse(time.replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')));
    expect((second! - first!) / 3_600_000).toBeCloseTo(7, 1);
    server.close();
  });

  test.each([500, 503, 429, 'cut off', 'cut in the middle'] as const)('%s is tried again', async (how) => {
    let count = 0;
    const server = await answering((request, response) => {
      if (++count > 2) return response.end('<ListBucketResult></ListBucketResult>');
      if (how === 'cut off') return request.socket.destroy();
      if (how !== 'cut in the middle') return response.writeHead(how).end('<Error><Code>SlowDown</Code></Error>');
      response.writeHead(200, { 'content-length': '100' }).write('<List');
      return setTimeout(() => request.socket.destroy(), 20);
    });
    await (await openSharedStore(ADDRESS)).close();
    expect(count).toBe(3);
    server.close();
  });

  test('no server at all is told, with its name', async () => {
    const server = await answering(() => {});
    server.close();
    expect(await refusal()).toMatchObject({
      code: 'store-unreachable',
      message: expect.stringMatching(/cannot be reached at 127.0.0.1:\d+ \(ECONNREFUSED\)/),
    });
  });

  test('an answer that never comes ends with who waits for it', async () => {
    const server = await answering(() => {});
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 200);
    await expect(openSharedStore(ADDRESS, stop.signal)).rejects.toThrow('enough');
    server.closeAllConnections();
    server.close();
  });
});

import { createHash } from 'node:crypto';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { abortWith } from '../../core/abort-with.ts';
import { systemErrorCode, UpreelError } from '../../core/errors.ts';
import { brokenError, isPassing, readRefusal, refusalError, type S3Refusal } from './s3-errors.ts';
import type { S3Place } from './s3-place.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Way below the prefix; absent: the bucket itself. */
  readonly way?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Answers that are none to fail at, besides 2xx. */
  readonly expected?: readonly number[];
  /** Default: the client's. */
  readonly signal?: AbortSignal;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Of an error, or where the answer is small. */
  readonly text: string;
}

/** Nothing heard for as long is a broken connection; and so is what takes longer than any part of a file can. */
const SILENCE_MILLISECONDS = 30_000;
const LONGEST_MILLISECONDS = 600_000;
/** Seven seconds in all: whoever needs more patience asks again. */
const WAITS_MILLISECONDS = [200, 500, 1200, 2500, 3000];
/** What fails on this machine is not asked for again. */
const OWN_DISK = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO']);
/** Of a server that says nothing, for as long each time. */
const PATIENCE_MILLISECONDS = 45_000;
const SILENT = Object.assign(new Error('nothing was heard'), { code: 'ETIMEDOUT' });
const MOST_TEXT_BYTES = 16 * 1024 * 1024;
/** What a server may be asked at once. */
const MOST_AT_ONCE = 16;

/**
 * Signs, asks, and asks again what a server was too busy for. Answers that lead elsewhere are not followed: what is
 * signed is for one host.
 */
export class S3Client {
  readonly place: S3Place;
  readonly #signal: AbortSignal;
  readonly #closed = new AbortController();
  readonly #agent: http.Agent;
  /** How far the server's clock is ahead of this machine's. */
  #skewMilliseconds = 0;

  constructor(place: S3Place, signal: AbortSignal) {
    this.place = place;
    this.#signal = AbortSignal.any([signal, this.#closed.signal]);
    const options = { keepAlive: true, maxSockets: MOST_AT_ONCE };
    this.#agent = place.base.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  /** @throws UpreelError `store-unreachable`, `disk-full`; why it was aborted. */
  ask(request: S3Request): Promise<S3Answer> {
    return this.read(request, async (answer) => textFrom(answer));
  }

  /**
   * @param take reads what comes; it begins anew when the connection breaks
   * @throws as `ask`
   */
  async read(request: S3Request, take: (body: IncomingMessage) => Promise<string>): Promise<S3Answer> {
    const signal = request.signal ?? this.#signal;
    const begunAt = performance.now();
    let isSetRight = false;
    for (const next of [...WAITS_MILLISECONDS, null]) {
      signal.throwIfAborted();
      const isLate = () => performance.now() - begunAt > PATIENCE_MILLISECONDS;
      const answer = await this.#once(request, take, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof UpreelError || OWN_DISK.has(systemErrorCode(error) ?? '')) throw error;
        if (next === null || isLate()) throw brokenError(error, this.place);
        return null;
      });
      if (answer !== null && !('code' in answer)) return answer;
      if (answer !== null) {
        // Whose clock is right does not matter: the server's counts, once.
        const isClock: boolean = !isSetRight && this.#setRight(answer);
        isSetRight ||= isClock;
        if (next === null || !(isClock || isPassing(answer))) throw refusalError(answer, this.place);
      }
      // Not all at once after a server was away.
      await sleep(next! * (0.5 + Math.random()), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    throw new UpreelError('internal', 'Expected an end of patience.');
  }

  /** What is still asked for is given up. */
  close(): void {
    this.#closed.abort(new UpreelError('interrupted', 'The store was closed.'));
    this.#agent.destroy();
  }

  /** @returns whether it was the clock */
  #setRight({ code, headers }: S3Refusal): boolean {
    const skew = Date.parse(headers.date ?? '') - Date.now();
    if (code !== 'RequestTimeTooSkewed' || Number.isNaN(skew)) return false;
    this.#skewMilliseconds = skew;
    return true;
  }

  async #once(
    request: S3Request,
    take: (body: IncomingMessage) => Promise<string>,
    signal: AbortSignal,
  ): Promise<S3Answer | S3Refusal> {
    const { controller, release } = abortWith(signal);
    const late = setTimeout(() => controller.abort(SILENT), LONGEST_MILLISECONDS);
    try {
      return await this.#answerTo(request, take, controller.signal);
    } finally {
      clearTimeout(late);
      release();
    }
  }

  async #answerTo(
    request: S3Request,
    take: (body: IncomingMessage) => Promise<string>,
    signal: AbortSignal,
  ): Promise<S3Answer | S3Refusal> {
    const { method, body, expected = [] } = request;
    const { url, headers } = await this.#sign(request);
    const options = {
      method,
      agent: this.#agent,
      headers: { ...headers, 'content-length': `${body?.byteLength ?? 0}` },
      signal,
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = (url.protocol === 'https:' ? https : http).request(url, options, resolve);
      asked.setTimeout(SILENCE_MILLISECONDS, () => asked.destroy(SILENT));
      asked.on('error', reject);
      asked.end(body);
    });
    const status = answer.statusCode ?? 0;
    const isGood = (status >= 200 && status < 300) || expected.includes(status);
    try {
      const text = isGood && !expected.includes(status) ? await take(answer) : await textFrom(answer);
      return isGood ? { status, headers: answer.headers, text } : readRefusal(status, answer.headers, text);
    } finally {
      answer.destroy();
    }
  }

  async #sign({ method, way, query = {}, headers = {}, body = new Uint8Array(0) }: S3Request) {
    const { base, prefix, region, credentials } = this.place;
    const key = way === undefined ? '' : `/${`${prefix}${way}`.split('/').map(encodeRfc3986).join('/')}`;
    const url = new URL(`${base.href.replace(/\/$/, '')}${key}`);
    url.search = Object.entries(query)
      .map((pair) => pair.map(encodeRfc3986).join('='))
      .join('&');
    const signer = new AwsV4Signer({
      ...{ method, url: url.href, region, service: 's3' },
      ...{ accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
      // The body's hash is signed with the rest: servers refuse what came otherwise.
      headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
      datetime: new Date(Date.now() + this.#skewMilliseconds).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const signed = await signer.sign();
    return { url: signed.url, headers: Object.fromEntries(signed.headers) };
  }
}

async function textFrom(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_TEXT_BYTES) throw new Error('the answer has no end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** All but letters, digits and -._~, as signatures want it. */
function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

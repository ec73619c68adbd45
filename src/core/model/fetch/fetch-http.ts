import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode, UpreelError } from '../../errors.ts';
import { isAllowedUrl } from '../catalogue.ts';
import { type FileSink, SourceFailure } from './fetch-sink.ts';

export interface HttpLimits {
  /** Until the connection stands, TLS included. */
  readonly connectMs: number;
  /** Without a byte, before or in the answer. */
  readonly stallMs: number;
  readonly redirects: number;
  /** Connections in all; one that brings nothing new is the last. */
  readonly attempts: number;
}

export const HTTP_LIMITS: HttpLimits = { connectMs: 5_000, stallMs: 20_000, redirects: 5, attempts: 8 };

export interface HttpOptions {
  readonly limits: HttpLimits;
  readonly signal: AbortSignal;
  readonly onBytes: (received: number) => void;
}

/**
 * Streams one URL into a sink. A dropped connection is taken up where it broke if the server can, else anew.
 * @throws SourceFailure if the server cannot be reached, answers anything but the file, or sends too much of it.
 */
export async function downloadUrl(url: string, sink: FileSink, options: HttpOptions): Promise<void> {
  let etag: string | undefined;
  for (let attempt = 1; ; attempt++) {
    const before = sink.bytes;
    try {
      const resume = before > 0 && etag !== undefined ? { range: `bytes=${before}-`, 'if-range': etag } : {};
      const response = await openUrl(url, resume, options);
      etag = strongEtag(response);
      await receive(response, sink, options);
      if (sink.bytes === sink.file.bytes) return;
      throw new Dropped(`the connection ended after ${sink.bytes} of ${sink.file.bytes} bytes`);
    } catch (error) {
      options.signal.throwIfAborted();
      const gained = sink.bytes > before;
      if (!(error instanceof Dropped) || !gained || attempt >= options.limits.attempts) throw error;
      await sleep(300 * attempt, undefined, { signal: options.signal });
    }
  }
}

/**
 * A text at a URL, whole, of `maxBytes` at most.
 * @throws SourceFailure if the server cannot be reached, answers anything else, or sends too much.
 */
export async function fetchText(url: string, maxBytes: number, options: Omit<HttpOptions, 'onBytes'>): Promise<string> {
  const response = await openUrl(url, {}, { ...options, onBytes: () => undefined });
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new SourceFailure(`it sent more than ${maxBytes} bytes`, { refused: true });
      chunks.push(chunk);
    }
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof SourceFailure ? error : new SourceFailure('the connection broke', { cause: error });
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A failure after which another try may help. */
class Dropped extends SourceFailure {}

/** The answer with the file's bytes, after redirects. */
async function openUrl(url: string, headers: Record<string, string>, options: HttpOptions): Promise<IncomingMessage> {
  let at = new URL(url);
  for (let hops = 0; hops <= options.limits.redirects; hops++) {
    const response = await answerOf(at, headers, options);
    const status = response.statusCode ?? 0;
    if (status === 200 || status === 206) return response;
    response.destroy();
    const location = response.headers.location;
    if (status < 300 || status >= 400 || location === undefined) {
      throw new SourceFailure(`it answered with status ${status}`);
    }
    at = redirected(at, location);
  }
  throw new SourceFailure(`it redirects more than ${options.limits.redirects} times`);
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || !isAllowedUrl(to.href) || (from.protocol === 'https:' && to.protocol !== 'https:')) {
    throw new SourceFailure('it redirects to an address that is not https', { refused: true });
  }
  return to;
}

function answerOf(url: URL, headers: Record<string, string>, options: HttpOptions): Promise<IncomingMessage> {
  const { limits, signal } = options;
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(url, { headers: { 'user-agent': 'upreel', ...headers }, signal });
    let response: IncomingMessage | undefined;
    // Once there is an answer, only its own destruction keeps the reason.
    const giveUp = (message: string) => (response ?? request).destroy(new Dropped(message));
    const timer = setTimeout(() => giveUp(`it did not answer within ${limits.connectMs / 1000} s`), limits.connectMs);
    whenConnected(request, url.protocol, () => clearTimeout(timer));
    request.setTimeout(limits.stallMs, () => giveUp(`it sent nothing for ${limits.stallMs / 1000} s`));
    request.on('response', (answer) => {
      response = answer;
      resolve(answer);
    });
    request.on('error', (error) => reject(error instanceof SourceFailure ? error : unreachable(error)));
    request.on('close', () => clearTimeout(timer));
    request.end();
  });
}

function whenConnected(request: ClientRequest, protocol: string, then: () => void): void {
  request.on('socket', (socket) => {
    // A kept connection of an earlier request is connected already.
    if (request.reusedSocket) then();
    else socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', then);
  });
}

async function receive(response: IncomingMessage, sink: FileSink, options: HttpOptions): Promise<void> {
  try {
    const start = response.statusCode === 206 ? startOf(response) : 0;
    if (start === 0) await sink.restart();
    else if (start !== sink.bytes) throw new SourceFailure('the server resumed at another byte than asked');
    for await (const chunk of response) {
      await sink.write(chunk as Buffer);
      options.onBytes(sink.bytes);
    }
  } catch (error) {
    if (error instanceof SourceFailure || error instanceof UpreelError) throw error;
    throw new Dropped('the connection broke', { cause: error });
  } finally {
    response.destroy();
  }
}

/** The first byte of a partial answer ("bytes 100-199/200"). */
function startOf(response: IncomingMessage): number {
  return Number(/^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1] ?? 0);
}

function strongEtag(response: IncomingMessage): string | undefined {
  const { etag } = response.headers;
  return etag?.startsWith('"') === true ? etag : undefined;
}

function unreachable(error: Error): SourceFailure {
  return new Dropped(`it cannot be reached (${systemErrorCode(error) ?? error.message})`, { cause: error });
}

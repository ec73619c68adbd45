import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { z } from 'zod';
import { type ErrorCode, EXIT_CODES, UpreelError } from '../core/errors.ts';
import { pixelBytes } from '../core/still/upscale-pixels.ts';
import {
  type BridgeJobs,
  errorBodySchema,
  type Health,
  healthSchema,
  jobsSchema,
  type ModelList,
  modelsSchema,
  REQUEST_HEADER,
  type StreamEvent,
  streamEventSchema,
  type upscaleRequestSchema,
} from './protocol.ts';
import type { BridgeState } from './state-file.ts';
import { StreamReader } from './stream-reader.ts';

export type BridgeRequest = z.input<typeof upscaleRequestSchema>;

export interface BridgeResult {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: string;
  /** Interleaved, rows tightly packed, little-endian. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

export interface BridgeUpscaleOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: Exclude<StreamEvent, { event: 'rows' }>) => void;
}

/** The service as a program sees it. */
export interface BridgeClient {
  health(): Promise<Health>;
  models(): Promise<ModelList['models']>;
  jobs(): Promise<BridgeJobs['jobs']>;
  cancel(job: string): Promise<void>;
  /** @throws UpreelError with the service's code, message and hint; the reason of an abort. */
  upscale(request: BridgeRequest, pixels: Uint8Array, options?: BridgeUpscaleOptions): Promise<BridgeResult>;
}

export function bridgeClient({ port, token }: Pick<BridgeState, 'port' | 'token'>): BridgeClient {
  const ask = (method: string, path: string, more: Partial<RequestOptions> = {}): RequestOptions => ({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: false,
    ...more,
    headers: { authorization: `Bearer ${token}`, ...(more.headers as Record<string, string | number>) },
  });
  const get = async (method: string, path: string): Promise<unknown> => {
    const response = await send(ask(method, path, { timeout: QUICK_MILLISECONDS }));
    const body: unknown = JSON.parse(await textOf(response));
    if (response.statusCode !== 200) throw errorFrom(body, response.statusCode);
    return body;
  };
  return {
    health: async () => healthSchema.parse(await get('GET', '/v1/health')),
    models: async () => modelsSchema.parse(await get('GET', '/v1/models')).models,
    jobs: async () => jobsSchema.parse(await get('GET', '/v1/jobs')).jobs,
    cancel: async (job) => void (await get('DELETE', `/v1/jobs/${job}`)),
    async upscale(request, pixels, { signal, onEvent } = {}) {
      const headers = {
        'content-type': 'application/octet-stream',
        'content-length': pixelBytes(request, request),
        [REQUEST_HEADER]: asciiJson(request),
      };
      const response = await send(ask('POST', '/v1/upscale', { headers, ...(signal && { signal }) }), pixels);
      if (response.statusCode !== 200) throw errorFrom(JSON.parse(await textOf(response)), response.statusCode);
      try {
        return await readStream(response, onEvent ?? (() => undefined));
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        response.destroy();
      }
    },
  };
}

const QUICK_MILLISECONDS = 5000;

async function readStream(
  response: IncomingMessage,
  onEvent: NonNullable<BridgeUpscaleOptions['onEvent']>,
): Promise<BridgeResult> {
  const reader = new StreamReader(response);
  let result: BridgeResult | null = null;
  let filled = 0;
  for (;;) {
    const event = streamEventSchema.parse(JSON.parse(await reader.line()));
    if (event.event === 'rows') {
      await reader.into(result!.pixels.subarray(filled, filled + event.bytes));
      filled += event.bytes;
      continue;
    }
    onEvent(event);
    if (event.event === 'started') {
      const { width, height, channels, depth } = event;
      const layout = { channels, depth } as Parameters<typeof pixelBytes>[1];
      result = { width, height, channels, depth, pixels: new Uint8Array(pixelBytes({ width, height }, layout)) };
    }
    if (event.event === 'error') throw errorFrom(event, 200);
    if (event.event === 'done') {
      if (result === null || filled !== result.pixels.byteLength) throw new Error('Expected all rows before `done`.');
      return result;
    }
  }
}

function send(options: RequestOptions, body?: Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(options, resolve);
    outgoing.on('error', (error) => reject(options.signal?.aborted ? options.signal.reason : error));
    outgoing.on('timeout', () => outgoing.destroy(new Error('Expected an answer in time.')));
    outgoing.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function errorFrom(body: unknown, status: number | undefined): UpreelError {
  const { code, message, hint } = errorBodySchema
    .catch({
      code: 'internal',
      message: `The service answered with status ${status}.`,
      hint: '',
    })
    .parse(body);
  return new UpreelError(code in EXIT_CODES ? (code as ErrorCode) : 'internal', message, { hint, cause: code });
}

/** Headers are ASCII: everything else as \uXXXX. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

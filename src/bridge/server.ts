import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listModels } from '../core/model/index.ts';
import { checkAccess, isRefusal, type Refusal, type Route } from './access.ts';
import type { JobQueue } from './job-queue.ts';
import { type BridgeJobs, type Health, type ModelList, PROTOCOL_VERSION } from './protocol.ts';
import { publicError } from './public-error.ts';
import { planUpscale } from './upscale-request.ts';
import { streamUpscale, type UpscaleServices } from './upscale-stream.ts';

export interface BridgeServerOptions extends UpscaleServices {
  readonly token: string;
  readonly version: string;
  /** After each request that was let in. */
  readonly onUse: () => void;
}

export interface BridgeServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, on a port that the system chooses. */
export async function openBridgeServer(options: BridgeServerOptions): Promise<BridgeServer> {
  const { limits } = options;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerSeconds * 1000,
    // A body may have to wait for the job's turn: body.ts has the clock.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveSeconds * 1000,
    connectionsCheckingInterval: 500,
    // Access decides about it.
    requireHostHeader: false,
  });
  server.maxConnections = limits.connections;
  const port = await listen(server);
  const onRequest = (request: IncomingMessage, response: ServerResponse, expects: boolean): void => {
    response.on('error', () => undefined);
    void answer(request, response, { ...options, port, expects }).catch((error) => {
      if (!response.headersSent) refuse(response, { status: 500, body: publicError(error) });
      else response.destroy();
    });
  };
  server.on('request', (request, response) => onRequest(request, response, false));
  server.on('checkContinue', (request, response) => onRequest(request, response, true));
  server.on('checkExpectation', (_, response) => {
    refuse(response, { status: 417, body: { code: 'usage', message: 'Unknown Expect header.', hint: '' } });
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type AnswerOptions = BridgeServerOptions & { readonly port: number; readonly expects: boolean };

async function answer(request: IncomingMessage, response: ServerResponse, options: AnswerOptions): Promise<void> {
  const { method = '', url = '', rawHeaders } = request;
  const route = checkAccess({ method, url, rawHeaders }, options);
  if (isRefusal(route)) return refuse(response, route);
  options.onUse();
  if (route === 'upscale') return answerUpscale(request, response, options);
  if (hasBody(request)) {
    return refuse(response, { status: 413, body: { code: 'usage', message: 'Expected no body.', hint: '' } });
  }
  reply(response, ...(await resultOf(route, options)));
}

async function answerUpscale(
  request: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions,
): Promise<void> {
  const plan = planUpscale(request, options.limits);
  if (isPlanRefusal(plan)) return refuse(response, plan);
  if (options.queue.full) return refuse(response, busy());
  if (options.expects) response.writeContinue();
  await streamUpscale(plan, { request, response }, options);
  options.onUse();
}

type Answer = Health | ModelList | BridgeJobs | { readonly cancelled: boolean };

async function resultOf(
  route: Exclude<Route, 'upscale'>,
  { queue, version }: { readonly queue: JobQueue; readonly version: string },
): Promise<[status: number, body: Answer]> {
  switch (route) {
    case 'health':
      return [200, health(queue, version)];
    case 'models':
      return [200, { models: await listModels() }];
    case 'jobs':
      return [200, { jobs: queue.list() }];
    default: {
      const cancelled = queue.cancel(route.cancel);
      return [cancelled ? 200 : 404, { cancelled }];
    }
  }
}

function health(queue: JobQueue, version: string): Health {
  const { pid } = process;
  return {
    name: 'upreel',
    version,
    protocol: PROTOCOL_VERSION,
    pid,
    jobs: queue.length,
    uptimeSeconds: process.uptime(),
  };
}

function reply(response: ServerResponse, status: number, body: Answer | Refusal['body']): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/** Answers and closes: whatever else the client wanted to send is not waited for. */
function refuse(response: ServerResponse, { status, body, allow }: Refusal): void {
  response.setHeader('connection', 'close');
  if (allow !== undefined) response.setHeader('allow', allow);
  if (status === 429) response.setHeader('retry-after', '5');
  reply(response, status, body);
}

function busy(): Refusal {
  const body = { code: 'busy', message: 'Too many jobs are waiting already.', hint: 'Try again in a little while.' };
  return { status: 429, body };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isPlanRefusal(plan: ReturnType<typeof planUpscale>): plan is Refusal {
  return 'status' in plan;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port));
  });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import { passBody, passRows, writePatiently } from './body.ts';
import type { JobQueue, RunningJob } from './job-queue.ts';
import { type Limits, STREAM_TYPE, type StreamEvent } from './protocol.ts';
import { publicError, withoutPaths } from './public-error.ts';
import type { PlannedUpscale } from './upscale-request.ts';
import type { WarmEngine } from './warm-engine.ts';

export interface UpscaleServices {
  readonly queue: JobQueue;
  readonly engine: WarmEngine;
  readonly limits: Limits;
}

/** Writing to a client that is gone is the only way to notice it while its body is not being read. */
const PREPARING_MILLISECONDS = 1000;

/**
 * Answers one POST /v1/upscale: a stream of lines and pixels that ends with `done` or `error`. The body is read when
 * the job's turn has come, so that waiting jobs cost no memory. A closed connection aborts the work.
 */
export async function streamUpscale(
  { request: asked, bodyBytes }: PlannedUpscale,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { queue, engine, limits }: UpscaleServices,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new UpreelError('interrupted', 'The client closed the connection.')));
  response.writeHead(200, { 'content-type': STREAM_TYPE, 'cache-control': 'no-store' });
  response.flushHeaders();
  const say = (event: StreamEvent): void => void response.write(`${JSON.stringify(event)}\n`);
  /** Told when the job has left the queue: who has read it finds the service free. */
  let done: StreamEvent | null = null;
  try {
    await queue.run(asked, (job) => work(job), {
      signal: gone.signal,
      onPosition: (position) => say({ event: 'queued', position }),
    });
    response.end(done === null ? '' : `${JSON.stringify(done)}\n`);
  } catch (error) {
    endWithError(error, response, request);
  }

  async function work(job: RunningJob): Promise<void> {
    const stop = new AbortController();
    const { signal } = stop;
    const follow = (): void => stop.abort(job.signal.reason);
    job.signal.addEventListener('abort', follow, { once: true });
    /** Pixels are promised that have not all left: a line would be taken for pixels. */
    let inRows = false;
    // Lines and pixels leave in order, and the engine is not asked to wait for the client between them.
    let last: Promise<void> = Promise.resolve();
    const inOrder = (step: () => Promise<void>): void => {
      last = last.then(step);
      last.catch((error) => stop.abort(error));
    };
    const preparing = setInterval(() => say({ event: 'preparing' }), PREPARING_MILLISECONDS);
    try {
      await engine.run(asked, {
        signal,
        onEvent: (event, pixels) => {
          if (event.type === 'progress') job.setFraction(fractionOf(event));
          const line = lineFor(event, asked);
          if (line?.event === 'done') done = line;
          else if (line !== null) inOrder(() => writePatiently(response, `${JSON.stringify(line)}\n`, limits, signal));
          // After the line: a client may wait for it before it sends the pixels.
          if (event.type === 'started') {
            clearInterval(preparing);
            inOrder(() => passBody(request, { bytes: bodyBytes, to: pixels, pace: limits, signal }));
          }
        },
        onRows: (rows, pixels: Duplex) => {
          const head: StreamEvent = { event: 'rows', ...rows };
          inOrder(async () => {
            inRows = true;
            await writePatiently(response, `${JSON.stringify(head)}\n`, limits, signal);
            await passRows(pixels, { bytes: rows.bytes, to: response, pace: limits, signal });
            inRows = false;
          });
        },
      });
      await last;
    } catch (error) {
      stop.abort(error);
      await last.catch(() => undefined);
      if (inRows) response.destroy();
      throw error;
    } finally {
      job.signal.removeEventListener('abort', follow);
      clearInterval(preparing);
    }
  }
}

function lineFor(event: TaskEvent, { channels, depth }: PlannedUpscale['request']): StreamEvent | null {
  switch (event.type) {
    case 'started': {
      const { model, device, target, tilesPerFrame: tiles } = event;
      return { event: 'started', model, device, ...target, channels, depth, tiles };
    }
    case 'pull': {
      const { model, bytesDone, bytesTotal } = event;
      return { event: 'pull', model, bytesDone, bytesTotal };
    }
    case 'progress':
      return { event: 'progress', fraction: fractionOf(event), secondsLeft: event.secondsLeft };
    case 'warning':
      return { event: 'warning', code: event.code, message: withoutPaths(event.message) };
    case 'done':
      return { event: 'done', seconds: event.seconds };
    case 'failed':
      return null;
  }
}

function fractionOf({ outputPixelsDone, outputPixelsTotal }: Extract<TaskEvent, { type: 'progress' }>): number {
  return outputPixelsTotal === null ? 0 : Math.min(1, outputPixelsDone / outputPixelsTotal);
}

function endWithError(error: unknown, response: ServerResponse, request: IncomingMessage): void {
  if (response.destroyed) return;
  const line: StreamEvent = { event: 'error', ...publicError(error) };
  response.end(`${JSON.stringify(line)}\n`, () => {
    // What is left of the body belongs to no request.
    if (!request.readableEnded) setTimeout(() => request.socket.destroy(), LINGER_MILLISECONDS).unref();
  });
  request.resume();
}

/** Closing at once, with bytes unread, would take the answer back from under the client's eyes. */
const LINGER_MILLISECONDS = 1000;

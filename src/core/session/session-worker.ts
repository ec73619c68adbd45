import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { DeviceName } from '../device-name.ts';
import { type ErrorRecord, toErrorRecord } from '../errors.ts';
import type { RasterFormat } from '../pixels/raster.ts';
import { openSession, type Session } from './session.ts';

/** Entry of a session worker thread: one session per raster format, runs strictly one after another. */

export interface SessionWorkerData {
  readonly device: DeviceName;
  readonly gpu: number | null;
  readonly threads: number;
  readonly spinning: boolean;
  readonly scale: number;
}

export interface RunRequest {
  readonly id: number;
  readonly format: RasterFormat;
  readonly networkFile: string;
  readonly width: number;
  readonly height: number;
  /** Transferred both ways; null only opens the session. */
  readonly buffers: { readonly source: ArrayBuffer; readonly upscaled: ArrayBuffer } | null;
}

export interface RunReply {
  readonly id: number;
  readonly buffers: RunRequest['buffers'];
  /** Time of session.run alone. */
  readonly milliseconds: number;
  readonly error: ErrorRecord | null;
}

export type WorkerRequest = RunRequest | 'close';

function serve(port: MessagePort, data: SessionWorkerData): void {
  const sessions = new Map<string, Promise<Session>>();
  let last: Promise<void> = Promise.resolve();

  port.on('message', (request: WorkerRequest) => {
    last = last.then(() => (request === 'close' ? close() : answer(request)));
  });

  async function answer(request: RunRequest): Promise<void> {
    const { id, buffers, width, height } = request;
    let milliseconds = 0;
    let error: ErrorRecord | null = null;
    try {
      const session = await sessionFor(request);
      if (buffers) {
        const start = performance.now();
        await session.run(buffers.source, width, height, buffers.upscaled);
        milliseconds = performance.now() - start;
      }
    } catch (thrown) {
      error = toErrorRecord(thrown);
    }
    const reply: RunReply = { id, buffers, milliseconds, error };
    port.postMessage(reply, buffers ? [buffers.source, buffers.upscaled] : []);
  }

  function sessionFor({ format, networkFile }: RunRequest): Promise<Session> {
    let session = sessions.get(networkFile);
    if (!session) {
      session = openSession({ ...data, networkFile, format });
      sessions.set(networkFile, session);
    }
    return session;
  }

  async function close(): Promise<void> {
    for (const opening of sessions.values()) {
      const session = await opening.catch(() => null);
      await session?.release();
    }
    port.close();
  }
}

if (parentPort) serve(parentPort, workerData as SessionWorkerData);

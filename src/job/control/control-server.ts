import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { toErrorRecord, UpreelError } from '../../core/errors.ts';
import type { FramePair, JobSnapshot } from '../job-snapshot.ts';
import {
  type ControlRequest,
  changeMessage,
  type JobChange,
  messageLine,
  packPair,
  requestSchema,
  snapshotMessage,
} from './control-protocol.ts';
import { readLines } from './read-lines.ts';

/** The supervisor's ear: any number of viewers, none of which can harm the job. */
export interface ControlServer {
  /** Tells all who subscribed. */
  tell(change: JobChange): void;
  close(): Promise<void>;
}

export interface ControlHandlers {
  readonly snapshot: () => JobSnapshot;
  /** @throws UpreelError with a sentence for the viewer. */
  readonly act: (request: Exclude<ControlRequest, 'subscribe' | 'preview'>) => void;
  readonly preview: () => Promise<FramePair | null>;
}

const MAX_VIEWERS = 64;
const MAX_REQUEST_CHARACTERS = 4096;
/** Of what a viewer has not read: from here on it gets no progress, but a snapshot when it reads again. */
const SLOW_BYTES = 256 * 1024;
/** From here on it gets nothing more at all. */
const LOST_BYTES = 4 * 1024 * 1024;

interface Viewer {
  readonly socket: Socket;
  isSubscribed: boolean;
  /** It has missed something. */
  isStale: boolean;
}

/** @param address of a socket that is nobody's: what a dead supervisor left there is removed. */
export async function openControlServer(address: string, handlers: ControlHandlers): Promise<ControlServer> {
  const viewers = new Set<Viewer>();
  const server = createServer((socket) => {
    const viewer: Viewer = { socket, isSubscribed: false, isStale: false };
    socket.on('error', () => socket.destroy());
    if (viewers.size >= MAX_VIEWERS) {
      socket.destroy();
      return;
    }
    viewers.add(viewer);
    socket.on('drain', () => refresh(viewer));
    socket.once('close', () => viewers.delete(viewer));
    void serve(viewer);
  });
  await listen(server, address);

  async function serve(viewer: Viewer): Promise<void> {
    const { socket } = viewer;
    try {
      // One after another: who asks more than it reads waits.
      for await (const text of readLines(socket, MAX_REQUEST_CHARACTERS)) {
        if (!socket.write(await answer(viewer, text))) await drained(socket);
      }
    } catch {
      // Not our protocol, or gone.
    }
    socket.destroy();
  }

  async function answer(viewer: Viewer, text: string): Promise<string> {
    const { id, type } = parseRequest(text);
    try {
      if (type === 'preview') {
        const pair = await handlers.preview();
        return messageLine({ v: 1, type: 'reply', id, pair: pair && packPair(pair) });
      }
      if (type !== 'subscribe') handlers.act(type);
      const reply = messageLine({ v: 1, type: 'reply', id });
      if (type !== 'subscribe') return reply;
      viewer.isSubscribed = true;
      return reply + snapshotMessage(handlers.snapshot());
    } catch (error) {
      return messageLine({ v: 1, type: 'reply', id, error: toErrorRecord(error) });
    }
  }

  function refresh(viewer: Viewer): void {
    if (!viewer.isStale || !viewer.isSubscribed) return;
    viewer.isStale = false;
    viewer.socket.write(snapshotMessage(handlers.snapshot()));
  }

  return {
    tell(change) {
      let text = '';
      for (const viewer of viewers) {
        const { socket } = viewer;
        if (!viewer.isSubscribed || viewer.isStale) continue;
        if (socket.writableLength > LOST_BYTES) socket.destroy();
        else if (socket.writableLength > SLOW_BYTES) viewer.isStale = true;
        else {
          text ||= changeMessage(change);
          socket.write(text);
        }
      }
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const { socket } of viewers) {
        socket.end();
        // Whoever does not read its last lines now never will.
        setTimeout(() => socket.destroy(), 500).unref();
      }
      await closed;
      if (!isPipe(address)) await rm(address, { force: true });
    },
  };
}

async function listen(server: Server, address: string): Promise<void> {
  if (!isPipe(address)) await rm(address, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
  if (!isPipe(address)) await chmod(address, 0o600);
}

function isPipe(address: string): boolean {
  return address.startsWith('\\\\.\\pipe\\');
}

function parseRequest(text: string): { readonly id: number; readonly type: ControlRequest } {
  try {
    return requestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UpreelError('usage', 'Expected a request of version 1.', { cause });
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve).once('close', resolve);
  });
}

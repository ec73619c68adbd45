import { connect, type Socket } from 'node:net';
import { fromErrorRecord, UpreelError } from '../../core/errors.ts';
import type { FramePair, JobSnapshot } from '../job-snapshot.ts';
import { type ControlRequest, type JobChange, messageLine, messageSchema, unpackPair } from './control-protocol.ts';
import { readLines } from './read-lines.ts';

/** A viewer's line to a supervisor. */
export interface ControlClient {
  /** @throws UpreelError what the supervisor says, or `internal` if it has gone. */
  ask(request: Exclude<ControlRequest, 'preview'>): Promise<void>;
  preview(): Promise<FramePair | null>;
  close(): void;
}

export interface ControlListener {
  readonly onSnapshot?: (job: JobSnapshot) => void;
  readonly onChange?: (change: JobChange) => void;
  /** Once, when there is nothing more to come. */
  readonly onClose?: () => void;
}

/** A preview in base64, a long film's segments. */
const MAX_MESSAGE_CHARACTERS = 32 * 1024 * 1024;
const CONNECT_MILLISECONDS = 2000;
const ANSWER_MILLISECONDS = 15_000;

interface Reply {
  readonly pair: FramePair | null;
}

/** null: nobody answers there. */
export async function connectControl(address: string, listener: ControlListener = {}): Promise<ControlClient | null> {
  const socket = await open(address);
  if (socket === null) return null;
  const pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  let nextId = 0;
  void listen();

  async function listen(): Promise<void> {
    try {
      for await (const text of readLines(socket!, MAX_MESSAGE_CHARACTERS)) take(text);
    } catch {
      // Not our protocol, or cut off: the same as its end.
    }
    socket!.destroy();
    for (const { reject } of pending.values()) reject(gone());
    pending.clear();
    listener.onClose?.();
  }

  function take(text: string): void {
    const message = messageSchema.parse(JSON.parse(text));
    switch (message.type) {
      case 'snapshot':
        listener.onSnapshot?.(message.job);
        break;
      case 'change':
        listener.onChange?.(message.change);
        break;
      case 'reply': {
        const waiting = pending.get(message.id);
        if (message.error !== undefined) waiting?.reject(fromErrorRecord(message.error));
        else waiting?.resolve({ pair: message.pair ? unpackPair(message.pair) : null });
        pending.delete(message.id);
      }
    }
  }

  function request(type: ControlRequest): Promise<Reply> {
    const id = nextId++;
    return new Promise((resolve, reject) => {
      if (socket!.destroyed) {
        reject(gone());
        return;
      }
      const timer = setTimeout(() => reject(gone()), ANSWER_MILLISECONDS).unref();
      const settle =
        <T>(conclude: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          conclude(value);
        };
      pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
      socket!.write(messageLine({ v: 1, id, type }));
    });
  }

  return {
    ask: async (type) => void (await request(type)),
    preview: async () => (await request('preview')).pair,
    close: () => socket.destroy(),
  };
}

function open(address: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const timer = setTimeout(() => end(null), CONNECT_MILLISECONDS);
    const end = (result: Socket | null): void => {
      clearTimeout(timer);
      if (result === null) socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(socket));
    // Stays: a supervisor that ends in the middle is no error of ours.
    socket.on('error', () => end(null));
  });
}

function gone(): UpreelError {
  return new UpreelError('internal', 'The supervisor of the job does not answer.', {
    hint: 'upreel jobs shows whether it has ended.',
  });
}

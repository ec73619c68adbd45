import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { UpreelError } from '../core/errors.ts';
import type { Limits } from './protocol.ts';

interface Passage {
  readonly bytes: number;
  readonly to: Writable;
  readonly pace: Limits;
  readonly signal: AbortSignal;
}

/**
 * Passes exactly `bytes` of a request's body on to the engine, at the engine's pace and no slower than the limits
 * allow.
 * @throws UpreelError `input-damaged` if the body is shorter, longer or too slow.
 */
export async function passBody(request: IncomingMessage, { bytes, to, pace, signal }: Passage): Promise<void> {
  const deadline = Date.now() + (pace.bodySeconds + bytes / pace.slowestBytesPerSecond) * 1000;
  let passed = 0;
  // Goes on to the body's end, so that one that is too long is noticed before any work.
  for (;;) {
    const chunk = request.read() as Buffer | null;
    if (chunk === null) {
      if (request.readableEnded || request.destroyed) break;
      const patience = Math.min(pace.stallSeconds * 1000, deadline - Date.now());
      await waitFor(request, ['readable', 'end', 'close'], { milliseconds: patience, signal, late: tooSlow });
      continue;
    }
    passed += chunk.byteLength;
    if (passed > bytes) throw wrongLength(bytes, passed);
    if (!to.write(chunk)) await waitFor(to, ['drain', 'close'], { milliseconds: null, signal, late: tooSlow });
  }
  if (passed < bytes) throw wrongLength(bytes, passed);
}

/** Copies exactly `bytes` from the engine to the client. */
export async function passRows(from: Duplex, { bytes, to, pace, signal }: Passage): Promise<void> {
  for (let left = bytes; left > 0; ) {
    signal.throwIfAborted();
    const chunk = from.read(Math.min(left, Math.max(1, from.readableLength))) as Buffer | null;
    if (chunk === null) {
      if (from.readableEnded || from.destroyed) throw new UpreelError('engine-died', 'The engine process ended.');
      await waitFor(from, ['readable', 'end', 'close'], { milliseconds: null, signal, late: tooSlow });
      continue;
    }
    left -= chunk.byteLength;
    await writePatiently(to, chunk, pace, signal);
  }
}

/** Writes and waits until the client has taken most of it; one that takes nothing for too long is given up. */
export async function writePatiently(
  to: Writable,
  data: string | Uint8Array,
  { stallSeconds }: Pick<Limits, 'stallSeconds'>,
  signal: AbortSignal,
): Promise<void> {
  if (to.write(data)) return;
  const late = (): UpreelError => new UpreelError('interrupted', 'The client takes nothing.');
  await waitFor(to, ['drain', 'close'], { milliseconds: stallSeconds * 1000, signal, late });
}

/** The first of the events; rejects on abort and when the time is up. Cheap enough to be called for every piece. */
function waitFor(
  emitter: EventEmitter,
  events: readonly string[],
  options: { milliseconds: number | null; signal: AbortSignal; late: () => UpreelError },
): Promise<void> {
  const { milliseconds, signal, late } = options;
  return new Promise((resolve, reject) => {
    const settle = (conclude: () => void) => (): void => {
      for (const event of events) emitter.off(event, arrived);
      signal.removeEventListener('abort', aborted);
      clearTimeout(timer);
      conclude();
    };
    const arrived = settle(resolve);
    const aborted = settle(() => reject(signal.reason));
    const timer =
      milliseconds === null
        ? undefined
        : setTimeout(
            settle(() => reject(late())),
            milliseconds,
          );
    for (const event of events) emitter.once(event, arrived);
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
  });
}

function wrongLength(expected: number, got: number): UpreelError {
  const words = got > expected ? 'more' : String(got);
  return new UpreelError('input-damaged', `Expected ${expected} bytes of pixels, got ${words}.`, {
    hint: 'Width, height, channels and depth must describe the body exactly.',
  });
}

function tooSlow(): UpreelError {
  return new UpreelError('input-damaged', 'The pixels came too slowly.', { hint: 'Send them again.' });
}

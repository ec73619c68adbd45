import { once } from 'node:events';
import { Socket } from 'node:net';

/** The engine's file descriptor for pixels: a pipe of its own, because messages would copy them and hold others up. */
export const PIXEL_PORT = 4;

/** The engine's end. One reader and one writer at a time. */
export interface PixelPort {
  /** Exactly so many bytes. */
  read(bytes: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Resolves when the other side has taken all but a little. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
}

export function openPixelPort(): PixelPort {
  const socket = new Socket({ fd: PIXEL_PORT, readable: true, writable: true });
  // The supervisor's end of standard input tells that it is gone; here it would only be told twice.
  socket.on('error', () => undefined);
  return {
    async read(bytes, signal) {
      const whole = new Uint8Array(bytes);
      for (let filled = 0; filled < bytes; ) {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) {
          await once(socket, 'readable', { signal });
          continue;
        }
        const wanted = Math.min(chunk.byteLength, bytes - filled);
        whole.set(chunk.subarray(0, wanted), filled);
        filled += wanted;
        if (wanted < chunk.byteLength) throw new Error(`Expected ${bytes} bytes of pixels, got more.`);
      }
      return whole;
    },
    async write(bytes, signal) {
      if (!socket.write(bytes)) await once(socket, 'drain', { signal });
    },
  };
}

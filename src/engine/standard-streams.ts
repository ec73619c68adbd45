import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/**
 * The engine's descriptors for the supervisor's own standard input and output, where a task names them with `-`. Its
 * first three are taken: their ends tell that the supervisor is gone. Only an engine that was started with
 * `STREAMS_FLAG` has them.
 */
const SOURCE_DESCRIPTOR = 5;
const RESULT_DESCRIPTOR = 6;
export const STREAMS_FLAG = '--streams';

/** @returns undefined in an engine that has none. */
export function openStandardStreams(request: {
  readonly input: string;
}): { readonly input: Readable | null; readonly output: number } | undefined {
  if (!process.argv.includes(STREAMS_FLAG)) return undefined;
  return { input: request.input === '-' ? openSource() : null, output: RESULT_DESCRIPTOR };
}

/** A pipe may have been set to non-blocking by whoever else holds it, which files cannot be read like. */
function openSource(): Readable {
  const stats = fstatSync(SOURCE_DESCRIPTOR);
  if (stats.isFIFO() || stats.isSocket()) return new Socket({ fd: SOURCE_DESCRIPTOR, readable: true, writable: false });
  return createReadStream('', { fd: SOURCE_DESCRIPTOR, highWaterMark: 1024 * 1024 });
}

import { Worker } from 'node:worker_threads';
import { outOfMemory, tellsOfLackingMemory, UpreelError } from '../../errors.ts';
import { ownProgram } from '../../files/own-files.ts';
import type { Raster } from '../../pixels/raster.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { CONVERT } from '../input-errors.ts';
import { damagedPicture } from '../libvips.ts';
import { type HeifMeta, readItem } from './heif-boxes.ts';
import type { HeifLayout } from './heif-layout.ts';
import type { HeifPicture } from './heif-picture.ts';
import type { CodedLayout, HeifReply, HeifRequest } from './heif-worker.ts';
import { splitUnits } from './hevc-config.ts';

/**
 * Decodes a primary picture on a thread of its own, which takes seconds and is gone afterwards with all its memory.
 * @throws UpreelError `input-damaged`, also where the file holds another picture than it describes;
 * `input-unsupported`,
 *   `out-of-memory`; the signal's reason.
 */
export async function decodeHeic(
  source: ByteSource,
  meta: HeifMeta,
  { colour, alpha, size, channels, bytesPerSample, coding }: HeifPicture,
  { path, signal }: { path: string; signal: AbortSignal | undefined },
): Promise<{ colour: Raster; alpha: Raster | null }> {
  const request = {
    colour: await readLayout(source, meta, colour, path),
    alpha: alpha === null ? null : await readLayout(source, meta, alpha, path),
    channels,
    bytesPerSample,
    coding,
  };
  signal?.throwIfAborted();
  const reply = await ask(request, signal);
  signal?.throwIfAborted();
  if ('failure' in reply) throw failureOf(reply, path);
  const raster = (bands: 1 | 3, data: ArrayBuffer): Raster => {
    return { ...size, channels: bands, bytesPerSample, data: new Uint8Array(data) };
  };
  return {
    colour: raster(channels, reply.colour),
    alpha: reply.alpha === null ? null : raster(1, reply.alpha),
  };
}

async function readLayout(
  source: ByteSource,
  meta: HeifMeta,
  { canvas, columns, partSize, parts, steps, size }: HeifLayout,
  path: string,
): Promise<CodedLayout> {
  const coded: Uint8Array[][] = [];
  let left = MAX_CODED_BYTES;
  for (const { item, config } of parts) {
    const data = await readItem(source, meta, item, left);
    const units = data === null ? null : splitUnits(data, config.lengthBytes);
    if (data === null || units === null) throw damagedPicture(path);
    left -= data.length;
    coded.push([...config.sets, ...units]);
  }
  return { canvas, columns, partSize, parts: coded, steps, size };
}

/** A gigapixel at 8 bits, hardly compressed. */
const MAX_CODED_BYTES = 1e9;

async function ask(request: HeifRequest, signal: AbortSignal | undefined): Promise<HeifReply> {
  const worker = new Worker(ownProgram('heif-worker'), { workerData: request });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop);
  try {
    return await new Promise((resolve) => {
      worker.once('message', resolve);
      const die = (detail: string) => {
        resolve({ failure: tellsOfLackingMemory(detail) ? 'out-of-memory' : 'damaged', detail });
      };
      worker.once('error', (error) => die(String(error)));
      worker.once('exit', (code) => die(`exit code ${code}`));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

function failureOf({ failure, detail }: Extract<HeifReply, { failure: string }>, path: string): UpreelError {
  switch (failure) {
    case 'damaged':
      return damagedPicture(path, detail);
    case 'out-of-memory':
      return outOfMemory(`Not enough memory to read ${path}.`, detail);
    case 'unsupported':
      return new UpreelError(
        'input-unsupported',
        `${path} uses a kind of compression or samples that cannot be read.`,
        {
          hint: CONVERT,
          cause: detail,
        },
      );
  }
}

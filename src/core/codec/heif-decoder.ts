import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { outOfMemory, tellsOfLackingMemory, UpreelError } from '../errors.ts';
import type { Raster } from '../raster.ts';
import type { HeifPicture } from './heif-picture.ts';
import type { HeifReply, HeifRequest } from './heif-worker.ts';
import { damaged } from './libvips.ts';
import { CONVERT, inputError } from './sniff.ts';

/**
 * Decodes a file's primary picture on a thread of its own, which takes seconds and is gone afterwards with all its memory.
 * @throws UpreelError `input-damaged`, also where the file holds another picture than it describes; `input-unsupported`,
 *   `input-too-large` for a file of more than 1 GB, `out-of-memory`.
 */
export async function decodeHeic(
  path: string,
  picture: HeifPicture,
): Promise<{ colour: Raster; alpha: Raster | null }> {
  const { size, channels } = picture;
  const bytesPerSample = picture.bitsPerSample > 8 ? 2 : 1;
  const reply = await ask({ file: await readWhole(path), channels, bytesPerSample });
  if ('failure' in reply) throw failureOf(reply, path);
  const { width, height, colour, alpha } = reply;
  const isDescribed = width === size.width && height === size.height && (alpha !== null) === picture.alpha;
  if (!isDescribed) throw damaged(path, `Expected ${size.width}x${size.height} pixels, got ${width}x${height}.`);
  const raster = (bands: 1 | 3, data: ArrayBuffer): Raster => {
    return { width, height, channels: bands, bytesPerSample, data: new Uint8Array(data) };
  };
  return { colour: raster(channels, colour), alpha: alpha === null ? null : raster(1, alpha) };
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw inputError(error, path);
  }
}

async function ask(request: HeifRequest): Promise<HeifReply> {
  const worker = new Worker(new URL('./heif-worker.js', import.meta.url), { workerData: request });
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
    await worker.terminate();
  }
}

function failureOf({ failure, detail }: Extract<HeifReply, { failure: string }>, path: string): UpreelError {
  switch (failure) {
    case 'damaged':
      return damaged(path, detail);
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

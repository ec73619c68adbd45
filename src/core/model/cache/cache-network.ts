import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UpreelError } from '../../errors.ts';
import type { Model, ModelDescriptor, NetworkVariant } from '../descriptor.ts';
import { unwritable } from '../fetch/fetch-sink.ts';
import { isOwnCached, readCached, writeCached } from './cache-folder.ts';
import { fileSha256 } from './store.ts';

/** Part of the cache's key: rises when the same network is written as different ONNX. */
export const EXPORTER_VERSION = 4;

/** A model whose wrapped networks are kept in `folder`. @param wrap makes what is not there: its ONNX bytes */
export function cachedModel(
  descriptor: ModelDescriptor,
  wrap: (variant: NetworkVariant) => Promise<Uint8Array>,
  folder: string,
): Model {
  const opening = new Map<string, Promise<string>>();
  return {
    descriptor,
    networkFile(variant) {
      const path = join(folder, nameOf(descriptor.contentHash, variant));
      const running = opening.get(path) ?? openOrMake(path, () => wrap(variant)).finally(() => opening.delete(path));
      opening.set(path, running);
      return running;
    },
  };
}

function nameOf(
  contentHash: string,
  { bytesPerSample, channels, target = 'any', precision = 'float32' }: NetworkVariant,
): string {
  const half = precision === 'float16' ? '-f16' : '';
  return `${contentHash.slice(0, 32)}-v${EXPORTER_VERSION}-u${bytesPerSample * 8}c${channels}-${target}${half}.onnx`;
}

/** The cached file if it is as it was written, else a new one. */
async function openOrMake(path: string, make: () => Promise<Uint8Array>): Promise<string> {
  const sumPath = `${path}.sha256`;
  if (await isIntact(path, sumPath)) return path;
  const bytes = await make();
  try {
    await writeCached(path, bytes);
    await writeCached(sumPath, `${createHash('sha256').update(bytes).digest('hex')}\n`);
  } catch (error) {
    throw error instanceof UpreelError ? error : unwritable(error, path);
  }
  return path;
}

async function isIntact(path: string, sumPath: string): Promise<boolean> {
  try {
    const sum = (await isOwnCached(path)) ? await readCached(sumPath) : null;
    return sum !== null && sum.trim() === (await fileSha256(path));
  } catch {
    return false;
  }
}

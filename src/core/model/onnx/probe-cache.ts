import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { z } from 'zod';
import { runtimeVersion } from '../../runtime/index.ts';
import { readCached, writeCached } from '../cache/cache-folder.ts';

/** Keeps what trying a network has shown, by the content of its file. */
export interface ProbeCache {
  /** What was found before under this name, or what `find` finds; what it does not find (undefined) is not kept. */
  remember<T>(name: string, schema: z.ZodType<T>, find: () => Promise<T | undefined>): Promise<T | undefined>;
}

/** Rises when the trying changes. */
const PROBE_VERSION = 1;

/** @param folder null: nothing is kept. @param use how the network is fed, as far as findings depend on it */
export function openProbeCache(folder: string | null, file: Uint8Array, use: string): ProbeCache {
  const facts = JSON.stringify([use, PROBE_VERSION, runtimeVersion()]);
  const key = createHash('sha256').update(file).update(facts).digest('hex').slice(0, 32);
  return {
    async remember(name, schema, find) {
      const path = folder === null ? null : join(folder, `${key}-${name}.json`);
      const known = path === null ? null : await readFound(path, schema);
      if (known !== null) return known.found;
      const found = await find();
      // A cache that cannot be written costs the trying again, no more.
      if (path !== null && found !== undefined) {
        await writeCached(path, JSON.stringify(found)).catch(() => undefined);
      }
      return found;
    },
  };
}

async function readFound<T>(path: string, schema: z.ZodType<T>): Promise<{ found: T } | null> {
  try {
    return { found: schema.parse(JSON.parse((await readCached(path)) ?? '')) };
  } catch {
    return null;
  }
}

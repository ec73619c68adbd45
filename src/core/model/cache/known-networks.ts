import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Architecture, ModelDescriptor } from '../descriptor.ts';
import { readCached, writeCached } from './cache-folder.ts';
import { EXPORTER_VERSION } from './cache-network.ts';
import { fileSha256, type WeightFiles } from './store.ts';

/** Part of the cache's key: rises when the same files are described otherwise (a test holds what they are now). */
export const DESCRIBER_VERSION = 1;

/** Part of the cache's key and of a network's hash: rises when the same choice of colours is written as other nodes. */
export const COLOUR_FIX_VERSION = 1;

/** What a network is, but for the name that it is asked for by. */
type KnownNetwork = Omit<ModelDescriptor, 'id'>;

/**
 * What the networks of weight files were found to be, by their content. Reading a checkpoint takes ten times as long as
 * its hash and holds it in memory: both are spared where the network lies in the cache as ONNX.
 */
export interface KnownNetworks {
  /** Null: not known, or not readable. */
  find(): Promise<KnownNetwork | null>;
  /**
   * Unless the files were others before they were read. A cache that cannot be written costs the reading again, no
   * more.
   */
  keep(descriptor: ModelDescriptor): Promise<void>;
  /** What was found does not hold. */
  forget(): Promise<void>;
}

/**
 * @param files all that the network is made of
 * @param use what else decides what becomes of them
 */
export async function openKnownNetworks(
  folder: string,
  files: readonly WeightFiles[],
  use: Readonly<Record<string, unknown>>,
): Promise<KnownNetworks> {
  const key = await keyOf(files, use);
  const path = join(folder, `${key}-known.json`);
  return {
    async find() {
      const text = await readCached(path);
      try {
        return text === null ? null : KNOWN_NETWORK.parse(JSON.parse(text));
      } catch {
        return null;
      }
    },
    async keep({ id: _, ...known }) {
      const unchecked = files.map(({ sha256: __, ...places }) => places);
      try {
        if ((await keyOf(unchecked, use)) === key) await writeCached(path, JSON.stringify(known));
      } catch {
        // Not kept.
      }
    },
    async forget() {
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

async function keyOf(files: readonly WeightFiles[], use: Readonly<Record<string, unknown>>): Promise<string> {
  const versions = [DESCRIBER_VERSION, EXPORTER_VERSION, COLOUR_FIX_VERSION];
  const facts = [versions, await Promise.all(files.map(identityOf)), use];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

/** A file's name may tell the scale where its content does not. */
async function identityOf({ path, paramPath, sha256 }: WeightFiles): Promise<readonly string[]> {
  const weights = [basename(path), sha256 ?? (await fileSha256(path))];
  return paramPath === undefined ? weights : [...weights, await fileSha256(paramPath)];
}

const count = z.number().int().nonnegative();
const KNOWN_NETWORK: z.ZodType<KnownNetwork> = z.strictObject({
  architecture: z.string() as unknown as z.ZodType<Architecture>,
  scale: count.min(1),
  receptiveFieldPx: count.nullable(),
  windowExact: z.boolean(),
  alignPx: count.min(1),
  gridPx: count.min(1),
  fixedPx: z.strictObject({ width: count.nullable(), height: count.nullable() }).nullable(),
  seams: z.enum(['narrow', 'wide']),
  seesAll: z.boolean(),
  wholeOnly: z.boolean(),
  parameters: count,
  flopsPerPixel: z.number().nonnegative(),
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
  summary: z.string(),
  decidedBy: z.array(z.string()),
});

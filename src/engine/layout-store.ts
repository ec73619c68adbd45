import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DEVICE_NAMES } from '../core/device-name.ts';
import { ownVersion } from '../core/files/own-files.ts';
import { cacheFolders, EXPORTER_VERSION, readCached, writeCached } from '../core/model/index.ts';
import { runtimeVersion } from '../core/runtime/index.ts';
import type { Layout } from '../core/upscaler/layout.ts';
import { driverFacts } from './driver-facts.ts';
import type { EngineNetwork } from './engine-protocol.ts';

const layoutSchema = z.object({
  sessions: z.int().min(1).max(64),
  threadsPerSession: z.int().min(1).max(1024),
  tilePx: z.int().min(8).max(16_384),
  spinning: z.boolean(),
}) satisfies z.ZodType<Layout>;

const storedSchema = z.object({
  frames: layoutSchema,
  stills: layoutSchema,
  /** Source pixels a second over those of the usual layout, of frames and stills. */
  gain: z.object({ frames: z.number().positive(), stills: z.number().positive() }),
  network: z.string(),
  model: z.string(),
  device: z.enum(DEVICE_NAMES),
  gpus: z.array(z.int()),
  cores: z.int().min(1),
  /** ISO 8601. */
  at: z.iso.datetime(),
});

/** The layouts that `upreel tune` found for one network on one device, as they are kept. */
export type StoredLayouts = z.infer<typeof storedSchema>;

/** What a layout is good for, beside this machine and these versions. */
export type LayoutUse = Pick<StoredLayouts, 'network' | 'device' | 'gpus' | 'cores'>;

export function layoutUse(contentHash: string, { device, gpus, threads }: EngineNetwork): LayoutUse {
  return { network: contentHash, device, gpus, cores: threads ?? availableParallelism() };
}

/** null: none was found for this network on this machine with these versions. */
export async function readLayouts(use: LayoutUse): Promise<StoredLayouts | null> {
  return readStored(pathOf(use));
}

/** Written whole or not at all. @throws UpreelError `place-untrusted`; the system's error. */
export async function writeLayouts(layouts: StoredLayouts): Promise<void> {
  await writeCached(pathOf(layouts), JSON.stringify(layouts));
}

/** Those in force on this machine, newest first. */
export async function listLayouts(): Promise<StoredLayouts[]> {
  const folder = cacheFolders().devices;
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^layout-[0-9a-f]{32}\.json$/.test(name));
  const read = names.map(async (name) => {
    const path = join(folder, name);
    const stored = await readStored(path);
    // One of another machine or version has another name.
    return stored !== null && pathOf(stored) === path ? stored : null;
  });
  const all = (await Promise.all(read)).filter((stored) => stored !== null);
  return all.sort((a, b) => b.at.localeCompare(a.at));
}

function pathOf({ network, device, gpus, cores }: LayoutUse): string {
  const machine = [process.arch, cpus()[0]?.model ?? '', ...(device === 'cpu' ? [] : driverFacts())];
  const facts = [network, device, gpus, cores, ownVersion(), runtimeVersion(), EXPORTER_VERSION, ...machine];
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
  return join(cacheFolders().devices, `layout-${name}.json`);
}

async function readStored(path: string): Promise<StoredLayouts | null> {
  try {
    return storedSchema.parse(JSON.parse((await readCached(path)) ?? ''));
  } catch {
    return null;
  }
}

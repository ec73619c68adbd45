import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { cacheFolders, type Model } from './model/index.ts';
import { openUpscaler, type UpscalerOptions } from './open-upscaler.ts';
import { writeFileAtomically } from './publish.ts';
import { makeRaster } from './raster.ts';
import { runtimeVersion } from './session.ts';
import { type MemoryCost, WIDE_NETWORK_FLOPS } from './tile-size.ts';

/**
 * The cost of a network on the CPU, measured once per network, thread count and runtime, and then remembered beside the
 * devices' verdicts. Measuring takes two small windows: under a second for Compact, some seconds for deep RRDB.
 */
export async function measuredMemoryCost(
  model: Model,
  options: Pick<UpscalerOptions, 'threadsPerSession'>,
  signal: AbortSignal,
): Promise<MemoryCost> {
  const facts = [model.descriptor.contentHash, options.threadsPerSession, runtimeVersion(), process.arch];
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
  const path = join(cacheFolders().devices, `memory-${name}.json`);
  const known = await readFile(path, 'utf8').then(parseCost, () => null);
  if (known) return known;
  const cost = await measureCost(model, options.threadsPerSession, signal);
  await writeFileAtomically(path, JSON.stringify(cost));
  return cost;
}

/** Resident memory of this process without what is only waiting to be collected. */
export function settledResidentBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage.rss();
}

/** Sides of the windows: large enough to tell the pixels' share from the network's own, small enough to be quick. */
const SIDES = { light: [64, 144], wide: [40, 88] } as const;
/** More than the samples themselves take: less is noise of the measurement. */
const LEAST_BYTES_PER_PIXEL = 100;

async function measureCost(model: Model, threadsPerSession: number, signal: AbortSignal): Promise<MemoryCost> {
  const { scale, flopsPerPixel, alignPx } = model.descriptor;
  const sides = flopsPerPixel < WIDE_NETWORK_FLOPS ? SIDES.light : SIDES.wide;
  const [small, large] = sides.map((side) => Math.ceil(side / alignPx) * alignPx) as [number, number];
  const one = {
    device: 'cpu',
    haloPx: 0,
    featherPx: 0,
    sessions: 1,
    threadsPerSession,
    gpus: [],
    ensemble: false,
    rerunBlank: false,
  } as const;
  const upscaler = openUpscaler(model, { ...one, tilePx: 4096 });
  const residentAfter = async (side: number): Promise<number> => {
    await upscaler.upscale(makeRaster(side, side, { channels: 3, bytesPerSample: 1 }), { signal });
    return settledResidentBytes();
  };
  try {
    // What reading the checkpoint left behind would be collected during the runs and hide what they take.
    const before = settledResidentBytes();
    // onnxruntime's arena keeps what it took: resident memory after a run is close to the run's peak.
    const afterSmall = await residentAfter(small);
    const afterLarge = await residentAfter(large);
    const pixels = large * large - small * small;
    const leastBytes = LEAST_BYTES_PER_PIXEL + 3 * scale * scale;
    const bytesPerPixel = Math.max(leastBytes, (afterLarge - afterSmall) / pixels);
    return { fixedBytes: Math.max(0, afterSmall - before - bytesPerPixel * small * small), bytesPerPixel };
  } finally {
    await upscaler.close();
  }
}

function parseCost(text: string): MemoryCost | null {
  try {
    const { fixedBytes, bytesPerPixel } = JSON.parse(text) as Partial<MemoryCost>;
    const valid = Number.isFinite(fixedBytes) && Number.isFinite(bytesPerPixel) && bytesPerPixel! > 0;
    return valid ? { fixedBytes: fixedBytes!, bytesPerPixel: bytesPerPixel! } : null;
  } catch {
    return null;
  }
}

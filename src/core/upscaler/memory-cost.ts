import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  cacheFolders,
  EXPORTER_VERSION,
  type Model,
  type ModelDescriptor,
  readCached,
  writeCached,
} from '../model/index.ts';
import { makeRaster } from '../pixels/raster.ts';
import { runtimeVersion } from '../runtime/index.ts';
import { type MemoryCost, WIDE_NETWORK_FLOPS } from '../tile/tile-size.ts';
import { openUpscaler, type UpscalerOptions } from './open-upscaler.ts';

/**
 * The cost of a network on the CPU, measured once per network as it is written, thread count and runtime, and then
 * remembered beside the devices' verdicts. Measuring takes three small windows: a second for Compact, some for deep
 * RRDB.
 */
export async function measuredMemoryCost(
  model: Model,
  options: Pick<UpscalerOptions, 'threadsPerSession'>,
  signal: AbortSignal,
): Promise<MemoryCost> {
  const sides = sidesFor(model.descriptor);
  const { contentHash } = model.descriptor;
  const software = [EXPORTER_VERSION, runtimeVersion(), process.arch];
  const facts = [contentHash, options.threadsPerSession, ...software, sides];
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
  const path = join(cacheFolders().devices, `memory-${name}.json`);
  const known = parseCost((await readCached(path)) ?? '');
  if (known) return known;
  const cost = await measureCost(model, sides, options.threadsPerSession, signal);
  await writeCached(path, JSON.stringify(cost));
  return cost;
}

/** Resident memory of this process without what is only waiting to be collected. */
export async function settledResidentBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  // What the first pass lets go of is given back by threads of V8, and some of it only by a second pass.
  await setTimeout(SETTLING_MILLISECONDS);
  collect();
  return process.memoryUsage.rss();
}

const SETTLING_MILLISECONDS = 10;

/** Sides of the windows: large enough to tell the pixels' share from the network's own, small enough to be quick. */
const SIDES = { light: [96, 144, 192], wide: [40, 64, 88] } as const;
/** More than the samples themselves take: less is noise of the measurement. */
const LEAST_BYTES_PER_PIXEL = 100;

/** Whole windows of the network, each side larger than the one before. */
export function sidesFor({
  flopsPerPixel,
  alignPx,
  gridPx,
}: Pick<ModelDescriptor, 'flopsPerPixel' | 'alignPx' | 'gridPx'>): readonly number[] {
  const step = Math.max(alignPx, gridPx);
  const [first, ...others] = (flopsPerPixel < WIDE_NETWORK_FLOPS ? SIDES.light : SIDES.wide).map(
    (side) => Math.ceil(side / step) * step,
  );
  const sides = [first!];
  for (const side of others) sides.push(Math.max(side, sides.at(-1)! + step));
  return sides;
}

async function measureCost(
  model: Model,
  sides: readonly number[],
  threadsPerSession: number,
  signal: AbortSignal,
): Promise<MemoryCost> {
  const { scale } = model.descriptor;
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
    const before = await settledResidentBytes();
    // onnxruntime's arena keeps what it took: resident memory after a run is close to the run's peak.
    const readings: { readonly pixels: number; readonly bytes: number }[] = [];
    for (const side of sides) readings.push({ pixels: side * side, bytes: await residentAfter(side) });
    const leastBytes = LEAST_BYTES_PER_PIXEL + 3 * scale * scale;
    const bytesPerPixel = Math.max(leastBytes, steepest(readings));
    const { pixels = 0, bytes = 0 } = readings.at(-1) ?? {};
    return { fixedBytes: Math.max(0, bytes - before - bytesPerPixel * pixels), bytesPerPixel };
  } finally {
    await upscaler.close();
  }
}

/**
 * What loading left behind (16 MB of general-x4v3) is let go of at some time between two readings, which hides what
 * the larger window took: between two others it does not.
 */
export function steepest(readings: readonly { readonly pixels: number; readonly bytes: number }[]): number {
  const steps = readings.slice(1).map(({ pixels, bytes }, index) => {
    const before = readings[index] ?? { pixels: 0, bytes: 0 };
    return (bytes - before.bytes) / (pixels - before.pixels);
  });
  return Math.max(...steps);
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

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
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
import { CPU_TARGET } from './window-runner.ts';

type Threads = Pick<UpscalerOptions, 'threadsPerSession'>;

/** The cost of a network on the CPU as it was measured before; null: never, or as it is not written any more. */
export async function knownMemoryCost(model: Model, options: Threads): Promise<MemoryCost | null> {
  return parseCost((await readCached(costFile(model, options))) ?? '');
}

/**
 * The cost of a network on the CPU, measured once per network as it is written, thread count and runtime, and then
 * remembered beside the devices' verdicts. Measuring takes two windows: half a second for Compact, some for deep RRDB.
 */
export async function measureMemoryCost(model: Model, options: Threads, signal: AbortSignal): Promise<MemoryCost> {
  const cost = await measureCost(model, sidesFor(model.descriptor), options.threadsPerSession, signal);
  await writeCached(costFile(model, options), JSON.stringify(cost));
  return cost;
}

function costFile({ descriptor }: Model, { threadsPerSession }: Threads): string {
  const software = [EXPORTER_VERSION, runtimeVersion(), process.arch];
  const facts = [descriptor.contentHash, threadsPerSession, ...software, sidesFor(descriptor)];
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
  return join(cacheFolders().devices, `memory-${name}.json`);
}

/** Written as ONNX only the first time on this machine, which takes memory of its own. */
export async function writeForCpu(model: Model): Promise<void> {
  await model.networkFile({ ...RGB8, target: CPU_TARGET });
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

/**
 * Sides of the windows. The first shows what the network takes whatever the window; the second is large beside it, so
 * that what the first leaves in onnxruntime's arena, where nothing larger finds room, counts for little. The arena
 * grows by powers of two: networks of 64 features take the most for each pixel at 128 px (bench/memory-model.mjs).
 */
const SIDES = { light: [32, 192], wide: [24, 128] } as const;
/** More than the samples themselves take: less is noise of the measurement. */
const LEAST_BYTES_PER_PIXEL = 100;

/** Whole windows of the network, the second larger than the first. */
export function sidesFor({
  flopsPerPixel,
  alignPx,
  gridPx,
}: Pick<ModelDescriptor, 'flopsPerPixel' | 'alignPx' | 'gridPx'>): readonly [number, number] {
  const step = Math.max(alignPx, gridPx);
  const [little, large] = isWide({ flopsPerPixel }) ? SIDES.wide : SIDES.light;
  const first = Math.ceil(little / step) * step;
  return [first, Math.max(Math.ceil(large / step) * step, first + step)];
}

function isWide({ flopsPerPixel }: Pick<ModelDescriptor, 'flopsPerPixel'>): boolean {
  return flopsPerPixel >= WIDE_NETWORK_FLOPS;
}

async function measureCost(
  model: Model,
  [little, large]: readonly [number, number],
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
  const peakOf = (side: number): Promise<number> =>
    peakWhile(() => upscaler.upscale(makeRaster(side, side, RGB8), { signal }));
  try {
    await writeForCpu(model);
    // What reading the checkpoint left behind would be collected during the runs and hide what they take.
    const before = await settledResidentBytes();
    const opening = await peakWhile(() => upscaler.warmUp(RGB8));
    // A session has what it keeps only once it has run.
    await peakOf(little);
    await settledResidentBytes();
    const fixed = await peakOf(little);
    const first = await peakOf(large);
    // A second run finds the arena in pieces, and takes up to a tenth more. Wide networks, of which each run takes
    // seconds, were read where they take the most.
    const whole = isWide(model.descriptor) ? first : Math.max(first, await peakOf(large));
    return costOf({ before, opening, fixed, whole, little, large, scale });
  } finally {
    await upscaler.close();
  }
}

const RGB8 = { channels: 3, bytesPerSample: 1 } as const;

/**
 * Resident memory of a process: before the network, and at the peaks of its opening, of a small window and of a large
 * one.
 */
interface Readings {
  readonly before: number;
  readonly opening: number;
  readonly fixed: number;
  readonly whole: number;
  /** Sides of the windows. */
  readonly little: number;
  readonly large: number;
  readonly scale: number;
}

/** A straight line through two windows, beside what opening takes. */
export function costOf({ before, opening, fixed, whole, little, large, scale }: Readings): MemoryCost {
  const leastBytes = LEAST_BYTES_PER_PIXEL + 3 * scale * scale;
  const bytesPerPixel = Math.max(leastBytes, (whole - fixed) / (large ** 2 - little ** 2));
  const fixedBytes = Math.max(0, whole - before - bytesPerPixel * large ** 2);
  return { openingBytes: Math.max(0, opening - before), fixedBytes, bytesPerPixel };
}

/**
 * The most resident memory of this process while its sessions, threads of their own, are at work: as Linux keeps it,
 * since looking again and again misses peaks where the machine is busy; elsewhere by looking.
 */
async function peakWhile(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const isKept = await forgetPeak();
  const timer = setInterval(look, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  look();
  return isKept ? Math.max(peak, await keptPeak()) : peak;
}

/** Whether the system now counts its peak from here on. */
async function forgetPeak(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return writeFile('/proc/self/clear_refs', '5').then(
    () => true,
    () => false,
  );
}

async function keptPeak(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function parseCost(text: string): MemoryCost | null {
  try {
    const {
      openingBytes = Number.NaN,
      fixedBytes = Number.NaN,
      bytesPerPixel = 0,
    } = JSON.parse(text) as Partial<MemoryCost>;
    const isWhole = Number.isFinite(openingBytes) && Number.isFinite(fixedBytes) && Number.isFinite(bytesPerPixel);
    return isWhole && bytesPerPixel > 0 ? { openingBytes, fixedBytes, bytesPerPixel } : null;
  } catch {
    return null;
  }
}

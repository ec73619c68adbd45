import type { DeviceName } from '../core/device-name.ts';
import { UpreelError } from '../core/errors.ts';
import type { Model, Precision } from '../core/model/index.ts';
import { makeRaster, type Raster } from '../core/pixels/raster.ts';
import { openUpscaler } from '../core/upscaler/open-upscaler.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import type { DeviceProof } from './engine-protocol.ts';

/** Small enough that a software GPU answers within seconds, large enough to reach every layer. */
const PROOF_SIDE_PX = 16;
const PROOF_OPTIONS = {
  haloPx: 0,
  featherPx: 0,
  sessions: 1,
  threadsPerSession: 2,
  ensemble: false,
  rerunBlank: false,
} as const;
/** A device this fast on the small tile is timed on a larger one, where its parallelism shows. */
const QUICK_SECONDS = 0.3;
const TIMING_SIDE_PX = 96;

/**
 * Runs a known tile on the device and on the CPU provider, there in float32. May crash the process: that, too, is a
 * verdict.
 * @param precision of the device
 * @param open what opens a network on a device
 */
export async function proveDevice(
  model: Model,
  device: DeviceName,
  { gpus, precision }: { readonly gpus: readonly number[]; readonly precision: Precision },
  signal: AbortSignal,
  open: typeof openUpscaler = openUpscaler,
): Promise<DeviceProof> {
  const run = (on: DeviceName, sidePx: number): Promise<Measured> => {
    const how = on === device ? { gpus, precision } : { gpus: [] };
    return measure(open(model, { ...PROOF_OPTIONS, ...how, device: on, tilePx: sidePx }), proofTile(sidePx), signal);
  };
  const cpu = await run('cpu', PROOF_SIDE_PX);
  const candidate = await run(device, PROOF_SIDE_PX);
  const quick = candidate.seconds < QUICK_SECONDS;
  const [cpuTimed, deviceTimed] = quick
    ? [await run('cpu', TIMING_SIDE_PX), await run(device, TIMING_SIDE_PX)]
    : [cpu, candidate];
  return {
    device,
    ...difference(cpu.result, candidate.result),
    deviceSeconds: deviceTimed.seconds,
    cpuSeconds: cpuTimed.seconds,
  };
}

interface Measured {
  readonly result: Raster;
  readonly seconds: number;
}

async function measure(upscaler: Upscaler, tile: Raster, signal: AbortSignal): Promise<Measured> {
  try {
    await upscaler.upscale(tile, { signal });
    const start = performance.now();
    const result = await upscaler.upscale(tile, { signal });
    return { result, seconds: (performance.now() - start) / 1000 };
  } finally {
    await upscaler.close();
  }
}

/** Gradients with a hashed texture on top: neither flat nor periodic, the same on every machine. */
function proofTile(sidePx: number): Raster {
  const tile = makeRaster(sidePx, sidePx, { channels: 3, bytesPerSample: 1 });
  for (let i = 0; i < tile.data.length; i++) {
    const pixel = Math.floor(i / 3);
    const slope = ((pixel % sidePx) + Math.floor(pixel / sidePx) * (1 + (i % 3))) * (120 / sidePx);
    const texture = (Math.imul(i + 1, 2654435761) >>> 24) % 64;
    tile.data[i] = Math.min(255, 30 + slope / 2 + texture);
  }
  return tile;
}

function difference(expected: Raster, got: Raster): Pick<DeviceProof, 'maxDifference' | 'meanDifference'> {
  if (expected.data.length !== got.data.length) {
    throw new UpreelError(
      'internal',
      `Expected ${expected.data.length} samples from the device, got ${got.data.length}.`,
    );
  }
  let max = 0;
  let sum = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const distance = Math.abs(expected.data[i]! - got.data[i]!);
    max = Math.max(max, distance);
    sum += distance;
  }
  return { maxDifference: max, meanDifference: sum / expected.data.length };
}

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { DEVICE_NAMES, type DeviceName, NUMBERED_DEVICES, SHARED_DEVICES } from '../device-name.ts';
import { UpreelError } from '../errors.ts';
import { type ModelDescriptor, PRECISIONS, type Precision } from '../model/descriptor.ts';
import { COLOUR_SOURCES } from '../model/onnx/colour-fix.ts';
import { type FixedSize, type Size, sizeText } from '../pixels/geometry.ts';
import { SMALLEST_TILE_PX, WIDE_NETWORK_FLOPS, type Work } from '../tile/tile-size.ts';
import type { UpscalerOptions } from './open-upscaler.ts';

/** How the network is run; what is null follows from the model and the machine. */
export const networkSettingsSchema = z.object({
  /** Catalogue id or path of a checkpoint. */
  model: z.string().min(1),
  /** Strength 0..1, for a model with a twin that keeps noise; null: the model alone. */
  denoise: z.number().min(0).max(1).nullable(),
  /** What an ONNX file of others does not say; null: found by trying, and RGB. */
  onnxRange: z.enum(['0..1', '0..255', '-1..1']).nullable(),
  onnxChannels: z.enum(['rgb', 'bgr']).nullable(),
  /** Where the colours of the result come from; old jobs say nothing. */
  colour: z.enum(COLOUR_SOURCES).default('network'),
  device: z.enum(['auto', ...DEVICE_NAMES]),
  /**
   * Of a GPU's arithmetic, for samples of 8 bit; `auto`: what the proof of the device chooses. Old jobs say nothing.
   */
  precision: z.enum(['auto', ...PRECISIONS]).default('auto'),
  /** Numbers of the GPUs to run on, each with a session of its own; none: the provider's choice. */
  gpus: z.array(z.int().min(0).max(63)).max(16),
  /** Average over eight turned and mirrored copies. */
  ensemble: z.boolean(),
  tilePx: z.int().min(8).max(16_384).nullable(),
  haloPx: z.int().min(0).max(1024).nullable(),
  sessions: z.int().min(1).max(64).nullable(),
  threads: z.int().min(1).max(256).nullable(),
  /** What upreel's processes may take together; decides the tile where `tilePx` does not. */
  memoryBytes: z.int().min(1e8).max(1e15).nullable(),
});

export type NetworkSettings = z.infer<typeof networkSettingsSchema>;

/** What a device computes in; where nothing was decided, float32. */
export function precisionOf({ precision }: Pick<NetworkSettings, 'precision'>): Precision {
  return precision === 'auto' ? 'float32' : precision;
}

/** Everything left to the model and the machine. */
export const AUTOMATIC_NETWORK = Object.freeze({
  denoise: null,
  onnxRange: null,
  onnxChannels: null,
  colour: 'network',
  device: 'auto',
  precision: 'auto',
  gpus: [],
  ensemble: false,
  tilePx: null,
  haloPx: null,
  sessions: null,
  threads: null,
  memoryBytes: null,
}) satisfies Omit<NetworkSettings, 'model'>;

/** @throws UpreelError `usage` if GPUs are numbered for a device that cannot be told which. */
export function resolveUpscalerOptions(
  settings: NetworkSettings,
  descriptor: ModelDescriptor,
  device: DeviceName,
  work: Work,
): UpscalerOptions {
  if (settings.gpus.length > 0 && !NUMBERED_DEVICES.includes(device)) {
    throw new UpreelError('usage', `GPUs can be numbered for ${NUMBERED_DEVICES.join(', ')}, not for ${device}.`, {
      hint: 'Leave --gpu out, or name one of these with --device.',
    });
  }
  const { fixedPx } = descriptor;
  if (fixedPx !== null && settings.ensemble && fixedPx.width !== fixedPx.height) {
    throw new UpreelError('usage', `${descriptor.id} does not run on pictures that are turned, as --tta does.`, {
      hint: `It takes ${sizeText(fixedPx)} pixels only: leave --tta out.`,
    });
  }
  const cores = settings.threads ?? availableParallelism();
  const sessions = sessionsFor(device, settings.sessions, descriptor, cores, work);
  const haloPx = checkedHalo(settings.haloPx ?? defaultHaloPx(descriptor), descriptor);
  return {
    device,
    precision: device === 'cpu' ? 'float32' : precisionOf(settings),
    tilePx: tilePxFor(settings.tilePx, descriptor),
    haloPx,
    featherPx: defaultFeatherPx(descriptor, haloPx),
    sessions,
    threadsPerSession: Math.max(1, Math.floor(cores / sessions)),
    gpus: settings.gpus,
    ensemble: settings.ensemble,
    rerunBlank: true,
  };
}

/** Up to this radius the halo is the receptive field itself, and tiled equals untiled. */
const EXACT_HALO_LIMIT_PX = 64;

/**
 * Deeper networks see far but mostly look near: the seam error fades with the square root of the field's radius.
 * Measured (docs/tiling.md): at least 60 dB between tiled and untiled at radius 94 and 349 (6 and 23 blocks of RRDB).
 */
function defaultHaloPx({ receptiveFieldPx, gridPx, fixedPx }: ModelDescriptor): number {
  if (fixedPx !== null) return Math.min(EXACT_HALO_LIMIT_PX, Math.floor(shorterSide(fixedPx) / 4));
  if (receptiveFieldPx === null) return Math.ceil(EXACT_HALO_LIMIT_PX / gridPx) * gridPx;
  return receptiveFieldPx <= EXACT_HALO_LIMIT_PX ? receptiveFieldPx : Math.ceil(3.3 * Math.sqrt(receptiveFieldPx));
}

function checkedHalo(haloPx: number, { id, fixedPx }: ModelDescriptor): number {
  if (fixedPx === null || 2 * haloPx + LEAST_CORE_PX <= shorterSide(fixedPx)) return haloPx;
  throw new UpreelError('usage', `A halo of ${haloPx} px leaves nothing of the windows that ${id} runs on.`, {
    hint: `They have ${sizeText(fixedPx)} pixels: give a smaller --halo, or none.`,
  });
}

const LEAST_CORE_PX = 8;

function shorterSide({ width, height }: FixedSize): number {
  return Math.min(width ?? Number.POSITIVE_INFINITY, height ?? Number.POSITIVE_INFINITY);
}

/**
 * Tiles that see all they depend on are equal where they overlap: blending them would only cost time. The others are
 * blended over a quarter of the halo: more of it costs PSNR (docs/tiling.md). Where two tiles show inventions of their
 * own, there is no right one: they go over into each other as slowly as they can.
 */
function defaultFeatherPx({ receptiveFieldPx, seams }: ModelDescriptor, haloPx: number): number {
  if (receptiveFieldPx !== null && haloPx >= receptiveFieldPx) return 0;
  return Math.floor(haloPx * (seams === 'wide' ? 3 / 4 : 1 / 4));
}

/** The smallest tile that is worth anything; for a network of fixed size its only one. */
export function leastTilePx({ fixedPx }: ModelDescriptor): number {
  return isFixed(fixedPx) ? Math.max(fixedPx.width, fixedPx.height) : SMALLEST_TILE_PX;
}

function isFixed(size: FixedSize | null): size is Size {
  return size !== null && size.width !== null && size.height !== null;
}

function tilePxFor(wanted: number | null, descriptor: ModelDescriptor): number {
  const { fixedPx } = descriptor;
  if (fixedPx === null) return wanted ?? defaultTilePx(descriptor);
  if (isFixed(fixedPx)) return leastTilePx(descriptor);
  // Along the free axis.
  return wanted ?? Math.max(LEAST_FREE_PX, fixedPx.width ?? 0, fixedPx.height ?? 0);
}

/** Windows of one given side are at least so long along the other: short ones are mostly halo. */
const LEAST_FREE_PX = 256;

/**
 * For devices whose memory cannot be measured from here. On an H100, 1.2 to 1.8 times as fast as 192 and 128
 * (docs/gpu.md); where memory is too little, the tile is halved.
 */
function defaultTilePx({ flopsPerPixel }: ModelDescriptor): number {
  return flopsPerPixel < WIDE_NETWORK_FLOPS ? 512 : 256;
}

function sessionsFor(
  device: DeviceName,
  wanted: number | null,
  descriptor: ModelDescriptor,
  cores: number,
  work: Work,
): number {
  if (device === 'cpu') return wanted ?? defaultCpuSessions(descriptor, cores, work);
  if (SHARED_DEVICES.includes(device)) return wanted ?? (work === 'frames' ? SESSIONS_PER_GPU : 1);
  // Two WebGPU sessions in one process end in a segmentation fault (onnxruntime #32561).
  return 1;
}

/** On an H100, 1.3 to 2.6 times as fast as one; a fourth brought nothing (docs/gpu.md). */
const SESSIONS_PER_GPU = 3;

/**
 * Frames keep several sessions of one thread busy, which do not wait for each other inside an operator. A still is
 * often one tile, and a wide network would need its memory twice: both get all threads in one session.
 */
function defaultCpuSessions({ flopsPerPixel }: ModelDescriptor, cores: number, work: Work): number {
  return work === 'frames' && flopsPerPixel < WIDE_NETWORK_FLOPS ? Math.min(cores, 4) : 1;
}

import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { DEVICE_NAMES, type DeviceName } from '../device-name.ts';
import { isOutOfMemory, UpreelError } from '../errors.ts';
import type { RasterFormat } from '../pixels/raster.ts';
import { loadRuntime } from '../runtime/index.ts';

/** The one door to onnxruntime. Creating and running a session block the thread: call from a worker thread only. */
export interface Session {
  /**
   * Runs the wrapped network on one window: `source` holds width x height interleaved samples, `upscaled` is written
   * with scale*width x scale*height of them.
   */
  run(source: ArrayBuffer, width: number, height: number, upscaled: ArrayBuffer): Promise<void>;
  release(): Promise<void>;
}

export interface SessionOptions {
  readonly networkFile: string;
  readonly format: RasterFormat;
  readonly scale: number;
  readonly device: DeviceName;
  /** Which of several, where the provider can be told (NUMBERED_DEVICES); null: its own choice. */
  readonly gpu: number | null;
  /** Threads within one operator (CPU provider). */
  readonly threads: number;
  /** Whether these wait for each other actively, which takes their cores even where there is nothing to do. */
  readonly spinning: boolean;
}

/** @throws UpreelError `device-unavailable` if the provider does not load, `model-refused` if the file does not. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { Tensor } = loadRuntime();
  const session = await createSession(options);
  const { channels, bytesPerSample } = options.format;
  const tensorOf = (buffer: ArrayBuffer, width: number, height: number): Tensor =>
    bytesPerSample === 1
      ? new Tensor('uint8', new Uint8Array(buffer), [1, height, width, channels])
      : new Tensor('uint16', new Uint16Array(buffer), [1, height, width, channels]);
  return {
    async run(source, width, height, upscaled) {
      const output = tensorOf(upscaled, width * options.scale, height * options.scale);
      try {
        await session.run({ source: tensorOf(source, width, height) }, { upscaled: output });
      } catch (error) {
        throw runError(error, options.device, width, height);
      }
    },
    async release() {
      await session.release();
    },
  };
}

/** Float samples in whatever layout the network has. */
export interface FloatTensor {
  readonly dimensions: readonly number[];
  readonly data: Float32Array;
}

/** A network with float samples in (`source`) and out (`upscaled`), to find out what it does. */
export interface FloatSession {
  run(source: FloatTensor): Promise<FloatTensor>;
}

/** On one CPU thread; blocks like `openSession`. @throws whatever onnxruntime does */
export async function openFloatSession(networkFile: string): Promise<FloatSession> {
  const { InferenceSession, Tensor } = loadRuntime();
  const session = await InferenceSession.create(networkFile, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  return {
    async run({ dimensions, data }) {
      const { upscaled } = await session.run({ source: new Tensor('float32', data, dimensions) });
      return { dimensions: upscaled!.dims, data: upscaled!.data as Float32Array };
    },
  };
}

/**
 * Providers that this build of onnxruntime-node can load, as device names; whether the machine has one is another
 * matter.
 */
export function listDevicesOfRuntime(): readonly DeviceName[] {
  const names = new Set(
    loadRuntime()
      .listSupportedBackends()
      .map((backend) => backend.name),
  );
  return DEVICE_NAMES.filter((name) => names.has(name));
}

async function createSession({
  networkFile,
  device,
  gpu,
  threads,
  spinning,
}: SessionOptions): Promise<InferenceSession> {
  const { InferenceSession } = loadRuntime();
  const sequential = { interOpNumThreads: 1, executionMode: 'sequential' } as const;
  const common = { ...sequential, graphOptimizationLevel: 'all', logSeverityLevel: 3 } as const;
  try {
    if (device === 'cpu') {
      return await InferenceSession.create(networkFile, {
        ...common,
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        // One window size per plan makes the pattern useful, but it doubles the peak on wide networks (docs/memory).
        enableMemPattern: false,
        ...(spinning ? {} : { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
      });
    }
    const provider = gpu === null ? device : { name: device, deviceId: gpu };
    return await InferenceSession.create(networkFile, { ...common, executionProviders: [provider] });
  } catch (error) {
    throw sessionError(error, device);
  }
}

export function runError(error: unknown, device: DeviceName, width: number, height: number): unknown {
  const isTooLarge = device === 'webgpu' && WEBGPU_TOO_LARGE.test(error instanceof Error ? error.message : '');
  if (!isTooLarge && !isOutOfMemory(error)) return error;
  const message = `Not enough memory on ${device} for a tile of ${width}x${height} pixels.`;
  return new UpreelError('out-of-memory', message, { hint: 'Use a smaller --tile.', cause: error });
}

/**
 * What onnxruntime 1.30's WebGPU says when a layer is larger than a buffer may be. The first was seen on an H100 with
 * 64 channels of 3072x3072 pixels in float32 and 4096x4096 in float16; the others are the words of WebGPU's limits, not
 * seen.
 */
const WEBGPU_TOO_LARGE = /raw_hash_map<>::at|exceeds the max|maxStorageBufferBindingSize|maxBufferSize/i;

function sessionError(error: unknown, device: DeviceName): UpreelError {
  const detail = error instanceof Error ? error.message : String(error);
  if (isOutOfMemory(error)) {
    return new UpreelError('out-of-memory', `Not enough memory on ${device} to load the network.`, { cause: error });
  }
  if (device === 'cpu') {
    return new UpreelError('model-refused', 'onnxruntime refused the network.', {
      hint: 'Remove the cached copy with the file named below, or import the checkpoint again.',
      cause: error,
    });
  }
  return new UpreelError('device-unavailable', `The device ${device} could not be opened: ${explain(detail)}`, {
    hint: 'Use --device cpu, or --device auto to take what works here.',
    cause: error,
  });
}

/** onnxruntime's own words begin with source paths and lambdas: the known ones in plain words. */
function explain(detail: string): string {
  if (/adapter/i.test(detail)) return 'no GPU adapter was found.';
  if (/shared library|cannot open|\.so|\.dll/i.test(detail)) return 'its libraries are not installed.';
  if (/not (supported|available|enabled)|no available backend|unknown/i.test(detail)) {
    return 'this build of onnxruntime does not have it.';
  }
  return detail.split('\n', 1)[0]!.slice(0, 200);
}

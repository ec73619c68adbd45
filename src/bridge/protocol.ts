import { z } from 'zod';
import { DEVICE_NAMES } from '../core/device-name.ts';

/** What travels between the service and editors (plugins/gimp-bridge/PROTOCOL.md). Version 1. */
export const PROTOCOL_VERSION = 1;
export const REQUEST_HEADER = 'upreel-request';
export const STREAM_TYPE = 'application/x-upreel-stream';

const side = z.int().min(1).max(524_288);
/** An id, never a path: the service opens no file that a client names. */
const modelId = z
  .string()
  .regex(/^[\p{L}\p{N}_][\p{L}\p{N} ._+@-]{0,119}$/u)
  .refine((id) => !/\.(pth|pt|ckpt|safetensors|bin|param|onnx)$/i.test(id) && !id.includes('..'), 'an id, not a file');

const targetSchema = z.union([
  z.strictObject({ scale: z.number().gt(0).max(64) }),
  /** To fit inside keeping the aspect, or exactly. */
  z.strictObject({ width: side, height: side, exact: z.boolean().default(false) }),
]);

/** The JSON in the Upreel-Request header. */
export const upscaleRequestSchema = z.strictObject({
  width: side,
  height: side,
  /** Gray, gray and alpha, RGB, RGBA; interleaved, alpha last and not multiplied into the colour. */
  channels: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  /** Little-endian u16 and f32. */
  depth: z.enum(['u8', 'u16', 'f32']),
  /** Default: the catalogue's. */
  model: modelId.optional(),
  /** A factor, or a size to fit inside keeping the aspect. Default: the network's own factor. */
  target: targetSchema.optional(),
  /** How strongly noise is removed, for models whose list entry has `denoise`. Default: as the model was trained, 1. */
  denoise: z.number().min(0).max(1).optional(),
  /** 1: the network's result; 0: the source plainly resampled. */
  strength: z.number().min(0).max(1).default(1),
  /** Ask the network eight times for turned and mirrored copies and take the mean. */
  ensemble: z.boolean().default(false),
  /** Side of a tile in source pixels: smaller needs less memory. */
  tile: z.int().min(8).max(16_384).optional(),
  device: z.enum(['auto', ...DEVICE_NAMES]).default('auto'),
});
export type UpscaleRequest = z.infer<typeof upscaleRequestSchema>;

export const errorBodySchema = z.object({ code: z.string(), message: z.string(), hint: z.string() });
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** The lines of the stream. After `rows`, that many bytes of pixels follow the line feed. */
export const streamEventSchema = z.discriminatedUnion('event', [
  /** Repeated while waiting; 1 is the next. */
  z.object({ event: z.literal('queued'), position: z.int() }),
  /** Being prepared: the network is being loaded. Repeated. */
  z.object({ event: z.literal('preparing') }),
  z.object({ event: z.literal('pull'), model: z.string(), bytesDone: z.number(), bytesTotal: z.number() }),
  /** The result's size is known and the body is being read. */
  z.object({
    event: z.literal('started'),
    model: z.string(),
    device: z.string(),
    width: z.int(),
    height: z.int(),
    channels: z.int(),
    depth: z.string(),
    tiles: z.int(),
  }),
  z.object({ event: z.literal('progress'), fraction: z.number(), secondsLeft: z.number().nullable() }),
  z.object({ event: z.literal('warning'), code: z.string(), message: z.string() }),
  z.object({ event: z.literal('rows'), y: z.int(), height: z.int(), bytes: z.int() }),
  z.object({ event: z.literal('done'), seconds: z.number() }),
  z.object({ event: z.literal('error'), ...errorBodySchema.shape }),
]);
export type StreamEvent = z.infer<typeof streamEventSchema>;

export const healthSchema = z.object({
  name: z.literal('upreel'),
  version: z.string(),
  protocol: z.literal(PROTOCOL_VERSION),
  pid: z.int(),
  /** Running and waiting. */
  jobs: z.int(),
  uptimeSeconds: z.number(),
});
export type Health = z.infer<typeof healthSchema>;

export const modelsSchema = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      isDefault: z.boolean(),
      /** null: not known before it is loaded. */
      scale: z.number().nullable(),
      licence: z.string().nullable(),
      suits: z.string().nullable(),
      /** Whether a request for it may set `denoise`. */
      denoise: z.boolean(),
      bytes: z.number(),
      state: z.enum(['cached', 'folder', 'damaged', 'absent']),
    }),
  ),
});
export type ModelList = z.infer<typeof modelsSchema>;

export const jobsSchema = z.object({
  jobs: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['waiting', 'running']),
      model: z.string(),
      width: z.int(),
      height: z.int(),
      fraction: z.number(),
      seconds: z.number(),
    }),
  ),
});
export type BridgeJobs = z.infer<typeof jobsSchema>;

/** What the service refuses before it does anything. */
export const LIMITS = {
  headerBytes: 8192,
  connections: 64,
  /** Waiting beside the running one. */
  waitingJobs: 8,
  sourceMegapixels: 100,
  headerSeconds: 10,
  keepAliveSeconds: 5,
  /** Between two pieces of a body, and between two pieces of the result that the client takes. */
  stallSeconds: 20,
  /** A whole body may take this long and as much again as it needs at the slowest rate. */
  bodySeconds: 30,
  slowestBytesPerSecond: 1 << 20,
} as const;
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

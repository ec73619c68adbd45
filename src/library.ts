import { basename, dirname, extname, resolve } from 'node:path';
import type { Effort, FormatChoice } from './core/codec/index.ts';
import { UpreelError } from './core/errors.ts';
import type { TaskEvent } from './core/events.ts';
import type { Fill } from './core/fill.ts';
import type { Rect, Size } from './core/geometry.ts';
import type { GrayMode } from './core/gray.ts';
import type { OnnxOptions } from './core/model/index.ts';
import { AUTOMATIC_NETWORK, networkSettingsSchema } from './core/options.ts';
import type { OutputRule, Target } from './core/output-name.ts';
import { chooseDevice, type EngineNetwork, type EngineTask, openTaskQueue } from './job/index.ts';
import { type VideoSettings, videoSettingsSchema } from './video/index.ts';

/** What pictures and videos have in common. Everything may be left out. */
export interface UpscaleFileOptions {
  /** Path of the result. Default: `NAME.upreel-4x.EXT` beside the input. */
  readonly output?: string;
  /** Catalogue id or checkpoint file. Default: realesr-general-x4v3. */
  readonly model?: string;
  /** 0..1: how strongly noise is removed; for realesr-general-x4v3. Default: the model alone, which is 1. */
  readonly denoise?: number;
  /** Enlarge by this factor, to fit inside this size, or to this side (pixels), instead of the network's own scale. */
  readonly target?:
    | { readonly scale: number }
    | { readonly size: Size }
    | { readonly width: number }
    | { readonly height: number }
    | { readonly shortSide: number };
  /** What an ONNX file of others does not say. Default: the range is found by trying, and RGB. */
  readonly onnx?: OnnxOptions;
  /** auto, cpu, webgpu, cuda, ... Default: auto. */
  readonly device?: EngineNetwork['device'] | 'auto';
  /** Side of a tile without its halo, and the halo, in source pixels. Default: from the network. */
  readonly tilePx?: number;
  readonly haloPx?: number;
  /** Numbers of the GPUs to run on at once (cuda, tensorrt, dml). Default: the one that the provider takes. */
  readonly gpus?: readonly number[];
  /** Average over eight turned and mirrored copies, at eight times the work. Default: false. */
  readonly ensemble?: boolean;
  /** What upreel's processes may take together; decides the tile. Default: from the network and the machine. */
  readonly memoryBytes?: number;
  /** Replace a result that exists. Default: false. */
  readonly overwrite?: boolean;
  /** The result gets the source's time of change. Default: false. */
  readonly keepTimes?: boolean;
  /** The result does not tell how it was made; of pictures, EXIF, XMP, IPTC and density go, too. Default: false. */
  readonly strip?: boolean;
  /** 0..100, higher is better. Default: the format's or encoder's. */
  readonly quality?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TaskEvent) => void;
}

export interface UpscaleImageOptions extends UpscaleFileOptions {
  /** Only this part of each page, in source pixels, upright. Default: the whole. */
  readonly crop?: Rect;
  /** How the size of `target` is filled by another shape. Default: fit. */
  readonly fill?: Fill;
  /** WebP, AVIF and JPEG XL without loss. Default: false. */
  readonly lossless?: boolean;
  /**
   * jpg, png, webp, tiff, avif, jxl, bmp, pnm, exr or same, where `output` is left out. Default: PNG; animations WebP,
   * several pages TIFF.
   */
  readonly format?: FormatChoice;
  /** Time against size; lossless pixels do not depend on it. Default: balanced. */
  readonly effort?: Effort;
  /** Colour (#rrggbb) behind a transparent picture, for formats without alpha. */
  readonly flatten?: string;
  /** What enlarges the alpha of a transparent picture. Default: network. */
  readonly alpha?: 'network' | 'lanczos';
  /** Whether a picture in RGB is taken for gray, and comes out so. Default: auto. */
  readonly gray?: GrayMode;
  /** Refuse larger pictures. Default: 1000. */
  readonly maxInputMegapixels?: number;
  /** A damaged picture is refused, or what can be decoded of it is enlarged, with a warning. Default: fail. */
  readonly onDecodeError?: 'fail' | 'conceal';
}

/** Every setting of video, as on the command line (docs/library.md); each has its default. */
export interface UpscaleVideoOptions
  extends UpscaleFileOptions,
    Partial<Omit<VideoSettings, 'target' | 'overwrite' | 'quality'>> {}

export interface UpscaledFile {
  /** Absolute path of the result. */
  readonly output: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly frames: number;
}

/**
 * Upscales one picture file in an engine process of its own: the caller's event loop stays free, a crash of native code
 * is an error, and the result appears complete under its name or not at all.
 * @throws UpreelError with a documented `code`; an aborted `signal` gives `interrupted` or the signal's own reason.
 */
export function upscaleImage(input: string, options: UpscaleImageOptions = {}): Promise<UpscaledFile> {
  return upscaleFile(options, (network) => ({
    kind: 'image',
    network,
    request: {
      input: resolve(input),
      output: outputRule(input, options.output, '.png'),
      target: targetOf(options),
      overwrite: options.overwrite ?? false,
      quality: options.quality ?? null,
      format: options.format ?? null,
      crop: options.crop ?? null,
      fill: options.fill ?? 'fit',
      lossless: options.lossless ?? false,
      strip: options.strip ?? false,
      keepTimes: options.keepTimes ?? false,
      preset: null,
      effort: options.effort ?? 'balanced',
      flatten: options.flatten ?? null,
      alpha: options.alpha ?? 'network',
      gray: options.gray ?? 'auto',
      maxInputMegapixels: options.maxInputMegapixels ?? 1000,
      onDecodeError: options.onDecodeError ?? 'fail',
    },
  }));
}

/**
 * Upscales one video file as `upscaleImage` does pictures: sound and the other streams are copied, frame count and times
 * are verified before the result gets its name. A call that was interrupted goes on when it is made again. Needs ffmpeg
 * and ffprobe. `output` may name a sequence of pictures (`frames/%06d.png`).
 * @throws UpreelError as above.
 */
export function upscaleVideo(input: string, options: UpscaleVideoOptions = {}): Promise<UpscaledFile> {
  const settings = videoSettingsOf(options);
  const extension = ['.mp4', '.mov', '.mkv', '.webm'].find((known) => known === extname(input).toLowerCase());
  const output = outputRule(input, options.output, extension ?? '.mkv');
  return upscaleFile(options, (network) => ({
    kind: 'video',
    network,
    request: { input: resolve(input), output, target: targetOf(options), settings },
  }));
}

/** @throws UpreelError `usage`, naming the option. */
function videoSettingsOf({ workDir, report, ...options }: UpscaleVideoOptions): VideoSettings {
  const parsed = videoSettingsSchema.safeParse({
    ...Object.fromEntries(Object.entries(options).filter(([name, value]) => name in SHAPE && value !== undefined)),
    ...(workDir && { workDir: resolve(workDir) }),
    ...(report && { report: resolve(report) }),
    target: undefined,
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new UpreelError('usage', `The option ${issue.path.join('.')} cannot be so: ${issue.message}.`, {
    hint: 'docs/library.md lists the options and their values.',
  });
}

/** Settings by name: the other options are the network's. */
const SHAPE = videoSettingsSchema.unwrap().shape;

async function upscaleFile(
  options: UpscaleFileOptions,
  taskFor: (network: EngineNetwork) => EngineTask,
): Promise<UpscaledFile> {
  const signal = options.signal ?? new AbortController().signal;
  let done: UpscaledFile | null = null;
  const onEvent = (event: TaskEvent): void => {
    if (event.type === 'done') {
      done = { output: event.output, bytes: event.bytes, seconds: event.seconds, frames: event.framesTotal };
    }
    options.onEvent?.(event);
  };
  const settings = networkSettingsSchema.parse({
    ...AUTOMATIC_NETWORK,
    model: options.model ?? 'realesr-general-x4v3',
    denoise: options.denoise ?? null,
    onnxRange: options.onnx?.range ?? null,
    onnxChannels: options.onnx?.channels ?? null,
    device: options.device ?? 'auto',
    gpus: options.gpus ?? [],
    ensemble: options.ensemble ?? false,
    tilePx: options.tilePx ?? null,
    haloPx: options.haloPx ?? null,
    memoryBytes: options.memoryBytes ?? null,
  });
  const { device } = await chooseDevice(settings, { signal, onEvent });
  const queue = openTaskQueue();
  try {
    await queue.run(taskFor({ ...settings, device }), { signal, onEvent });
  } finally {
    await queue.close();
  }
  if (!done) throw new UpreelError('internal', 'Expected the task to say that it is done.');
  return done;
}

function outputRule(input: string, output: string | undefined, extension: string): OutputRule {
  if (output !== undefined) return { kind: 'file', path: resolve(output) };
  return { kind: 'derived', folder: dirname(resolve(input)), stem: basename(input, extname(input)), extension };
}

function targetOf({ target }: UpscaleFileOptions): Target {
  if (target === undefined) return { kind: 'native' };
  if ('scale' in target) return { kind: 'scale', ...target };
  if ('size' in target) return { kind: 'size', ...target };
  if ('width' in target) return { kind: 'side', side: 'width', px: target.width };
  if ('height' in target) return { kind: 'side', side: 'height', px: target.height };
  return { kind: 'side', side: 'short', px: target.shortSide };
}

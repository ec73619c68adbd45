import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { toErrorRecord, UpreelError } from '../core/errors.ts';
import type { TaskEvent } from '../core/events.ts';
import type { OutputRule, Target } from '../core/files/output-name.ts';
import { DEFAULT_MODEL } from '../core/model/index.ts';
import { type PictureSettings, pictureSettingsSchema } from '../core/still/picture-settings.ts';
import { AUTOMATIC_NETWORK, type NetworkSettings, networkSettingsSchema } from '../core/upscaler/network-settings.ts';
import { chooseDevice, type EngineNetwork, type EngineTask, openRestartingEngine } from '../engine/index.ts';
import {
  describeWaiting,
  type JobQueueing,
  type JobState,
  NO_QUEUEING,
  nameJob,
  parseHours,
  runJob,
} from '../job/index.ts';
import { type VideoSettings, videoSettingsSchema } from '../video/index.ts';
import { checkedOptions, PICTURE_OPTIONS, VIDEO_OPTIONS } from './check-options.ts';
import type { UpscaleFileOptions, UpscaleImageOptions, UpscaleVideoOptions } from './options.ts';

export interface UpscaledFile {
  /** Absolute path of the result. */
  readonly output: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly frames: number;
}

/** A result that has no file. */
export interface UpscaledBytes extends Omit<UpscaledFile, 'output'> {
  readonly data: Buffer;
}

/**
 * Upscales one picture in an engine process of its own: the caller's event loop stays free, a crash of native code
 * is an error, and the result appears complete under its name or not at all.
 * @param input a file's name, or the bytes of a file: then, without `output`, the result is bytes too, in `format`.
 * @throws UpreelError with a documented `code`; an aborted `signal` gives `interrupted` or the signal's own reason.
 */
export function upscaleImage(input: string, options?: UpscaleImageOptions): Promise<UpscaledFile>;
export function upscaleImage(
  input: Uint8Array,
  options: UpscaleImageOptions & { readonly output: string },
): Promise<UpscaledFile>;
export function upscaleImage(
  input: Uint8Array,
  options?: UpscaleImageOptions & { readonly output?: undefined },
): Promise<UpscaledBytes>;
export async function upscaleImage(
  input: string | Uint8Array,
  options: UpscaleImageOptions = {},
): Promise<UpscaledFile | UpscaledBytes> {
  if (typeof input === 'string') return upscalePictureFile(input, options);
  const folder = await mkdtemp(join(tmpdir(), 'upreel-bytes-'));
  try {
    const source = join(folder, 'picture');
    await writeFile(source, input, { mode: 0o600 });
    const { output, ...done } = await upscalePictureFile(source, options);
    return options.output === undefined ? { ...done, data: await readFile(output) } : { ...done, output };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function upscalePictureFile(input: string, given: UpscaleImageOptions): Promise<UpscaledFile> {
  const options = checkedOptions('pictures', given, PICTURE_OPTIONS);
  const settings = pictureSettingsOf(options);
  const output = outputRule(input, options.output, '.png');
  return upscaleFile(input, options, (network) => ({
    kind: 'image',
    network,
    request: { input: resolve(input), output, target: targetOf(options), ...settings },
  }));
}

/** @throws UpreelError `usage`, naming the option. */
function pictureSettingsOf(options: UpscaleImageOptions): PictureSettings {
  const parsed = pictureSettingsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw badOption(parsed.error.issues[0]!);
}

/**
 * Upscales one video file as `upscaleImage` does pictures: sound and the other streams are copied, frame count and
 * times are verified before the result gets its name. A call that was interrupted goes on when it is made again. Needs
 * ffmpeg and ffprobe. `output` may name a sequence of pictures (`frames/%06d.png`).
 * @throws UpreelError as above.
 */
export async function upscaleVideo(input: string, given: UpscaleVideoOptions = {}): Promise<UpscaledFile> {
  const options = checkedOptions('video', given, VIDEO_OPTIONS);
  const settings = videoSettingsOf(options);
  const queueing = { nice: options.nice ?? 0, only: options.only ?? null, onDone: options.onDone ?? null };
  if (queueing.only !== null) parseHours(queueing.only);
  const extension = ['.mp4', '.mov', '.mkv', '.webm'].find((known) => known === extname(input).toLowerCase());
  const output = outputRule(input, options.output, extension ?? '.mkv');
  const taskFor = (network: EngineNetwork): EngineTask => ({
    kind: 'video',
    network,
    request: { input: resolve(input), output, target: targetOf(options), settings },
  });
  return upscaleFile(input, options, taskFor, queueing);
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
  throw badOption(parsed.error.issues[0]!);
}

function badOption(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): UpreelError {
  return new UpreelError('usage', `The option ${issue.path.join('.')} cannot be so: ${issue.message}.`, {
    hint: 'docs/library.md lists the options and their values.',
  });
}

/** Settings by name: the other options are the network's. */
const SHAPE = videoSettingsSchema.unwrap().shape;

async function upscaleFile(
  input: string,
  options: UpscaleFileOptions,
  taskFor: (network: EngineNetwork) => EngineTask,
  queueing: JobQueueing = { ...NO_QUEUEING, nice: options.nice ?? 0 },
): Promise<UpscaledFile> {
  const signal = options.signal ?? new AbortController().signal;
  let done: UpscaledFile | null = null;
  const onEvent = (event: TaskEvent): void => {
    if (event.type === 'done') {
      done = { output: event.output, bytes: event.bytes, seconds: event.seconds, frames: event.framesTotal };
    }
    options.onEvent?.(event);
  };
  try {
    const settings = networkOf(options);
    const { device, precision, warnings } = await chooseDevice(settings, { signal, onEvent });
    for (const message of warnings) onEvent({ type: 'warning', code: 'device', message });
    await runTask(taskFor({ ...settings, device, precision }), queueing, { signal, onEvent });
  } catch (error) {
    onEvent({ type: 'failed', input, error: toErrorRecord(error) });
    // As it is: it may be the signal's own reason.
    throw error;
  }
  if (!done) throw new UpreelError('internal', 'Expected the task to say that it is done.');
  return done;
}

/** A film with hours, or a command for its end, is a job: listed, and steered by whoever looks at it. */
async function runTask(
  task: EngineTask,
  queueing: JobQueueing,
  context: { readonly signal: AbortSignal; readonly onEvent: (event: TaskEvent) => void },
): Promise<void> {
  const queue = openRestartingEngine({ nice: queueing.nice });
  try {
    const isJob = task.kind === 'video' && (queueing.only !== null || queueing.onDone !== null);
    const spec = isJob ? await nameJob(task, queueing) : null;
    const drain = new AbortController().signal;
    const { only } = queueing;
    const onState = (state: JobState, place: number | null): void => {
      const message = describeWaiting({ state, place, device: task.network.device, only, id: spec?.output ?? '' });
      if (message !== null) context.onEvent({ type: 'warning', code: state, message });
    };
    await (spec === null ? queue.run(task, context) : runJob(spec, { ...context, queue, drain, onState }));
  } finally {
    await queue.close();
  }
}

function networkOf(options: UpscaleFileOptions): NetworkSettings {
  const parsed = networkSettingsSchema.safeParse({
    ...AUTOMATIC_NETWORK,
    model: options.model ?? DEFAULT_MODEL,
    denoise: options.denoise ?? null,
    colour: options.colour ?? 'network',
    onnxRange: options.onnx?.range ?? null,
    onnxChannels: options.onnx?.channels ?? null,
    device: options.device ?? 'auto',
    precision: options.precision ?? 'auto',
    gpus: options.gpus ?? [],
    ensemble: options.ensemble ?? false,
    tilePx: options.tilePx ?? null,
    haloPx: options.haloPx ?? null,
    threads: options.threads ?? null,
    memoryBytes: options.memoryBytes ?? null,
  });
  if (parsed.success) return parsed.data;
  throw badOption(parsed.error.issues[0]!);
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

import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { DEFAULT_PICTURE_LIMITS, EFFORTS, FORMAT_CHOICES } from '../../core/codec/index.ts';
import { DEVICE_NAMES } from '../../core/device-name.ts';
import { UpreelError } from '../../core/errors.ts';
import type { Target } from '../../core/files/output-name.ts';
import { COLOUR_SOURCES, DEFAULT_MODEL } from '../../core/model/index.ts';
import { pictureSettingsSchema } from '../../core/still/picture-settings.ts';
import { type NetworkSettings, networkSettingsSchema } from '../../core/upscaler/network-settings.ts';
import { NO_PRESET } from '../../library/index.ts';
import { jobFlagShape, jobFlags } from './job-options.ts';
import { videoFlagShape, videoFlags } from './video-options.ts';

/** The flags of `upreel INPUT...`: declared once here, parsed once here. What is left out stays out until then. */
export function upscaleFlags(): Option[] {
  const number = (value: string): number => {
    if (value.trim() === '' || !Number.isFinite(Number(value))) throw new InvalidArgumentError('It takes a number.');
    return Number(value);
  };
  return [
    new Option('-o, --output <path>', 'result: a file, or a folder for several inputs'),
    new Option('-m, --model <id>', `catalogue id or checkpoint file; default: ${DEFAULT_MODEL}`),
    new Option('--preset <name>', 'a bundle of model and settings: see upreel presets'),
    new Option('--no-config', 'leave the configuration file out'),
    new Option('--recursive', 'folders: with all that is below them'),
    new Option('--skip-existing', 'pass over inputs whose results are there already').conflicts('overwrite'),
    new Option(
      '--denoise <0..1>',
      'realesr-general-x4v3 (default: fully), DRUNet, FDnCNN: how strongly noise is removed',
    ).argParser(number),
    new Option('--colour <from>', 'colours: the network’s, low frequencies of the source, or its mean (adain)').choices(
      COLOUR_SOURCES,
    ),
    new Option('--onnx-range <range>', 'ONNX files of others: range of samples').choices(['0..1', '0..255', '-1..1']),
    new Option('--onnx-channels <order>', 'ONNX files of others: order of channels').choices(['rgb', 'bgr']),
    new Option('--scale <n>', 'enlarge by this factor instead of the network’s own').argParser(number),
    new Option('--size <WxH>', 'fit inside this size in pixels; 1920x or x1080: one side').conflicts('scale'),
    new Option('--short-side <px>', 'the shorter side in pixels; the other follows')
      .argParser(number)
      .conflicts(['scale', 'size']),
    new Option('--device <name>', 'where the network runs').choices(['auto', ...DEVICE_NAMES]),
    new Option('--precision <name>', 'of a GPU’s arithmetic; auto: float16 where it is right and faster').choices([
      ...networkSettingsSchema.shape.precision.unwrap().options,
    ]),
    new Option('--gpu <n,...>', 'cuda, tensorrt, dml: number of the GPU, or of several to run on at once'),
    new Option('--tta', 'average over eight turned and mirrored copies: a little better, eight times the work'),
    new Option('--tile <px>', 'tile size in source pixels, without its halo').argParser(number),
    new Option('--halo <px>', 'overlap around each tile; default: what the network needs').argParser(number),
    new Option('--memory <size>', 'what upreel may take, for example 800M or 2G; decides the tile'),
    new Option('--sessions <n>', 'networks running at once (CPU, CUDA, TensorRT)').argParser(number).hideHelp(),
    new Option('--threads <n>', 'CPU threads to use; default: all').argParser(number),
    new Option('--overwrite', 'replace results that exist'),
    new Option('--compare', 'pictures: a page beside each result that compares it with its source'),
    new Option('--keep-times', 'the result gets the source’s time of change'),
    new Option('--quality <n>', '0..100, higher is better (docs/presets.md)').argParser(number),
    new Option('--encoder <name>', 'video: encoder, for example libx264, libx265, ffv1'),
    new Option('--no-reuse', 'video: upscale every frame whole, changed or not'),
    new Option('--reuse-threshold <levels>', 'video: changes of up to so many levels (of 255) count as none').argParser(
      number,
    ),
    ...videoFlags(),
    ...jobFlags(),
    new Option('--work-dir <dir>', 'video: where unfinished files live; default: beside the result'),
    new Option('--steady <0..1>', 'video: calm what flickers where the source only jitters by its noise').argParser(
      number,
    ),
    new Option('--segment-seconds <s>', 'video: length of the parts that are finished one by one').argParser(number),
    new Option('--restart', 'video: begin anew instead of going on with what an earlier run has done'),
    new Option('--verify <how>', 'video: how a job that goes on is checked').choices(['sampled', 'full']),
    new Option('--no-space-check', 'video: start even if the disk seems too small'),
    new Option('--stall-seconds <s>', 'when something that does not move is hung').argParser(number).hideHelp(),
    new Option('--format <name>', 'pictures: format of results that have no name by -o; default: png').choices(
      FORMAT_CHOICES,
    ),
    new Option('--strip', 'do not tell in the result how it was made; pictures: nor EXIF, XMP and IPTC'),
    new Option('--effort <how>', 'pictures: how long to try for a smaller file; default: balanced').choices(EFFORTS),
    new Option('--flatten <colour>', 'pictures: put transparent ones on this colour (#rrggbb)'),
    new Option(
      '--max-input-megapixels <n>',
      `pictures: refuse larger ones; default: ${DEFAULT_PICTURE_LIMITS.maxInputMegapixels}`,
    ).argParser(number),
    new Option('--dry-run', 'say what would be done, and write nothing'),
    new Option('--json', 'one JSON object per line on standard output'),
    new Option('--no-tui', 'plain lines instead of the live view'),
    new Option('--no-bell', 'do not ring or notify when a job ends'),
    new Option('--foreground', 'stay attached until the work is done, for scripts'),
    new Option('--verbose', 'show the causes of errors'),
  ];
}

const pictureShape = pictureSettingsSchema.unwrap().shape;

const flagsSchema = z.object({
  output: z.string().min(1).optional(),
  model: z.string().min(1).default(DEFAULT_MODEL),
  preset: z.string().min(1).optional(),
  recursive: z.boolean().default(false),
  skipExisting: z.boolean().default(false),
  denoise: networkSettingsSchema.shape.denoise.unwrap().optional(),
  colour: networkSettingsSchema.shape.colour,
  onnxRange: networkSettingsSchema.shape.onnxRange.unwrap().optional(),
  onnxChannels: networkSettingsSchema.shape.onnxChannels.unwrap().optional(),
  scale: z.number().gt(0).max(64).optional(),
  size: z
    .string()
    .regex(/^(\d{1,6}x\d{0,6}|x\d{1,6})$/, 'a size such as 1920x1080, or one side: 1920x, x1080')
    .optional(),
  shortSide: z.int().min(1).max(999_999).optional(),
  device: networkSettingsSchema.shape.device.default('auto'),
  precision: networkSettingsSchema.shape.precision,
  gpu: z
    .string()
    .regex(/^\d{1,2}(,\d{1,2})*$/, 'numbers such as 0 or 0,1')
    .transform((text) => [...new Set(text.split(',').map(Number))])
    .default([]),
  tta: z.boolean().default(false),
  tile: networkSettingsSchema.shape.tilePx.optional(),
  halo: networkSettingsSchema.shape.haloPx.optional(),
  memory: z
    .string()
    .regex(/^\d+(\.\d+)?\s*[MG]i?B?$/i, 'a size such as 800M or 2G')
    .transform(parseSize)
    .refine((bytes) => bytes >= 1e8, 'at least 100M')
    .optional(),
  sessions: networkSettingsSchema.shape.sessions.optional(),
  threads: networkSettingsSchema.shape.threads.optional(),
  overwrite: z.boolean().default(false),
  keepTimes: z.boolean().default(false),
  compare: z.boolean().default(false),
  quality: pictureShape.quality.unwrap().unwrap().optional(),
  encoder: z.string().min(1).optional(),
  reuse: z.boolean().default(true),
  reuseThreshold: z.number().min(0).max(64).optional(),
  ...videoFlagShape,
  ...jobFlagShape,
  workDir: z.string().min(1).optional(),
  steady: z.number().min(0).max(1).optional(),
  segmentSeconds: z.number().min(0.1).max(3600).optional(),
  restart: z.boolean().default(false),
  verify: z.enum(['sampled', 'full']).optional(),
  spaceCheck: z.boolean().default(true),
  stallSeconds: z.number().min(1).max(86_400).optional(),
  format: pictureShape.format.unwrap().unwrap().optional(),
  strip: z.boolean().default(false),
  effort: pictureShape.effort,
  flatten: pictureShape.flatten.unwrap().unwrap().optional(),
  maxInputMegapixels: pictureShape.maxInputMegapixels,
  dryRun: z.boolean().default(false),
  json: z.boolean().default(false),
  tui: z.boolean().default(true),
  foreground: z.boolean().default(false),
  verbose: z.boolean().default(false),
});

export type UpscaleFlags = Readonly<z.infer<typeof flagsSchema>>;

/** @throws UpreelError `usage`, naming the flag, what it takes and what it got. */
export function parseUpscaleFlags(raw: Record<string, unknown>): UpscaleFlags {
  const parsed = flagsSchema.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  const issue = parsed.error.issues[0]!;
  const name = String(issue.path[0]);
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UpreelError('usage', `${flag} cannot be ${JSON.stringify(raw[name])}: ${issue.message}.`, {
    hint: 'See upreel --help.',
  });
}

export function networkSettings(flags: UpscaleFlags): NetworkSettings {
  return {
    model: flags.model,
    denoise: flags.denoise ?? null,
    colour: flags.colour,
    onnxRange: flags.onnxRange ?? null,
    onnxChannels: flags.onnxChannels ?? null,
    device: flags.device,
    precision: flags.precision,
    gpus: flags.gpu,
    ensemble: flags.tta,
    tilePx: flags.tile ?? null,
    haloPx: flags.halo ?? null,
    sessions: flags.sessions ?? null,
    threads: flags.threads ?? null,
    memoryBytes: flags.memory ?? null,
  };
}

/** For what tells how a result was made. */
export function presetOf({ preset }: UpscaleFlags): string | null {
  return preset === undefined || preset === NO_PRESET ? null : preset;
}

/** Decimal units unless written MiB or GiB. */
function parseSize(text: string): number {
  const [, number, unit, binary] = /^([\d.]+)\s*([MG])(i?)/i.exec(text)!;
  const base = binary ? 1024 : 1000;
  return Math.floor(Number(number) * base ** (unit!.toUpperCase() === 'M' ? 2 : 3));
}

/** @throws UpreelError `usage` for a side of no length. */
export function targetOf({ scale, size, shortSide }: UpscaleFlags): Target {
  if (scale !== undefined) return { kind: 'scale', scale };
  if (shortSide !== undefined) return { kind: 'side', side: 'short', px: shortSide };
  if (size === undefined) return { kind: 'native' };
  const [width, height] = size.split('x').map((side) => (side === '' ? null : Number(side)));
  if (width === 0 || height === 0) {
    throw new UpreelError('usage', `--size cannot be ${size}: a side must be at least 1.`, {
      hint: 'For example 1920x1080; 1920x or x1080 leave the other side to the shape.',
    });
  }
  if (width && height) return { kind: 'size', size: { width, height } };
  return width ? { kind: 'side', side: 'width', px: width } : { kind: 'side', side: 'height', px: height! };
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { writePlainPng } from '../../core/codec/index.ts';
import { DEVICE_NAMES } from '../../core/device-name.ts';
import { asUpreelError, toErrorRecord, UpreelError } from '../../core/errors.ts';
import { readCatalogue } from '../../core/model/catalogue.ts';
import { type Raster, samplesOf } from '../../core/pixels/raster.ts';
import type { NetworkSettings } from '../../core/upscaler/network-settings.ts';
import { chooseDevice, type RgbPixels, tryNetwork } from '../../engine/index.ts';
import { chooseLook, safeText } from '../../tui/index.ts';
import { readVideoFrame, type VideoFrame } from '../../video/index.ts';
import { checkOutputPlace } from '../compare/compare-outputs.ts';
import { errorText } from '../error-text.ts';
import { parseTrim } from '../flags/video-options.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { openLineWriter } from '../report/report-lines.ts';
import { modelAttempt, type PreviewAttempt, presetAttempt } from './preview-attempts.ts';
import { writePreviewPage } from './preview-page.ts';
import { showTrials } from './preview-pictures.ts';
import { type ModelTrial, previewTable } from './preview-text.ts';

interface PreviewFlags {
  readonly at: string;
  readonly models?: string;
  readonly presets?: string;
  readonly output?: string;
  readonly html?: string;
  readonly overwrite?: boolean;
  readonly device: string;
  readonly zoom: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** `upreel preview VIDEO --at T`: models side by side on one frame, and how long the whole would take with each. */
export function addPreviewCommand(program: Command): void {
  program
    .command('preview <video>')
    .description('try models on one frame of a video, and tell how long the whole would take with each')
    .option('--at <time>', 'which frame, for example 00:01:23', '0')
    .option('--models <ids>', 'ids or files, with commas between; default: the models for video, and the default one')
    .option('--presets <names>', 'presets to try, with commas between, each with what it does to the frame before')
    .option('-o, --output <dir>', 'write the frame and what each model makes of it as PNG')
    .option('--html <file>', 'write one page that shows them, with the time for each, to be opened in a browser')
    .option('--overwrite', 'replace a page that exists')
    .option('--device <name>', `auto, ${DEVICE_NAMES.join(', ')}`, 'auto')
    .option('--zoom <n>', 'show only the middle, enlarged: 1, 2, 4 or 8', '1')
    .option('--json', 'one JSON object per line on standard output')
    .option('--verbose', 'show the causes of errors')
    .action(async (video: string, _: unknown, command: Command) => {
      // The root has an --overwrite and others, too, and takes them when they come first.
      process.exitCode = await preview(video, command.optsWithGlobals<PreviewFlags>());
    });
}

async function preview(video: string, flags: PreviewFlags): Promise<number> {
  const interruption = listenForInterrupts();
  // There is nothing to drain: the first Ctrl-C ends it.
  const signal = AbortSignal.any([interruption.signal, interruption.drain]);
  const out = openLineWriter(process.stdout);
  const tell = (record: object) => flags.json && out.write(`${JSON.stringify({ v: 1, ...record })}\n`);
  try {
    const trials = await tryModels(video, flags, signal, tell);
    const failed = trials.flatMap((trial) => ('error' in trial ? [trial.error] : []));
    const [first] = failed;
    const code = first === undefined ? 0 : failed.length < trials.length ? 9 : trials.length === 1 ? first.exitCode : 9;
    tell({ type: 'exit', code });
    return code;
  } catch (error) {
    const failure = asUpreelError(signal.aborted ? signal.reason : error);
    const { code, message, hint } = toErrorRecord(failure);
    tell({ type: 'exit', code: failure.exitCode, error: { code, message, hint } });
    process.stderr.write(errorText(toErrorRecord(failure), { verbose: flags.verbose === true }));
    return failure.exitCode;
  } finally {
    interruption.dispose();
    await out.flush();
  }
}

async function tryModels(
  video: string,
  flags: PreviewFlags,
  signal: AbortSignal,
  tell: (record: object) => void,
): Promise<readonly ModelTrial[]> {
  const { at, zoom, models, presets } = parseFlags(flags);
  const device = flags.device as NetworkSettings['device'];
  const ofPresets: PreviewAttempt[] = [];
  for (const preset of presets) ofPresets.push(await presetAttempt(preset, device, { video, at, signal }));
  const look = chooseLook(process.env, process.platform);
  const overwrite = flags.overwrite === true;
  if (flags.html !== undefined) await checkOutputPlace(flags.html, [video], overwrite);
  const frame = await readVideoFrame(video, at, signal);
  const before = toRgb8(frame.raster);
  if (flags.output !== undefined) {
    await makeFolder(flags.output);
    await writePng(before, join(flags.output, `${frameName(frame)}.png`));
  }
  const trials: ModelTrial[] = [];
  const ofModels = models.map((model) => modelAttempt(model, device, frame));
  for (const attempt of [...ofModels, ...ofPresets]) {
    const { name: model } = attempt;
    say(`upreel: ${safeText(model, { charset: look.charset })}: trying`, flags);
    const trial = await tryOnFrame(attempt, signal);
    trials.push(trial);
    if ('error' in trial) {
      process.stderr.write(errorText(toErrorRecord(trial.error), { verbose: flags.verbose === true }));
      const { code, message, hint } = toErrorRecord(trial.error);
      tell({ type: 'preview-failed', model, error: { code, message, hint } });
      continue;
    }
    const png = flags.output === undefined ? null : join(flags.output, `${frameName(frame)}.${fileName(model)}.png`);
    if (png !== null) await writePng(trial.result, png);
    const { width, height } = trial.result;
    tell({
      type: 'preview',
      model,
      device: trial.device,
      frame: frame.index,
      framesTotal: trial.framesTotal,
      ...{
        target: { width, height },
        secondsPerFrame: trial.seconds,
        estimatedSeconds: trial.seconds * trial.framesTotal,
      },
      ...(png === null ? {} : { png }),
    });
  }
  if (flags.html !== undefined) {
    const { bytes } = await writePreviewPage(flags.html, { video, frame, before }, trials, { overwrite, signal });
    tell({ type: 'written', path: flags.html, bytes });
    say(`upreel: ${safeText(flags.html, { charset: look.charset })}: to be opened in a browser`, flags);
  }
  if (flags.json) return trials;
  if (process.stdout.isTTY) await showTrials(before, trials, { zoom, look });
  process.stdout.write(previewTable(video, frame, before, trials, look));
  return trials;
}

async function tryOnFrame({ name, settings, readFrame }: PreviewAttempt, signal: AbortSignal): Promise<ModelTrial> {
  try {
    const { raster, framesTotal } = await readFrame();
    const context = { signal, onEvent: () => undefined };
    const { device, precision } = await chooseDevice(settings, context);
    const before = toRgb8(raster);
    return {
      model: name,
      before,
      framesTotal,
      ...(await tryNetwork(before, { ...settings, device, precision }, context)),
    };
  } catch (error) {
    if (signal.aborted) throw error;
    return { model: name, error: asUpreelError(error) };
  }
}

function parseFlags(flags: PreviewFlags): {
  at: number;
  zoom: 1 | 2 | 4 | 8;
  models: readonly string[];
  presets: readonly string[];
} {
  const zoom = ([1, 2, 4, 8] as const).find((known) => String(known) === flags.zoom);
  if (zoom === undefined) throw usage(`--zoom takes 1, 2, 4 or 8, got ${JSON.stringify(flags.zoom)}.`);
  const isTime = /^(\d+:){0,2}\d+(\.\d+)?$/.test(flags.at);
  if (!isTime) throw usage(`--at takes a time such as 00:01:23 or 83.5, got ${JSON.stringify(flags.at)}.`);
  if (flags.device !== 'auto' && !DEVICE_NAMES.some((name) => name === flags.device)) {
    throw usage(`--device takes auto, ${DEVICE_NAMES.join(', ')}, got ${JSON.stringify(flags.device)}.`);
  }
  const [models, presets] = [listed(flags.models), listed(flags.presets)];
  return {
    at: parseTrim(`${flags.at}-`)?.startSeconds ?? 0,
    zoom,
    models: models.length + presets.length > 0 ? models : usualModels(),
    presets,
  };
}

function listed(names = ''): readonly string[] {
  return [...new Set(names.split(',').map((name) => name.trim()))].filter((name) => name !== '');
}

/** Those that are made for video, and what is taken without -m. */
function usualModels(): readonly string[] {
  const catalogue = readCatalogue();
  const forVideo = catalogue.models.filter(({ id }) => id.includes('video')).map(({ id }) => id);
  return [...new Set([...forVideo, catalogue.default])];
}

function toRgb8(raster: Raster): RgbPixels {
  const { width, height, channels, bytesPerSample, data } = raster;
  if (channels === 3 && bytesPerSample === 1) return { width, height, rgb: data };
  const samples = samplesOf(raster);
  const shift = bytesPerSample === 1 ? 0 : 8;
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < rgb.length; at++) rgb[at] = samples[channels === 3 ? at : Math.floor(at / 3)]! >> shift;
  return { width, height, rgb };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new UpreelError('output-unwritable', `Cannot make the folder ${folder}.`, {
      hint: 'Choose another one with -o.',
      cause,
    });
  }
}

async function writePng({ width, height, rgb }: RgbPixels, path: string): Promise<void> {
  await writePlainPng(path, { width, height, channels: 3, bytesPerSample: 1, data: new Uint8Array(rgb) }, true);
}

function frameName({ index }: VideoFrame): string {
  return `frame-${String(index + 1).padStart(6, '0')}`;
}

/** A model may be the path of a file. */
function fileName(model: string): string {
  return (model.split(/[/\\]/).at(-1) ?? model).replace(/[^\w.+-]/g, '_');
}

function say(line: string, flags: PreviewFlags): void {
  if (!flags.json) process.stderr.write(`${line}\n`);
}

function usage(message: string): UpreelError {
  return new UpreelError('usage', message, { hint: 'See upreel preview --help.' });
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createPicture, NO_METADATA } from '../core/codec/index.ts';
import type { Raster } from '../core/pixels/raster.ts';
import { type Comparison, comparePages, summarise } from './compare.ts';
import { enlarge, KERNELS, type KernelName, shrink } from './imresize.ts';
import { niqeOf } from './niqe/niqe.ts';
import type { LumaRounding } from './plane.ts';
import { findTruths, readColour, readTruth, type Truth } from './truth.ts';

export interface PictureScore {
  /** The file's name. */
  readonly picture: string;
  /** dB; null: the result equals the picture. */
  readonly psnrY: number | null;
  /** null: smaller than the window of SSIM. */
  readonly ssimY: number | null;
  /** Lower looks more natural; null: smaller than a block of NIQE. */
  readonly niqe: number | null;
  /** Of the picture itself. */
  readonly niqeOriginal: number | null;
  /** What enlarging it took. */
  readonly seconds: number;
}

export interface Score {
  readonly model: string;
  readonly pictures: number;
  /** Mean in dB over the pictures whose results differ from them; null: none does. */
  readonly psnrY: number | null;
  /** How many results equal their pictures: no number of decibels, and not in the mean. */
  readonly equal: number;
  /** Mean over the pictures that are not smaller than the window; null: all are. */
  readonly ssimY: number | null;
  /** Means over the pictures that are not smaller than a block; null: all are. */
  readonly niqe: number | null;
  readonly niqeOriginal: number | null;
  /** Of all pictures together, for a megapixel (1,000,000 pixels) of the results. */
  readonly secondsPerMegapixel: number;
  /** The most that the process with the network took; null: it is not known. */
  readonly peakBytes: number | null;
  readonly each: readonly PictureScore[];
}

export interface Evaluation {
  /** Folder of full-size pictures (the ground truth). */
  readonly folder: string;
  /** A whole number from 2; as many pixels of border are left out. */
  readonly scale: number;
  readonly luma: LumaRounding;
  /** Model ids, or the name of a kernel for plain resampling. */
  readonly models: readonly string[];
  /** Upscales a file with a model by exactly `scale`. */
  readonly upscale: (input: string, output: string, model: string) => Promise<UpscaleCost>;
  /** Gets each full-size picture once (model and numbers are null), and what each model makes of it. */
  readonly show?: (shown: ShownResult) => Promise<void>;
  readonly onNote: (sentence: string) => void;
  /** Ends it before the next picture. */
  readonly signal?: AbortSignal;
}

export interface UpscaleCost {
  readonly seconds: number;
  readonly peakBytes: number | null;
}

export interface ShownResult {
  /** Of the full-size picture, from 0. */
  readonly index: number;
  readonly path: string;
  readonly raster: Raster;
  readonly model: string | null;
  readonly numbers: Comparison | null;
  readonly niqe: number | null;
  readonly seconds: number | null;
}

/** Whether a model's name means plain resampling; a file of that name is meant by a path, `./bicubic`. */
export function isBaseline(model: string): model is KernelName {
  return Object.hasOwn(KERNELS, model);
}

/**
 * Scores models as the papers do: each picture is cut to a multiple of the scale, shrunk as MATLAB's imresize does it,
 * enlarged again by the model, and compared on luma without its border. Yields each model's score when it is known.
 * @throws UpreelError `usage` for a folder without pictures or with one that is too small, and what the upscaling
 * throws.
 */
export async function* evaluate(evaluation: Evaluation): AsyncIterable<Score> {
  const { folder, scale, models, onNote } = evaluation;
  const truths = await findTruths(folder, { scale, border: scale });
  for (const note of truths.flatMap(({ notes }) => notes)) onNote(note);
  const scratch = await mkdtemp(join(tmpdir(), 'upreel-eval-'));
  try {
    // Of each original once, not with each model again.
    const originals: (number | null)[] = [];
    for (const [index, model] of models.entries()) {
      const scored: ScoredPicture[] = [];
      for (const [at, truth] of truths.entries()) {
        evaluation.signal?.throwIfAborted();
        scored.push(
          await scorePicture(truth, model, scratch, evaluation, { index: at, isFirst: index === 0, originals }),
        );
      }
      yield meanOf(model, scored);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface ScoredPicture extends PictureScore {
  readonly pixels: number;
  readonly peakBytes: number | null;
}

async function scorePicture(
  truth: Truth,
  model: string,
  scratch: string,
  { scale, luma, upscale, show }: Evaluation,
  {
    index,
    isFirst,
    originals,
  }: { readonly index: number; readonly isFirst: boolean; readonly originals: (number | null)[] },
): Promise<ScoredPicture> {
  const large = await readTruth(truth, scale);
  const small = shrink(large, scale);
  const { result, seconds, peakBytes } = isBaseline(model)
    ? resampled(small, scale, model)
    : await enlargeFile(small, model, scratch, upscale);
  const pages = [large, result].map((colour) => ({ colour, alpha: null }));
  const measuring = { border: scale, luma };
  const numbers = summarise([comparePages(pages[0]!, pages[1]!, measuring)]);
  const { path } = truth;
  if (isFirst) {
    originals.push(await niqeOf(large, measuring));
    await show?.({ index, path, raster: large, model: null, numbers: null, niqe: originals[index]!, seconds: null });
  }
  const niqe = await niqeOf(result, measuring);
  await show?.({ index, path, raster: result, model, numbers, niqe, seconds });
  const { psnrY, ssimY } = numbers;
  const natural = { niqe, niqeOriginal: originals[index]! };
  return { picture: basename(path), psnrY, ssimY, ...natural, seconds, pixels: large.width * large.height, peakBytes };
}

function resampled(small: Raster, scale: number, kernel: KernelName) {
  const started = performance.now();
  const result = enlarge(small, scale, kernel);
  return { result, seconds: (performance.now() - started) / 1000, peakBytes: null };
}

async function enlargeFile(
  small: Raster,
  model: string,
  scratch: string,
  upscale: Evaluation['upscale'],
): Promise<UpscaleCost & { readonly result: Raster }> {
  const [input, output] = [join(scratch, 'small.png'), join(scratch, 'large.png')];
  await writeRaster(small, input);
  const cost = await upscale(input, output, model);
  return { ...cost, result: await readColour(output) };
}

async function writeRaster(raster: Raster, path: string): Promise<void> {
  const { width, height, channels, bytesPerSample } = raster;
  const sink = await createPicture(path, {
    pages: [{ width, height, resizeTo: null }],
    channels,
    bytesPerSample,
    alpha: false,
    format: 'png',
    ...{
      quality: null,
      effort: 'fast',
      lossless: true,
      metadata: NO_METADATA,
      strip: true,
      made: null,
      flatten: null,
      overwrite: true,
    },
  });
  await sink.writeRows({ colour: raster, alpha: null });
  await sink.finish();
}

function meanOf(model: string, scored: readonly ScoredPicture[]): Score {
  const decibels = scored.flatMap(({ psnrY }) => psnrY ?? []);
  const similarities = scored.flatMap(({ ssimY }) => ssimY ?? []);
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : total(values) / values.length;
  const peaks = scored.flatMap(({ peakBytes }) => peakBytes ?? []);
  const megapixels = total(scored.map(({ pixels }) => pixels)) / 1e6;
  return {
    model,
    pictures: scored.length,
    psnrY: mean(decibels),
    equal: scored.length - decibels.length,
    ssimY: mean(similarities),
    niqe: mean(scored.flatMap(({ niqe }) => niqe ?? [])),
    niqeOriginal: mean(scored.flatMap(({ niqeOriginal }) => niqeOriginal ?? [])),
    secondsPerMegapixel: total(scored.map(({ seconds }) => seconds)) / megapixels,
    peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
    each: scored.map(({ pixels: _, peakBytes: __, ...picture }) => picture),
  };
}

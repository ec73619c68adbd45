import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { UpreelError } from '../../core/errors.ts';
import { runFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { probeVideo } from '../../video/index.ts';
import { isBaseline, type UpscaleCost } from '../evaluate.ts';
import type { KernelName } from '../imresize.ts';
import { type FilmSource, resizePlan } from './film-plans.ts';
import { measureFlicker, measurePsnr } from './measure-films.ts';

interface OneFilmScore {
  /** The file's name. */
  readonly film: string;
  readonly frames: number;
  /** dB of RGB, mean of the frames that differ; null: none does. */
  readonly psnr: number | null;
  /**
   * Mean change from frame to frame where the shrunk film stands still, over the same of that film enlarged by bicubic;
   * null: nothing stands still, or what does changes nowhere.
   */
  readonly flicker: number | null;
  /** Part of all samples that was found to stand still. */
  readonly stillShare: number;
  readonly seconds: number;
}

export interface FilmScore {
  readonly model: string;
  readonly films: number;
  /** Of all films together. */
  readonly frames: number;
  /** Means over the films that have a number. */
  readonly psnr: number | null;
  readonly flicker: number | null;
  /** Of all frames together, decoding and coding included, for a megapixel (1,000,000 pixels) of the results. */
  readonly secondsPerMegapixel: number;
  readonly peakBytes: number | null;
  readonly each: readonly OneFilmScore[];
}

export interface FilmEvaluation {
  /** Full-size films (the ground truth). */
  readonly films: readonly string[];
  /** A whole number from 2. */
  readonly scale: number;
  /** Model ids, or the name of a kernel for plain resampling. */
  readonly models: readonly string[];
  /** Upscales a film with a model by exactly `scale`, without loss. */
  readonly upscale: (input: string, output: string, model: string) => Promise<UpscaleCost>;
  readonly signal: AbortSignal;
}

/** What swscale calls the kernels. */
const SWSCALE: Readonly<Record<KernelName, string>> = { nearest: 'neighbor', bicubic: 'bicubic', lanczos: 'lanczos' };

/**
 * Scores models on films: each is cut to a multiple of the scale, shrunk by bicubic without loss, and enlarged again by
 * the model. PSNR is against the film itself, flicker against the shrunk one. Yields each model's score when it is
 * known.
 * @throws UpreelError `usage` for a film that the scale leaves nothing of; `input-*`; `ffmpeg-missing`; what the
 * upscaling throws.
 */
export async function* evaluateFilms(evaluation: FilmEvaluation): AsyncIterable<FilmScore> {
  const { films, models, scale, signal } = evaluation;
  const scratch = await mkdtemp(join(tmpdir(), 'upreel-eval-'));
  try {
    const pairs: Pair[] = [];
    for (const [index, film] of films.entries()) pairs.push(await shrink(film, scale, scratch, index, signal));
    for (const model of models) {
      const scored: (OneFilmScore & { readonly pixels: number; readonly peakBytes: number | null })[] = [];
      for (const pair of pairs) {
        const output = join(scratch, 'large.mkv');
        const cost = await enlarge(pair, model, output, evaluation);
        const found = await measure(pair, output, scale, signal);
        const { frames } = found;
        const pixels = pair.size.width * pair.size.height * frames;
        scored.push({ film: basename(pair.truth.path), ...found, ...cost, pixels });
      }
      yield sumOf(model, scored);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Pair {
  readonly truth: FilmSource;
  readonly small: FilmSource;
  /** Of the truth as it is scored. */
  readonly size: Size;
}

async function shrink(path: string, scale: number, scratch: string, index: number, signal: AbortSignal): Promise<Pair> {
  const { video } = await probeVideo(path, signal);
  const small = { width: Math.floor(video.size.width / scale), height: Math.floor(video.size.height / scale) };
  if (small.width === 0 || small.height === 0) {
    throw new UpreelError(
      'usage',
      `${path}, ${video.size.width}x${video.size.height}, cannot be shrunk ${scale} times.`,
    );
  }
  const size = { width: small.width * scale, height: small.height * scale };
  const truth = { path, streamIndex: video.index, cut: size };
  const target = join(scratch, `small-${index}.mkv`);
  await runFfmpeg(resizePlan(truth, small, 'bicubic', target), signal);
  return { truth, size, small: { path: target, streamIndex: 0 } };
}

async function enlarge(
  { small, size }: Pair,
  model: string,
  output: string,
  { upscale, signal }: FilmEvaluation,
): Promise<UpscaleCost> {
  if (!isBaseline(model)) return upscale(small.path, output, model);
  const started = performance.now();
  await runFfmpeg(resizePlan(small, size, SWSCALE[model], output), signal);
  return { seconds: (performance.now() - started) / 1000, peakBytes: null };
}

async function measure({ truth, small, size }: Pair, output: string, scale: number, signal: AbortSignal) {
  const result = { path: output, streamIndex: 0 };
  const values = await measurePsnr(truth, result, size, signal);
  const pair = { films: [small, result] as const, size, source: 0 as const, enlargement: scale };
  const { flicker } = await measureFlicker(pair, signal);
  return {
    frames: values.length,
    psnr: mean(values),
    flicker: flicker.ratio,
    stillShare: flicker.stillShare,
  };
}

function sumOf(
  model: string,
  scored: readonly (OneFilmScore & { readonly pixels: number; readonly peakBytes: number | null })[],
): FilmScore {
  const total = (key: 'pixels' | 'frames' | 'seconds') => scored.reduce((sum, one) => sum + one[key], 0);
  const peaks = scored.flatMap(({ peakBytes }) => peakBytes ?? []);
  return {
    model,
    films: scored.length,
    frames: total('frames'),
    psnr: mean(scored.map(({ psnr }) => psnr)),
    flicker: mean(scored.map(({ flicker }) => flicker)),
    secondsPerMegapixel: total('seconds') / (total('pixels') / 1e6),
    peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
    each: scored.map(({ pixels: _, peakBytes: __, ...film }) => film),
  };
}

/** Of those that are numbers; null: none is. */
function mean(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

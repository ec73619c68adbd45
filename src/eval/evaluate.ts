import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createPicture, NO_METADATA } from '../core/codec/index.ts';
import type { Raster } from '../core/pixels/raster.ts';
import { comparePages, summarise } from './compare.ts';
import { enlarge, KERNELS, type KernelName, shrink } from './imresize.ts';
import type { LumaRounding } from './plane.ts';
import { findTruths, readColour, readTruth, type Truth } from './truth.ts';

export interface PictureScore {
  /** The file's name. */
  readonly picture: string;
  /** dB; null: the result equals the picture. */
  readonly psnrY: number | null;
  /** null: smaller than the window of SSIM. */
  readonly ssimY: number | null;
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
  readonly upscale: (input: string, output: string, model: string) => Promise<void>;
  readonly onNote: (sentence: string) => void;
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
    for (const model of models) {
      const each: PictureScore[] = [];
      for (const truth of truths) each.push(await scorePicture(truth, model, scratch, evaluation));
      yield meanOf(model, each);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function scorePicture(
  truth: Truth,
  model: string,
  scratch: string,
  { scale, luma, upscale }: Evaluation,
): Promise<PictureScore> {
  const large = await readTruth(truth, scale);
  const small = shrink(large, scale);
  const result = isBaseline(model) ? enlarge(small, scale, model) : await enlargeFile(small, model, scratch, upscale);
  const pages = [large, result].map((colour) => ({ colour, alpha: null }));
  const { psnrY, ssimY } = summarise([comparePages(pages[0]!, pages[1]!, { border: scale, luma })]);
  return { picture: basename(truth.path), psnrY, ssimY };
}

async function enlargeFile(
  small: Raster,
  model: string,
  scratch: string,
  upscale: Evaluation['upscale'],
): Promise<Raster> {
  const [input, output] = [join(scratch, 'small.png'), join(scratch, 'large.png')];
  await writeRaster(small, input);
  await upscale(input, output, model);
  return readColour(output);
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

function meanOf(model: string, each: readonly PictureScore[]): Score {
  const decibels = each.flatMap(({ psnrY }) => psnrY ?? []);
  const similarities = each.flatMap(({ ssimY }) => ssimY ?? []);
  const mean = (values: number[]): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const equal = each.length - decibels.length;
  return { model, pictures: each.length, psnrY: mean(decibels), equal, ssimY: mean(similarities), each };
}

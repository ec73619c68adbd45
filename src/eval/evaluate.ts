import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createPicture, DEFAULT_PICTURE_LIMITS, NO_METADATA, openPicture } from '../core/codec/index.ts';
import { UpreelError } from '../core/errors.ts';
import { makeRaster, type Raster } from '../core/raster.ts';
import { cropInto } from '../core/rows.ts';
import { bicubic } from './bicubic.ts';
import { compareRasters } from './compare.ts';

export interface Score {
  readonly model: string;
  readonly pictures: number;
  /** Means over the pictures; `scale` pixels of border are left out. */
  readonly psnrY: number | null;
  readonly ssimY: number | null;
}

export interface Evaluation {
  /** Folder of full-size pictures (the ground truth). */
  readonly folder: string;
  readonly scale: number;
  /** Model ids, or "bicubic" for plain resampling. */
  readonly models: readonly string[];
  /** Upscales a file with a model by exactly `scale`. */
  readonly upscale: (input: string, output: string, model: string) => Promise<void>;
  readonly onPicture?: (model: string, picture: string) => void;
}

/**
 * Scores models as the papers do: each picture is cut to a multiple of the scale, shrunk by MATLAB's bicubic, enlarged
 * again by the model, and compared on luma.
 * @throws UpreelError `usage` for a folder without pictures, and what the upscaling throws.
 */
export async function evaluate(evaluation: Evaluation): Promise<readonly Score[]> {
  const pictures = await listPictures(evaluation.folder);
  const scratch = await mkdtemp(join(tmpdir(), 'upreel-eval-'));
  try {
    const scores: Score[] = [];
    for (const model of evaluation.models) scores.push(await scoreModel(model, pictures, scratch, evaluation));
    return scores;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function scoreModel(
  model: string,
  pictures: readonly string[],
  scratch: string,
  { scale, upscale, onPicture }: Evaluation,
): Promise<Score> {
  let psnrSum = 0;
  let ssimSum = 0;
  for (const picture of pictures) {
    onPicture?.(model, picture);
    const truth = cutToMultiple(await readRaster(picture), scale);
    const small = bicubic(truth, 1 / scale);
    const large = model === 'bicubic' ? bicubic(small, scale) : await enlarge(small, model, scratch, upscale);
    const { psnrY, ssimY } = compareRasters(truth, large, scale);
    psnrSum += psnrY ?? Number.NaN;
    ssimSum += ssimY ?? Number.NaN;
  }
  const mean = (sum: number): number | null => (Number.isFinite(sum) ? sum / pictures.length : null);
  return { model, pictures: pictures.length, psnrY: mean(psnrSum), ssimY: mean(ssimSum) };
}

async function enlarge(small: Raster, model: string, scratch: string, upscale: Evaluation['upscale']): Promise<Raster> {
  const [input, output] = [join(scratch, 'small.png'), join(scratch, 'large.png')];
  await writeRaster(small, input);
  await upscale(input, output, model);
  return readRaster(output);
}

const EXTENSIONS = new Set(['.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff', '.avif']);

async function listPictures(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause) => {
    throw new UpreelError('input-missing', `${folder} is not a folder that can be read.`, {
      hint: 'Name a folder of full-size pictures.',
      cause,
    });
  });
  const pictures = names.filter((name) => EXTENSIONS.has(extname(name).toLowerCase())).sort();
  if (pictures.length > 0) return pictures.map((name) => join(folder, name));
  throw new UpreelError('usage', `There is no picture in ${folder}.`, { hint: 'Subfolders are not searched.' });
}

/** The first page's colour. @throws UpreelError as `openPicture` does. */
export async function readRaster(path: string): Promise<Raster> {
  const reader = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  return (await reader.readPage(0)).colour;
}

async function writeRaster(raster: Raster, path: string): Promise<void> {
  const { width, height, channels, bytesPerSample } = raster;
  const sink = await createPicture(path, {
    ...{ pages: [{ width, height, resizeTo: null }], channels, bytesPerSample, alpha: false, format: 'png' },
    ...{
      quality: null,
      effort: 'fast',
      lossless: true,
      metadata: NO_METADATA,
      strip: true,
      flatten: null,
      overwrite: true,
    },
  });
  await sink.writeRows({ colour: raster, alpha: null });
  await sink.finish();
}

function cutToMultiple(raster: Raster, scale: number): Raster {
  const width = Math.floor(raster.width / scale) * scale;
  const height = Math.floor(raster.height / scale) * scale;
  if (width === 0 || height === 0) {
    throw new UpreelError('usage', `A picture of ${raster.width}x${raster.height} cannot be shrunk ${scale} times.`);
  }
  const cut = makeRaster(width, height, raster);
  cropInto(cut.data, raster, { x: 0, y: 0, width, height });
  return cut;
}

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UpreelError } from '../errors.ts';
import { type FfmpegPlan, ProgramError, startFfmpeg } from '../ffmpeg/ffmpeg.ts';
import { bleedColour } from '../pixels/bleed-colour.ts';
import { type Size, sizeText } from '../pixels/geometry.ts';
import { type Raster, samplesOf } from '../pixels/raster.ts';
import { pictureFilters } from './user-filters.ts';

/**
 * Runs ffmpeg's filters over a page, in place. They see full-range Y'CbCr 4:4:4 (Rec. 601): 12 bits of a page of 8, 16
 * of one of 16, and 8 of either where one of them knows no more. What they change is added to the page's own samples,
 * so that what they leave alone stays as it is to the bit, whatever is lost between RGB and Y'CbCr. Transparent pixels
 * get the colour of their neighbours first, and transparency itself is changed by what moves pixels alone.
 * @param filters as `problemOfFilters` has found them right.
 * @throws UpreelError `usage` where ffmpeg does not take them, `ffmpeg-missing`, `input-unsupported` for a page too
 * large.
 */
export async function filterPage(
  page: { readonly colour: Raster; readonly alpha: Raster | null },
  filters: string,
  signal: AbortSignal,
): Promise<void> {
  const { chain, alphaChain } = pictureFilters(filters);
  if (chain === null) return;
  const { colour, alpha } = page;
  refuseHuge(colour);
  if (alpha !== null) await bleedColour(colour, alpha);
  await filterRaster(colour, chain, signal);
  if (alpha !== null && alphaChain !== null) await filterRaster(alpha, alphaChain, signal);
}

/** Sentences on filters that do nothing for a picture. @param filters null: none. */
export function passedOverIn(filters: string | null): readonly string[] {
  if (filters === null) return [];
  return pictureFilters(filters).passedOver.map((name) => `${name} compares frames: pictures are made without it.`);
}

/** libavutil's own limit on the sides of a frame is (width + 128) * (height + 128) * 8 < 2^31. */
function refuseHuge({ width, height }: Size): void {
  if ((width + 128) * (height + 128) < 2 ** 28) return;
  throw new UpreelError(
    'input-unsupported',
    `${sizeText({ width, height })} pixels are more than ffmpeg's filters take, which is 268 megapixels.`,
    { hint: 'Leave --pre out, or enlarge a part of the picture: --crop.' },
  );
}

async function filterRaster(raster: Raster, chain: string, signal: AbortSignal): Promise<void> {
  let planes: Planes;
  try {
    planes = await runFilters(raster, chain, raster.bytesPerSample === 1 ? 12 : 16, signal);
  } catch (error) {
    if (error instanceof UpreelError && error.code === 'ffmpeg-missing') {
      throw new UpreelError('ffmpeg-missing', '--pre needs ffmpeg, which cannot be started.', {
        hint: error.hint,
        cause: error,
      });
    }
    // Not every filter knows so many bits, and ffmpeg's word for that is not its last.
    if (!(error instanceof ProgramError) || error.wasKilled) throw error;
    planes = await runFilters(raster, chain, 8, signal).catch((second: unknown) => {
      throw explain(second, chain);
    });
  }
  addChanges(raster, planes);
}

/** 12 bits hold exactly what an 8-bit picture has; at 16 the median takes four times as long. */
type Depth = 8 | 12 | 16;

/** Y', Cb and Cr of a picture, one after the other. */
interface Planes {
  readonly depth: Depth;
  readonly samples: Uint8Array | Uint16Array;
}

async function runFilters(raster: Raster, chain: string, depth: Depth, signal: AbortSignal): Promise<Planes> {
  const program = startFfmpeg(planFor(raster, chain, depth), signal);
  try {
    const feeding = pipeline(Readable.from(planesOf(raster, depth), { objectMode: false }), program.stdin);
    // How the program ended says more than that it no longer reads.
    feeding.catch(() => {});
    const bytes = new Uint8Array(3 * raster.width * raster.height * bytesOf(depth));
    let filled = 0;
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) {
      bytes.set(chunk.subarray(0, bytes.length - filled), filled);
      filled += chunk.length;
    }
    await program.finished();
    if (filled !== bytes.length) throw notOneFrame(chain);
    return { depth, samples: samplesOf({ data: bytes, bytesPerSample: bytesOf(depth) }) };
  } finally {
    await program.stop();
  }
}

/** Formats are never converted between filters: where one does not know this one, ffmpeg fails. */
function planFor({ width, height }: Size, chain: string, depth: Depth): FfmpegPlan {
  const format = ['-f', 'rawvideo', '-pix_fmt', depth === 8 ? 'yuv444p' : `yuv444p${depth}le`];
  return {
    inputs: [
      {
        options: ['-noauto_conversion_filters', ...format, '-video_size', sizeText({ width, height })],
        source: 'pipe:0',
      },
    ],
    output: { options: ['-vf', chain, '-frames:v', '1', ...format], target: 'pipe:1' },
  };
}

function bytesOf(depth: Depth): 1 | 2 {
  return depth === 8 ? 1 : 2;
}

function* planesOf(raster: Raster, depth: Depth): Generator<Uint8Array> {
  const samples = samplesOf(raster);
  const read = readerOf(raster, depth);
  const count = raster.width * raster.height;
  for (const part of [0, 1, 2] as const) {
    for (let from = 0; from < count; from += CHUNK_PIXELS) {
      const to = Math.min(count, from + CHUNK_PIXELS);
      const chunk = bytesOf(depth) === 1 ? new Uint8Array(to - from) : new Uint16Array(to - from);
      for (let at = from; at < to; at++) chunk[at - from] = read(samples, at, part);
      yield new Uint8Array(chunk.buffer);
    }
  }
}

const CHUNK_PIXELS = 2 ** 18;

/** One sample of Y'CbCr of one pixel, in levels of `depth` bits. */
function readerOf({ channels, bytesPerSample }: Raster, depth: Depth) {
  const most = 2 ** depth - 1;
  const scale = most / (2 ** (8 * bytesPerSample) - 1);
  const middle = 2 ** (depth - 1);
  return (samples: Uint8Array | Uint16Array, pixel: number, part: 0 | 1 | 2): number => {
    if (channels === 1) return part === 0 ? Math.round(samples[pixel]! * scale) : middle;
    const [red, green, blue] = [samples[3 * pixel]!, samples[3 * pixel + 1]!, samples[3 * pixel + 2]!];
    const luma = RED * red + GREEN * green + BLUE * blue;
    if (part === 0) return Math.round(luma * scale);
    const chroma = part === 1 ? (blue - luma) / BLUE_RANGE : (red - luma) / RED_RANGE;
    return Math.min(most, Math.round(chroma * scale) + middle);
  };
}

/** Rec. ITU-R BT.601-7, 2.5: luma from gamma-corrected colours, and the ranges of the colour differences. */
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114];
const [RED_RANGE, BLUE_RANGE] = [2 * (1 - RED), 2 * (1 - BLUE)];

function addChanges(raster: Raster, planes: Planes): void {
  const { channels } = raster;
  const { samples: found, depth } = planes;
  const samples = samplesOf(raster);
  const read = readerOf(raster, depth);
  const most = 2 ** (8 * raster.bytesPerSample) - 1;
  const scale = most / (2 ** depth - 1);
  const count = raster.width * raster.height;
  const store = (at: number, change: number): void => {
    samples[at] = Math.min(most, Math.max(0, Math.round(samples[at]! + change * scale)));
  };
  for (let pixel = 0; pixel < count; pixel++) {
    const luma = found[pixel]! - read(samples, pixel, 0);
    if (channels === 1) {
      store(pixel, luma);
      continue;
    }
    const blue = (found[count + pixel]! - read(samples, pixel, 1)) * BLUE_RANGE;
    const red = (found[2 * count + pixel]! - read(samples, pixel, 2)) * RED_RANGE;
    store(3 * pixel, luma + red);
    store(3 * pixel + 1, luma - (RED * red + BLUE * blue) / GREEN);
    store(3 * pixel + 2, luma + blue);
  }
}

function explain(error: unknown, chain: string): unknown {
  if (!(error instanceof ProgramError) || error.wasKilled) return error;
  return new UpreelError('usage', `ffmpeg does not take --pre ${JSON.stringify(chain)}: ${reasonIn(error.lines)}.`, {
    hint: 'ffmpeg -h filter=NAME prints the options of a filter.',
    cause: error,
  });
}

/** The first complaint is about the filter, the later ones about what follows from it. */
function reasonIn(lines: readonly string[]): string {
  const first = lines[0] ?? 'it wrote no message';
  return first.replace(/^(\[[^\]]*\] )+/, '').replace(/\.$/, '');
}

function notOneFrame(chain: string): UpreelError {
  return new UpreelError('usage', `The filters ${JSON.stringify(chain)} do not give a picture of the source's size.`, {
    hint: 'Leave out of --pre what changes the size.',
  });
}

import { joinAlpha, openResampler, type Resampler, resamplePixels, splitAlpha } from '../codec/index.ts';
import { dequantise, type FloatSpan, quantise, spanOf } from '../pixels/float-samples.ts';
import { type Size, scaleSize } from '../pixels/geometry.ts';
import { type Raster, samplesOf } from '../pixels/raster.ts';
import { type PageContext, upscalePage } from './upscale-page.ts';

/** How interleaved pixels lie in memory: rows tightly packed from the top, the machine's byte order, alpha last. */
export interface PixelLayout {
  /** Gray, gray and alpha, RGB, RGBA; alpha not multiplied into the colour. */
  readonly channels: 1 | 2 | 3 | 4;
  /** 0..255, 0..65535, or nominally 0..1. */
  readonly depth: 'u8' | 'u16' | 'f32';
}

export interface PixelWork extends PixelLayout {
  readonly source: Size;
  readonly target: Size;
  /** 1: the network's result; less: blended with the source resampled to the same size. */
  readonly strength: number;
}

export type PixelContext = Pick<PageContext, 'upscaler' | 'signal' | 'onTile' | 'onPasses'>;

export const SAMPLE_BYTES = { u8: 1, u16: 2, f32: 4 } as const;

export function pixelBytes({ width, height }: Size, { channels, depth }: PixelLayout): number {
  return width * height * channels * SAMPLE_BYTES[depth];
}

/**
 * Upscales pixels that come from no file. With 8 and 16 bits the result has the pixels that `upscaleImageFile` would
 * write; floats go through 16 bits.
 * @yields whole rows of the target from top to bottom, in the layout of the source
 */
export async function* upscalePixels(
  pixels: Uint8Array<ArrayBuffer>,
  work: PixelWork,
  context: PixelContext,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const { channels, depth } = work;
  if (depth !== 'f32') {
    yield* upscaleIntegers(pixels, { ...work, bytesPerSample: SAMPLE_BYTES[depth] }, context);
    return;
  }
  const floats = new Float32Array(pixels.buffer, pixels.byteOffset, pixels.byteLength / 4);
  const span: FloatSpan = spanOf(floats, channels);
  const quantised = bytesOf(quantise(floats, channels, span));
  for await (const rows of upscaleIntegers(quantised, { ...work, bytesPerSample: 2 }, context)) {
    yield bytesOf(dequantise(new Uint16Array(rows.buffer, rows.byteOffset, rows.byteLength / 2), channels, span));
  }
}

type IntegerWork = PixelWork & { readonly bytesPerSample: 1 | 2 };

async function* upscaleIntegers(
  pixels: Uint8Array<ArrayBuffer>,
  work: IntegerWork,
  context: PixelContext,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const plain = work.strength < 1 ? await resamplePixels(pixels, work.source, layoutOf(work), work.target) : null;
  if (plain !== null && work.strength === 0) {
    yield plain;
    return;
  }
  let offset = 0;
  for await (const rows of atTargetSize(pixels, work, context)) {
    if (plain !== null) {
      blend(rows, plain.subarray(offset, offset + rows.byteLength), work);
      offset += rows.byteLength;
    }
    yield rows;
  }
}

async function* atTargetSize(
  pixels: Uint8Array<ArrayBuffer>,
  work: IntegerWork,
  context: PixelContext,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const natural = scaleSize(work.source, context.upscaler.scale);
  const resampler = sameSize(natural, work.target) ? null : await openResampler(natural, layoutOf(work), work.target);
  try {
    for await (const rows of naturalRows(pixels, work, context)) {
      if (resampler === null) yield rows;
      else await resampler.write(rows);
    }
    if (resampler !== null) yield* finished(resampler, context.signal);
  } finally {
    await resampler?.discard();
  }
}

async function* finished(resampler: Resampler, signal: AbortSignal): AsyncIterable<Uint8Array<ArrayBuffer>> {
  signal.throwIfAborted();
  yield await resampler.finish();
}

async function* naturalRows(
  pixels: Uint8Array<ArrayBuffer>,
  work: IntegerWork,
  context: PixelContext,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  for await (const { colour, alpha } of upscalePage(separate(pixels, work), context)) {
    yield alpha === null ? colour.data : joinAlpha(colour, alpha);
  }
}

function separate(data: Uint8Array<ArrayBuffer>, work: IntegerWork): { colour: Raster; alpha: Raster | null } {
  const { channels: bands, bytesPerSample, source } = work;
  const channels = bands <= 2 ? 1 : 3;
  if (bands === channels) return { colour: { ...source, channels, bytesPerSample, data }, alpha: null };
  return splitAlpha(data, { ...source, bands, channels, bytesPerSample });
}

function layoutOf({ channels, bytesPerSample }: IntegerWork) {
  return { bands: channels, bytesPerSample, alpha: channels === 2 || channels === 4 };
}

/**
 * `rows` becomes strength * rows + (1 - strength) * plain, rounded to the nearest level. Where their alpha differs,
 * colours weigh by it: one that is transparent has no colour to give.
 */
function blend(rows: Uint8Array, plain: Uint8Array, { channels, bytesPerSample, strength }: IntegerWork): void {
  const target = samplesOf({ data: rows, bytesPerSample });
  const other = samplesOf({ data: plain, bytesPerSample });
  const alphaAt = channels === 2 || channels === 4 ? channels - 1 : null;
  for (let pixel = 0; pixel < target.length; pixel += channels) {
    const [ours, theirs] = alphaAt === null ? [1, 1] : [target[pixel + alphaAt]!, other[pixel + alphaAt]!];
    const weight = strength * ours + (1 - strength) * theirs;
    const share = ours === theirs ? strength : (strength * ours) / weight;
    for (let index = pixel; index < pixel + channels; index++) {
      const own = index - pixel === alphaAt ? strength : share;
      target[index] = Math.round(own * target[index]! + (1 - own) * other[index]!);
    }
  }
}

function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function bytesOf(samples: Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Size } from '../geometry.ts';
import { Carrier, type CarrierSamples } from './carrier.ts';
import { openPipeline } from './libvips.ts';
import { resampleRows } from './resample-rows.ts';
import { isOpaque, joinAlpha, splitAlpha } from './samples.ts';
import { Scratch } from './scratch.ts';

/** Takes a picture's finished rows and gives them at another size: the pixels that a file of that size would have. */
export interface Resampler {
  /** Whole rows, interleaved, alpha last. */
  write(rows: Uint8Array): Promise<void>;
  /** Interleaved like the rows, whole. */
  finish(): Promise<Uint8Array<ArrayBuffer>>;
  /** Leaves nothing behind; harmless after `finish`. */
  discard(): Promise<void>;
}

/** Rows beyond this wait in a temporary file. */
const MEMORY_BYTES = 192e6;

export async function openResampler(from: Size, samples: CarrierSamples, to: Size): Promise<Resampler> {
  const scratch = new Scratch(join(tmpdir(), 'pixels'));
  const carrier = await Carrier.create([from], samples, await scratch.name('tif'), MEMORY_BYTES);
  let opaque = true;
  return {
    write: (rows) => {
      opaque &&= !samples.alpha || isOpaque(rows, samples);
      return carrier.write(rows);
    },
    finish: async () => {
      const finished = await carrier.finish();
      const own = !opaque || to.width > from.width || to.height > from.height;
      return own ? await resampleHere(carrier, samples, from, to) : await resample(finished, samples, to);
    },
    async discard() {
      await carrier.discard();
      await scratch.removeAll();
    },
  };
}

/** Resamples interleaved pixels as `openResampler` does. */
export async function resamplePixels(
  pixels: Uint8Array,
  from: Size,
  samples: CarrierSamples,
  to: Size,
): Promise<Uint8Array<ArrayBuffer>> {
  const resampler = await openResampler(from, samples, to);
  try {
    await resampler.write(pixels);
    return await resampler.finish();
  } finally {
    await resampler.discard();
  }
}

async function resample(
  carrier: Buffer | string,
  { bands, bytesPerSample, alpha }: CarrierSamples,
  to: Size,
): Promise<Uint8Array<ArrayBuffer>> {
  const wide = bytesPerSample === 2;
  const gray = bands <= 2;
  // As in decoding: raw output of 8-bit gray would drop the alpha, so it goes through RGB, which has it three times.
  const throughRgb = gray && alpha && !wide;
  const space = gray && !throughRgb ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  const { data, info } = await openPipeline(carrier, {})
    .resize({ ...to, fit: 'fill', kernel: 'lanczos3' })
    .toColourspace(space)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const own = new Uint8Array(data);
  if (!throughRgb) {
    if (info.channels !== bands) throw new Error(`Expected ${bands} channels, got ${info.channels}.`);
    return own;
  }
  const parts = splitAlpha(own, { ...to, bands: info.channels, channels: 1, bytesPerSample });
  return joinAlpha(parts.colour, parts.alpha);
}

/** Where libvips would not do it right. */
async function resampleHere(carrier: Carrier, samples: CarrierSamples, from: Size, to: Size) {
  const whole = new Uint8Array(to.width * to.height * samples.bands * samples.bytesPerSample);
  let at = 0;
  for await (const row of resampleRows(carrier.rows(0), samples, from, to)) {
    whole.set(row, at);
    at += row.length;
  }
  return whole;
}

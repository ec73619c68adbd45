import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Size } from '../../pixels/geometry.ts';
import { Scratch } from '../bytes/scratch.ts';
import { Carrier, type CarrierSamples } from '../carrier.ts';
import { openPipeline } from '../libvips.ts';
import { rawPixels } from '../raw-pixels.ts';
import { isOpaque } from '../samples.ts';
import { resampleRows } from './resample-rows.ts';

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

async function resample(carrier: Buffer | string, samples: CarrierSamples, to: Size): Promise<Uint8Array<ArrayBuffer>> {
  const pipeline = openPipeline(carrier, {}).resize({ ...to, fit: 'fill', kernel: 'lanczos3' });
  return await rawPixels(pipeline, samples, to);
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

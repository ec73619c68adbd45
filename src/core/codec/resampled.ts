import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Size } from '../geometry.ts';
import { Carrier, type CarrierSamples } from './carrier.ts';
import { openPipeline } from './libvips.ts';
import { rawPixels } from './raw-pixels.ts';
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
  return {
    write: (rows) => carrier.write(rows),
    finish: async () => resample(await carrier.finish(), samples, to),
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

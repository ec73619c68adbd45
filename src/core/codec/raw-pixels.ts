import type { Sharp } from 'sharp';
import type { Size } from '../pixels/geometry.ts';
import { openPipeline, whole } from './libvips.ts';
import { joinAlpha, splitAlpha } from './samples.ts';

interface Samples {
  /** 1 to 4; 2 and 4 have alpha. */
  readonly bands: number;
  readonly bytesPerSample: 1 | 2;
}

/** A pipeline's pixels, interleaved, alpha last. @throws Error for another number of bands. */
export async function rawPixels(
  pipeline: Sharp,
  { bands, bytesPerSample }: Samples,
  size: Size,
): Promise<Uint8Array<ArrayBuffer>> {
  const wide = bytesPerSample === 2;
  const gray = bands <= 2;
  // As in decoding: raw output of 8-bit gray would drop the alpha, so it goes through RGB, which has it three times.
  const throughRgb = bands === 2 && !wide;
  const space = gray && !throughRgb ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  const raw = pipeline.toColourspace(space).raw({ depth: wide ? 'ushort' : 'uchar' });
  const { data, info } = await whole(pipeline, raw.toBuffer({ resolveWithObject: true }));
  const own = new Uint8Array(data);
  if (!throughRgb) {
    if (info.channels !== bands) throw new Error(`Expected ${bands} channels, got ${info.channels}.`);
    return own;
  }
  const parts = splitAlpha(own, { ...size, bands: info.channels, channels: 1, bytesPerSample });
  return joinAlpha(parts.colour, parts.alpha);
}

/** A pipeline from such pixels; they are encoded as they are. */
export function pixelPipeline(
  data: Uint8Array<ArrayBuffer>,
  { width, height }: Size,
  { bands, bytesPerSample }: Samples,
): Sharp {
  const samples = bytesPerSample === 1 ? data : new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  const channels = bands as 1 | 2 | 3 | 4;
  const spaces = bands <= 2 ? (['b-w', 'grey16'] as const) : (['srgb', 'rgb16'] as const);
  return openPipeline(samples, { raw: { width, height, channels } }).toColourspace(spaces[bytesPerSample - 1]!);
}

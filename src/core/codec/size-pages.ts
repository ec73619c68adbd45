import type { Rect, Size } from '../geometry.ts';
import { samplesOf } from '../raster.ts';
import { Carrier, type CarrierSamples } from './carrier.ts';
import { levelsOf } from './flatten.ts';
import { placeRows } from './place-rows.ts';
import { resampleRows } from './resample-rows.ts';

/** What becomes of one page's rows. */
export interface PageSizing {
  readonly carried: Size;
  /** What it is resampled to. */
  readonly resized: Size;
  /** What of that is shown, in its pixels; null: just that. */
  readonly canvas: Rect | null;
}

/**
 * Brings a carrier's pages to their sizes where libvips would be wrong: at rims (`resampleRows`), and around a picture in a
 * colour of 16 bits, which it takes times 256. Constant memory, as the carriers themselves.
 * @param carrier finished @param ground colour (#rrggbb) around opaque pictures; null: black, or nothing where there is alpha
 * @param file where the new carrier's pixels go if they are many
 */
export async function sizePages(
  carrier: Carrier,
  samples: CarrierSamples,
  pages: readonly PageSizing[],
  ground: string | null,
  target: { readonly file: string; readonly memoryBytes: number },
): Promise<Carrier> {
  const sizes = pages.map(({ resized, canvas }) => canvas ?? resized);
  const sized = await Carrier.create(sizes, samples, target.file, target.memoryBytes);
  for (const [index, { carried, resized, canvas }] of pages.entries()) {
    const isSame = resized.width === carried.width && resized.height === carried.height;
    const whole = carrier.rows(index);
    const rows = isSame ? oneByOne(whole, carried, samples) : resampleRows(whole, samples, carried, resized);
    const placed = canvas === null ? rows : placeRows(rows, resized, canvas, pixelOf(ground, samples));
    for await (const row of placed) await sized.write(row);
  }
  return sized;
}

async function* oneByOne(
  blocks: AsyncIterable<Uint8Array>,
  { width }: Size,
  { bands, bytesPerSample }: CarrierSamples,
) {
  const rowBytes = width * bands * bytesPerSample;
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += rowBytes) yield block.subarray(at, at + rowBytes);
  }
}

function pixelOf(ground: string | null, { bands, bytesPerSample }: CarrierSamples): Uint8Array {
  const data = new Uint8Array(bands * bytesPerSample);
  if (ground === null) return data;
  const pixel = samplesOf({ data, bytesPerSample });
  pixel.set(
    levelsOf(ground)
      .slice(0, bands)
      .map((level) => level * (bytesPerSample === 1 ? 1 : 257)),
  );
  return data;
}

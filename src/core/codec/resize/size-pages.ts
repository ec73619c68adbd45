import type { Size } from '../../pixels/geometry.ts';
import { samplesOf } from '../../pixels/raster.ts';
import { Carrier, type CarrierSamples } from '../carrier.ts';
import { colourLevels } from '../write/flatten.ts';
import { grows, isPadded, type PagePlan, writtenSize } from '../write/written-layout.ts';
import { placeRows } from './place-rows.ts';
import { resampleRows } from './resample-rows.ts';

/** Whether libvips would not do it right: see `resampleRows` and `sizePages`. @param isOpaque all pixels are */
export function needsSizing(
  pages: readonly PagePlan[],
  { bytesPerSample, alpha }: CarrierSamples,
  ground: string | null,
  isOpaque: boolean,
): boolean {
  const isTinted = bytesPerSample === 2 && ground !== null;
  return pages.some(
    (page) => grows(page) || (alpha && !isOpaque && page.resizeTo !== null) || (isTinted && isPadded(page)),
  );
}

/**
 * Brings a carrier's pages to their sizes where libvips would be wrong: at rims (`resampleRows`), and around a picture
 * in a colour of 16 bits, which it takes times 256. Constant memory, as the carriers themselves.
 * @param carrier finished @param ground colour (#rrggbb) around opaque pictures; null: black, or nothing where there is
 * alpha
 * @param file where the new carrier's pixels go if they are many
 */
export async function sizePages(
  carrier: Carrier,
  samples: CarrierSamples,
  pages: readonly PagePlan[],
  ground: string | null,
  target: { readonly file: string; readonly memoryBytes: number },
): Promise<Carrier> {
  const sized = await Carrier.create(pages.map(writtenSize), samples, target.file, target.memoryBytes);
  for (const [index, { width, height, resizeTo, canvas = null }] of pages.entries()) {
    const carried = { width, height };
    const resized = resizeTo ?? carried;
    const isSame = resized.width === width && resized.height === height;
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
    colourLevels(ground)
      .slice(0, bands)
      .map((level) => level * (bytesPerSample === 1 ? 1 : 257)),
  );
  return data;
}

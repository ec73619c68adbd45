import { makeRaster, type Raster } from '../../core/pixels/raster.ts';
import { cropInto } from '../../core/pixels/rows.ts';
import type { Measuring } from '../compare.ts';
import { channelPlane, lumaPlane } from '../plane.ts';
import { distanceFrom } from './distance.ts';
import { blockFeatures } from './features.ts';
import { pristineModel } from './pristine.ts';
import { halve, normalise } from './scales.ts';

/** Side of a block, and the smallest picture that can be told anything of. */
const BLOCK = 96;
/** Rows beside a row of blocks that its samples depend on, at half the size too. */
const REACH = 10;

/**
 * Natural Image Quality Evaluator (Mittal, Soundararajan and Bovik, "Making a 'completely blind' image quality
 * analyzer", 2013), 0 and up, lower is more like a photograph that nothing happened to. It knows no original. Of luma
 * as the other measures take it; gray pictures as they are. What is left at the right and at the bottom beside whole
 * blocks is not seen.
 * @returns null: there is no block inside the border, or nothing but flat ones.
 */
export async function niqeOf(picture: Raster, { border, luma }: Measuring): Promise<number | null> {
  const columns = Math.floor((picture.width - 2 * border) / BLOCK);
  const rows = Math.floor((picture.height - 2 * border) / BLOCK);
  if (columns < 1 || rows < 1) return null;
  const [width, bottom] = [columns * BLOCK, border + rows * BLOCK];
  const features: number[][] = [];
  // Row by row of blocks, so that large pictures take no more memory than their samples and a few rows.
  for (let row = 0; row < rows; row++) {
    const top = border + row * BLOCK;
    const first = Math.max(border, top - REACH);
    const band = makeRaster(width, Math.min(bottom, top + BLOCK + REACH) - first, picture);
    cropInto(band.data, picture, { x: border, y: first, width, height: band.height });
    const large = picture.channels === 1 ? channelPlane(band, 0) : lumaPlane(band, luma);
    const scales = [large, halve(large)].map(normalise);
    for (let column = 0; column < columns; column++) {
      features.push(
        scales.flatMap((plane, halvings) => {
          const side = BLOCK >> halvings;
          return blockFeatures(plane, column * side, (top - first) >> halvings, side);
        }),
      );
    }
  }
  return distanceFrom(await pristineModel(), features);
}

import type { DecodedPicture, PictureInfo } from '../codec/index.ts';
import { UpreelError } from '../errors.ts';
import type { Rect } from '../pixels/geometry.ts';
import { type Raster, rasterBytes } from '../pixels/raster.ts';
import { cropInto } from '../pixels/rows.ts';

/**
 * What a picture says of itself when only a part of each page is taken. @param crop null: the whole.
 * @throws UpreelError `usage` if a page does not have that part.
 */
export function cropInfo(info: PictureInfo, crop: Rect | null): PictureInfo {
  if (crop === null) return info;
  const { x, y, width, height } = crop;
  const isRect = [x, y].every((it) => it >= 0) && [width, height].every((it) => it >= 1);
  const isInside = info.pages.every((page) => x + width <= page.width && y + height <= page.height);
  if (isRect && isInside && Object.values(crop).every(Number.isInteger)) {
    return { ...info, pages: info.pages.map(() => ({ width, height })) };
  }
  const smallest = info.pages.reduce((a, b) => (b.width * b.height < a.width * a.height ? b : a));
  const which = info.pages.length > 1 ? 'Its smallest page' : 'The picture';
  throw new UpreelError('usage', `--crop ${width}x${height}+${x}+${y} goes beyond ${info.path}.`, {
    hint: `${which} has ${smallest.width}x${smallest.height} pixels, upright.`,
  });
}

/** The part of a page, in the memory that the page had: it is the page's no more. */
export function cropPage(page: DecodedPicture, crop: Rect | null): DecodedPicture {
  if (crop === null) return page;
  const { width, height } = crop;
  const alpha = page.alpha && cropInPlace(page.alpha, crop);
  return { ...page, width, height, colour: cropInPlace(page.colour, crop), alpha };
}

/** Rows move towards the front, so none is overwritten before it has moved. */
function cropInPlace(raster: Raster, crop: Rect): Raster {
  cropInto(raster.data, raster, crop);
  const { width, height } = crop;
  return { ...raster, width, height, data: raster.data.subarray(0, rasterBytes(width, height, raster)) };
}

import { losslessTile } from '../core/codec/index.ts';
import { makeRaster, type Raster } from '../core/pixels/raster.ts';
import { cropInto } from '../core/pixels/rows.ts';
import { halved } from './halve.ts';
import type { PageFile } from './page-file.ts';
import { levelsOf, tileId, tileRect } from './pyramid.ts';

/** A picture as the page shows it: 8 bits, all in memory. */
export interface ShownPicture {
  readonly colour: Raster;
  readonly alpha: Raster | null;
  /** null: sRGB. */
  readonly icc: Uint8Array | null;
}

/** Cuts a picture and its smaller copies into tiles. @param key of the picture, unique in the page */
export async function writeTiles(
  page: PageFile,
  key: number,
  picture: ShownPicture,
  signal: AbortSignal,
): Promise<void> {
  let { colour, alpha } = picture;
  for (const [index, level] of levelsOf(colour).entries()) {
    if (index > 0) ({ colour, alpha } = halved(colour, alpha));
    const places = Array.from({ length: level.rows * level.columns }, (_, at) => {
      return { column: at % level.columns, row: Math.floor(at / level.columns) };
    });
    for (let at = 0; at < places.length; at += TILES_AT_ONCE) {
      signal.throwIfAborted();
      const some = places.slice(at, at + TILES_AT_ONCE);
      const tiles = await Promise.all(
        some.map(({ column, row }) => {
          const cut = (raster: Raster): Raster => cutOut(raster, tileRect(level, column, row));
          return losslessTile(cut(colour), alpha === null ? null : cut(alpha), picture.icc);
        }),
      );
      for (const [one, { column, row }] of some.entries()) {
        await page.addData(tileId(key, index, column, row), tiles[one]!);
      }
    }
  }
}

/** As many as libuv has threads. */
const TILES_AT_ONCE = 4;

function cutOut(raster: Raster, rect: ReturnType<typeof tileRect>): Raster {
  const tile = makeRaster(rect.width, rect.height, raster);
  cropInto(tile.data, raster, rect);
  return tile;
}

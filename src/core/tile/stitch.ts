import { type Rect, scaleRect } from '../pixels/geometry.ts';
import type { Raster } from '../pixels/raster.ts';
import { pasteInto } from '../pixels/rows.ts';
import { blendAcross } from './feather.ts';
import type { Tile, TilePlan } from './tiles.ts';

/**
 * One row of tiles coming together: its cores, and the feather above and below them that it shares with its neighbours.
 */
export interface Stitch {
  /** Takes the upscaled window of one column, in any order. */
  take(column: number, upscaled: Uint8Array): void;
}

/** @param target where the row goes; its first row is that of source row `top` */
export function openStitch(
  plan: TilePlan,
  row: number,
  scale: number,
  { raster, top }: { readonly raster: Raster; readonly top: number },
): Stitch {
  const tiles = plan.tiles.slice(row * plan.columns, (row + 1) * plan.columns);
  const span = rowSpan(plan, row);
  const feather = plan.featherPx;
  /** Whether one of the two tiles that meet at the seam to the right of a column has been pasted there. */
  const seams = tiles.map(() => false);

  function take(column: number, upscaled: Uint8Array): void {
    const tile = tiles[column]!;
    const before = column > 0 ? column - 1 : null;
    const after = column < tiles.length - 1 ? column : null;
    const [left, right] = [tile.core.x, tile.core.x + tile.core.width];
    const [innerLeft, innerRight] = [before === null ? left : left + feather, after === null ? right : right - feather];
    paste(tile, innerLeft, innerRight, upscaled);
    if (before !== null) meet(before, tile, left, upscaled, 'after');
    if (after !== null) meet(after, tile, right, upscaled, 'before');
  }

  function meet(seam: number, tile: Tile, x: number, upscaled: Uint8Array, side: 'before' | 'after'): void {
    if (feather === 0) return;
    if (seams[seam]) {
      const { to, from, window } = place(tile, x - feather, x + feather, upscaled);
      blendAcross(raster, to, window, from, side);
    } else {
      paste(tile, x - feather, x + feather, upscaled);
      seams[seam] = true;
    }
  }

  function paste(tile: Tile, startX: number, endX: number, upscaled: Uint8Array): void {
    const { to, from, window } = place(tile, startX, endX, upscaled);
    pasteInto(raster, to, window, from);
  }

  /** Columns of the source, over the whole height of this row, as places in the raster and in the tile's window. */
  function place(tile: Tile, startX: number, endX: number, data: Uint8Array) {
    const source: Rect = { x: startX, y: span.start, width: endX - startX, height: span.end - span.start };
    return {
      to: scaleRect({ ...source, y: span.start - top }, scale),
      from: scaleRect({ ...source, x: startX - tile.window.x, y: span.start - tile.window.y }, scale),
      window: { data, width: tile.window.width * scale },
    };
  }

  return { take };
}

/** Source rows that a row of tiles contributes to: its cores and the feather around them. */
export function rowSpan(plan: TilePlan, row: number): { readonly start: number; readonly end: number } {
  const { core } = plan.tiles[row * plan.columns]!;
  return {
    start: core.y - (row > 0 ? plan.featherPx : 0),
    end: core.y + core.height + (row < plan.rows - 1 ? plan.featherPx : 0),
  };
}

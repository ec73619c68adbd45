import { levelsOf, TILE_PX, tileRect } from '../pyramid.ts';
import type { TileSource } from './tiles.ts';
import { levelFor, type StageExtent, type Viewport } from './view.ts';

/** A part of the canvas, in its own pixels. */
export interface Pane extends StageExtent {
  readonly x: number;
  readonly y: number;
}

/**
 * Draws what a pane shows of a picture. Where a tile is not there yet, the smaller copies stand in for it.
 * @param clip the part of the pane that may be drawn to
 */
export function paintPicture(
  context: CanvasRenderingContext2D,
  source: TileSource,
  picture: StageExtent,
  view: Viewport,
  pane: Pane,
  clip: Pane = pane,
): void {
  const levels = levelsOf(picture);
  const wanted = levelFor(view.scale, levels.length);
  context.save();
  context.beginPath();
  context.rect(clip.x, clip.y, clip.width, clip.height);
  context.clip();
  // Above its own size a picture is shown pixel by pixel.
  context.imageSmoothingEnabled = view.scale < 1;
  context.imageSmoothingQuality = 'medium';
  for (const index of isComplete(wanted) ? [wanted] : range(levels.length - 1, wanted)) {
    eachTile(index, (column, row, rect) => {
      // In between only what happens to be there is drawn.
      const isAsked = index === wanted || index === levels.length - 1;
      const tile = isAsked ? source.tile(index, column, row) : null;
      if (tile !== null) context.drawImage(tile, rect.x, rect.y, rect.width, rect.height);
    });
  }
  context.restore();

  function isComplete(index: number): boolean {
    let complete = true;
    eachTile(index, (column, row) => {
      if (source.tile(index, column, row) === null) complete = false;
    });
    return complete;
  }

  /** Those that the pane shows, with where they go on the canvas: on whole pixels, so that no seam shows. */
  function eachTile(index: number, visit: (column: number, row: number, rect: Pane) => void): void {
    const level = levels[index]!;
    const scale = view.scale * 2 ** index;
    const left = pane.x + pane.width / 2 - view.x * view.scale;
    const top = pane.y + pane.height / 2 - view.y * view.scale;
    const first = (start: number, origin: number) => Math.max(0, Math.floor((start - origin) / (TILE_PX * scale)));
    const last = (end: number, origin: number, count: number) =>
      Math.min(count, Math.ceil((end - origin) / (TILE_PX * scale)));
    for (let row = first(clip.y, top); row < last(clip.y + clip.height, top, level.rows); row++) {
      for (let column = first(clip.x, left); column < last(clip.x + clip.width, left, level.columns); column++) {
        const tile = tileRect(level, column, row);
        const [x, y] = [Math.round(left + tile.x * scale), Math.round(top + tile.y * scale)];
        const right = Math.round(left + (tile.x + tile.width) * scale);
        const bottom = Math.round(top + (tile.y + tile.height) * scale);
        visit(column, row, { x, y, width: right - x, height: bottom - y });
      }
    }
  }
}

/** From one number down to another, both included. */
function range(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}

import type { Overlay } from '../dashboard/full-screen.ts';
import type { PreviewView } from '../dashboard/preview-view.ts';
import { type ColourDepth, paintHalfBlocks, paintLetters } from './cells.ts';
import { composePair, composeStrip, type PicturePair } from './compose.ts';
import type { Graphics } from './graphics-query.ts';
import { paintKitty } from './kitty.ts';
import type { RgbPicture } from './resample.ts';
import { paintSixel } from './sixel.ts';

export interface PaintTarget {
  readonly graphics: Graphics;
  readonly depth: ColourDepth;
  /** Without half blocks: letters. */
  readonly isAscii: boolean;
}

export type Painted = Overlay['content'];

/** A pair in so many cells, by the best that the terminal can. */
export function paintPair(
  pair: PicturePair,
  view: PreviewView,
  cells: { readonly columns: number; readonly rows: number },
  target: PaintTarget,
): Painted {
  const { graphics } = target;
  const space = pixelsOf(cells, target);
  const aspect = graphics.kind === 'cells' && isLetters(target) ? 0.5 : 1;
  return paint(composePair(pair, view, space, aspect), space.shrink, target);
}

/** Pictures of one shape side by side, as large as fits, each the same region of itself. */
export function paintStrip(
  pictures: readonly RgbPicture[],
  zoom: PreviewView['zoom'],
  cells: { readonly columns: number; readonly rows: number },
  target: PaintTarget,
): { readonly painted: Painted; readonly columnsEach: number; readonly rows: number } {
  const space = pixelsOf(cells, target);
  const aspect = target.graphics.kind === 'cells' && isLetters(target) ? 0.5 : 1;
  const strip = composeStrip(pictures, zoom, space, aspect);
  const cellWidth = target.graphics.kind === 'cells' ? 1 : target.graphics.cell.width * space.shrink;
  const rowsPerPixel = strip.picture.height / space.height;
  return {
    painted: paint(strip.picture, space.shrink, target),
    columnsEach: strip.stepPixels / cellWidth,
    rows: Math.ceil(rowsPerPixel * cells.rows),
  };
}

function paint(picture: RgbPicture, shrink: number, target: PaintTarget): Painted {
  const { graphics, depth } = target;
  switch (graphics.kind) {
    case 'kitty': {
      const columns = Math.ceil(picture.width / (graphics.cell.width * shrink));
      const rows = Math.ceil(picture.height / (graphics.cell.height * shrink));
      return { kind: 'graphics', ...paintKitty(picture, IMAGE_ID, { columns, rows }) };
    }
    case 'sixel':
      // Writing over its cells takes it away.
      return { kind: 'graphics', sequence: paintSixel(picture), remove: '' };
    case 'cells':
      return {
        kind: 'cells',
        rows: depth === 'none' || target.isAscii ? paintLetters(picture) : paintHalfBlocks(picture, depth),
      };
  }
}

function pixelsOf(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  target: PaintTarget,
): { readonly width: number; readonly height: number; readonly shrink: number } {
  const { graphics } = target;
  if (graphics.kind === 'cells') return { width: columns, height: isLetters(target) ? rows : rows * 2, shrink: 1 };
  const { width, height } = graphics.cell;
  // More would be slow to send over ssh, and no terminal shows the difference.
  const shrink = Math.min(1, MAX_PIXELS / (columns * width), MAX_PIXELS / (rows * height));
  const shown = { width: Math.floor(columns * width * shrink), height: Math.floor(rows * height * shrink), shrink };
  // Sixels come in sixes: one more would scroll the screen.
  return graphics.kind === 'sixel' ? { ...shown, height: Math.max(6, shown.height - (shown.height % 6)) } : shown;
}

function isLetters({ depth, isAscii }: PaintTarget): boolean {
  return depth === 'none' || isAscii;
}

const MAX_PIXELS = 1280;
/** Any number will do; a second view on the same terminal is no case. */
const IMAGE_ID = 7713;

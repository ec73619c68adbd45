import type { Rect, Size } from '../core/pixels/geometry.ts';

/** Of one scene: where its pictures go, side by side, their captions above them, the differences below. */
export interface SheetRow {
  readonly pictures: readonly Rect[];
  readonly captions: readonly Rect[];
  /** As many as there are pictures; that of the base stays empty. */
  readonly differences: readonly Rect[];
  /** Where the next row begins. */
  readonly bottom: number;
}

const GAP = 16;
const CAPTION = 24;
const SHEET_WIDTH = 2400;

/**
 * One row below another, pictures as large as they are unless they would not fit side by side.
 * @param top of the row
 */
export function planRow(picture: Size, count: number, top: number): SheetRow {
  const room = Math.floor((SHEET_WIDTH - GAP * (count + 1)) / count);
  const scale = Math.min(1, room / picture.width, room / picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  // Captions need room of their own below tiny pictures.
  const cell = Math.max(width, Math.min(room, 380));
  const at = (index: number, y: number, size: Size): Rect => ({ x: GAP + index * (cell + GAP), y, ...size });
  const each = (y: number, size: Size): Rect[] => Array.from({ length: count }, (_, index) => at(index, y, size));
  const first = top + GAP;
  const below = first + 2 * CAPTION;
  return {
    captions: each(first, { width: cell, height: CAPTION }),
    pictures: each(below, { width, height }),
    differences: each(below + height + GAP, { width, height }),
    bottom: below + 2 * (height + GAP),
  };
}

export function rowWidth({ captions }: SheetRow): number {
  const last = captions.at(-1)!;
  return last.x + last.width + GAP;
}

export const CAPTION_HEIGHT = CAPTION;

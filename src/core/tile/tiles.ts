import type { FixedSize, Rect, Size } from '../pixels/geometry.ts';

export interface Tile {
  /** What the network sees: the core and its halo, cut off at the picture's own border. */
  readonly window: Rect;
  /** What is kept of the result. The cores of a plan cover the picture exactly once. */
  readonly core: Rect;
}

export interface TilePlan {
  readonly size: Size;
  /** All windows have this size, so that a session sees one shape. */
  readonly window: Size;
  readonly columns: number;
  readonly rows: number;
  /** On either side of a seam between cores this many pixels are blended from both tiles; 0: none are. */
  readonly featherPx: number;
  /** Row by row from the top, each row from the left. */
  readonly tiles: readonly Tile[];
}

export interface TileOptions {
  /** Side of a tile without its halo, in source pixels. */
  readonly tilePx: number;
  /** Every core keeps at least this distance from those borders of its window that are not the picture's. */
  readonly haloPx: number;
  /** Wanted half width of the strips along seams in which tiles are blended: 0 where the halo makes tiles exact. */
  readonly featherPx: number;
  /** Windows begin at multiples of this, and their sizes are the picture's less a multiple. */
  readonly alignPx: number;
  /** Along these axes every window is so long, whatever `tilePx` and `alignPx`; the picture is no shorter. */
  readonly fixedPx: FixedSize | null;
}

/**
 * Cuts a picture into windows of one size. A picture that fits one window (tile and two halos) is not cut.
 * With `haloPx` at or above the network's receptive field, the stitched result equals the uncut one.
 */
export function planTiles(size: Size, options: TileOptions): TilePlan {
  const columns = planAxis(size.width, options, options.fixedPx?.width);
  const rows = planAxis(size.height, options, options.fixedPx?.height);
  const tiles = rows.spans.flatMap((row) =>
    columns.spans.map((column) => ({
      window: { x: column.windowStart, y: row.windowStart, width: columns.window, height: rows.window },
      core: {
        x: column.coreStart,
        y: row.coreStart,
        width: column.coreEnd - column.coreStart,
        height: row.coreEnd - row.coreStart,
      },
    })),
  );
  return {
    size,
    window: { width: columns.window, height: rows.window },
    columns: columns.spans.length,
    rows: rows.spans.length,
    featherPx: tiles.length === 1 ? 0 : Math.min(options.featherPx, options.haloPx, columns.roomPx, rows.roomPx),
    tiles,
  };
}

interface AxisPlan {
  readonly window: number;
  /** The widest feather with which the strips of two seams do not meet. */
  readonly roomPx: number;
  readonly spans: readonly { windowStart: number; coreStart: number; coreEnd: number }[];
}

/**
 * n windows of length W with h of halo on their inner sides cover n*W - 2*h*(n-1): the fewest windows first, then the
 * shortest window for that many. Windows are spread evenly and each seam lies in the middle of its overlap, so the
 * halo is never less than asked and no pixel is computed for padding. What the picture has beyond the last multiple of
 * `alignPx` every window has, too, so that the last one ends where the picture does.
 */
function planAxis(
  length: number,
  { tilePx, haloPx, alignPx }: TileOptions,
  fixed: number | null | undefined,
): AxisPlan {
  if (fixed != null) return planFixedAxis(length, fixed, haloPx);
  const halo = alignUp(haloPx, alignPx);
  const tile = alignUp(tilePx, alignPx);
  const rest = length % alignPx;
  const whole = length - rest;
  if (whole <= tile + 2 * halo) return inOnePiece(length);
  const count = Math.ceil((whole - 2 * halo) / tile);
  const window = alignUp(Math.ceil((whole + 2 * halo * (count - 1)) / count), alignPx) + rest;
  return spread(length, window, count, alignPx);
}

/** The fewest windows of one given length, spread as evenly. */
function planFixedAxis(length: number, window: number, haloPx: number): AxisPlan {
  if (length <= window) return inOnePiece(length);
  const halo = Math.min(haloPx, Math.ceil(window / 2) - 1);
  return spread(length, window, Math.ceil((length - 2 * halo) / (window - 2 * halo)), 1);
}

function inOnePiece(length: number): AxisPlan {
  return {
    window: length,
    roomPx: Number.POSITIVE_INFINITY,
    spans: [{ windowStart: 0, coreStart: 0, coreEnd: length }],
  };
}

function spread(length: number, window: number, count: number, alignPx: number): AxisPlan {
  const starts = Array.from({ length: count }, (_, i) => alignDown((i * (length - window)) / (count - 1), alignPx));
  const seams = starts.slice(1).map((start, i) => Math.floor((start + starts[i]! + window) / 2));
  const spans = starts.map((windowStart, i) => ({
    windowStart,
    coreStart: i === 0 ? 0 : seams[i - 1]!,
    coreEnd: i === count - 1 ? length : seams[i]!,
  }));
  const narrowest = Math.min(...spans.map(({ coreStart, coreEnd }) => coreEnd - coreStart));
  return { window, roomPx: Math.floor(narrowest / 2), spans };
}

function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function alignDown(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

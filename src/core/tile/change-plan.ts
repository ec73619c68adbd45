import type { Rect, Size } from '../pixels/geometry.ts';
import type { Tile, TilePlan } from './tiles.ts';
import { uncovered } from './uncovered.ts';

/** What has to run again after a picture changed. */
export interface ChangePlan {
  /** Their cores hold everything that may differ in the result; they may overlap. */
  readonly parts: readonly Tile[];
  /** The rest of the picture, in source pixels: taken over from the result before. */
  readonly kept: readonly Rect[];
  /** Their work as a share of the whole picture's. */
  readonly workShare: number;
}

export interface ChangeOptions {
  readonly alignPx: number;
  readonly tilePx: number;
  /**
   * The network's receptive field where windows may lie anywhere (docs/reuse.md); null where only the windows of the
   * picture's own plan are sure to give the same bytes.
   */
  readonly freeHaloPx: number | null;
}

/**
 * Plans the least work that brings a result up to date after its source changed inside `changed`: either those tiles of
 * the picture's own plan that see a change, or windows cut to measure around the changes.
 * @param plan of the picture filled up to `alignPx`
 */
export function planChange(
  picture: Size,
  plan: TilePlan,
  changed: readonly Rect[],
  options: ChangeOptions,
): ChangePlan {
  const { size } = plan;
  const grown = changed.map((rect) => intoFilling(rect, size, options.alignPx));
  // Where tiles are blended into each other, none can be replaced alone.
  const areBlended = plan.featherPx > 0;
  const own = plan.tiles.filter(({ window }) => areBlended || grown.some((rect) => meet(rect, window)));
  const free = options.freeHaloPx === null ? own : cutToMeasure(grown, size, options.freeHaloPx, options);
  const chosen = workOf(free) < workOf(own) ? free : own;
  const parts = chosen.map(({ window, core }) => ({ window, core: cutOff(core, picture) }));
  const kept = uncovered(
    picture,
    parts.map(({ core }) => core),
  );
  return { parts, kept, workShare: workOf(chosen) / workOf(plan.tiles) };
}

/** What a run costs beside its pixels, in pixels: many tiny windows are no gain. */
const RUN_COST_PX = 1024;

function workOf(tiles: readonly Tile[]): number {
  return tiles.reduce((sum, { window }) => sum + areaOf(window) + RUN_COST_PX, 0);
}

/** The filling beyond the picture's right and lower border mirrors pixels that are less than `alignPx` before it. */
function intoFilling({ x, y, width, height }: Rect, size: Size, alignPx: number): Rect {
  const reach = 2 * alignPx;
  const right = x + width > size.width - reach ? size.width : x + width;
  const lower = y + height > size.height - reach ? size.height : y + height;
  return alignPx === 1 ? { x, y, width, height } : { x, y, width: right - x, height: lower - y };
}

function cutOff({ x, y, width, height }: Rect, picture: Size): Rect {
  return { x, y, width: Math.min(width, picture.width - x), height: Math.min(height, picture.height - y) };
}

function cutToMeasure(changed: readonly Rect[], size: Size, haloPx: number, options: ChangeOptions): Tile[] {
  const { alignPx, tilePx } = options;
  const halo = Math.ceil(haloPx / alignPx) * alignPx;
  const windowOf = (rect: Rect) => grow(rect, halo, size, alignPx);
  // What a changed pixel reaches; what that part of the result needs to see is as much wider again.
  const reached = changed.map((rect) => grow(rect, haloPx, size, alignPx));
  return joinWhereCheaper(reached, (rect) => areaOf(windowOf(rect)) + RUN_COST_PX)
    .flatMap((rect) => cut(rect, Math.ceil(tilePx / alignPx) * alignPx, alignPx))
    .map((core) => ({ core, window: windowOf(core) }));
}

/** Joins rectangles to their common bounds, best saving first, as long as that costs less than both. */
function joinWhereCheaper(rects: readonly Rect[], costOf: (rect: Rect) => number): Rect[] {
  const joined = rects.map((rect) => ({ rect, cost: costOf(rect) }));
  for (;;) {
    let best = { saving: 0, from: 0, into: 0, rect: rects[0]!, cost: 0 };
    for (let into = 0; into < joined.length; into++) {
      for (let from = into + 1; from < joined.length; from++) {
        const rect = boundsOf(joined[into]!.rect, joined[from]!.rect);
        const cost = costOf(rect);
        const saving = joined[into]!.cost + joined[from]!.cost - cost;
        if (saving > best.saving) best = { saving, from, into, rect, cost };
      }
    }
    if (best.saving === 0) return joined.map(({ rect }) => rect);
    joined[best.into] = { rect: best.rect, cost: best.cost };
    joined.splice(best.from, 1);
  }
}

/** Cuts into equal pieces of at most `limit` a side. */
function cut({ x, y, width, height }: Rect, limit: number, alignPx: number): Rect[] {
  const columns = cutAxis(x, width, limit, alignPx);
  return cutAxis(y, height, limit, alignPx).flatMap((row) =>
    columns.map((column) => ({ x: column.start, y: row.start, width: column.length, height: row.length })),
  );
}

function cutAxis(start: number, length: number, limit: number, alignPx: number): { start: number; length: number }[] {
  const count = Math.ceil(length / limit);
  const seam = (index: number) =>
    index === count ? start + length : start + Math.floor((index * length) / count / alignPx) * alignPx;
  return Array.from({ length: count }, (_, index) => ({ start: seam(index), length: seam(index + 1) - seam(index) }));
}

/** Grown on all sides, outwards to multiples of `alignPx`, and cut off at the picture's border. */
function grow(rect: Rect, by: number, size: Size, alignPx: number): Rect {
  const down = (value: number) => Math.max(0, Math.floor(value / alignPx) * alignPx);
  const up = (value: number, limit: number) => Math.min(limit, Math.ceil(value / alignPx) * alignPx);
  const [x, y] = [down(rect.x - by), down(rect.y - by)];
  return {
    x,
    y,
    width: up(rect.x + rect.width + by, size.width) - x,
    height: up(rect.y + rect.height + by, size.height) - y,
  };
}

function boundsOf(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

function meet(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function areaOf({ width, height }: Size): number {
  return width * height;
}

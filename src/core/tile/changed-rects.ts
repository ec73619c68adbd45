import type { Rect } from '../pixels/geometry.ts';
import type { Raster } from '../pixels/raster.ts';

/**
 * Where two pictures of one size and format differ: rectangles that together hold every pixel that does (and, at their
 * borders, some that do not). Whole runs of bytes are compared, so a picture that differs everywhere costs some hundred
 * comparisons, and one that does not differ at all costs one.
 * @param thresholdLevels differences of up to this many levels (of 255) count as none; 0 compares exactly.
 */
export function changedRects(before: Raster, after: Raster, thresholdLevels = 0): readonly Rect[] {
  const differs = comparison(before, after, thresholdLevels);
  const { width, height, channels, bytesPerSample } = after;
  const strideBytes = width * channels * bytesPerSample;
  const rowDiffers = (y: number) => differs(y * strideBytes, (y + 1) * strideBytes);
  if (!differs(0, strideBytes * height)) return [];
  let top = 0;
  while (!rowDiffers(top)) top++;
  let bottom = height;
  while (!rowDiffers(bottom - 1)) bottom--;

  const grid = findCells(after, { top, bottom }, differs);
  return rectsOf(grid).map((rect) => cellsToPixels(rect, grid.cellPx, { top, bottom, width }));
}

/** Fine enough beside any halo. */
const FINE_CELL_PX = 16;
/** Where most of the picture changes, finer cells find nothing to save. */
const COARSE_CELL_PX = 64;
/**
 * From this share of changed cells on, halos cover the rest, but for black pillars: film is not looked at any closer.
 */
const NOTHING_TO_SAVE = 0.8;
/** More rectangles than this are joined to larger ones: their halos overlap anyway. */
const MAX_RECTS = 64;

/** Whether bytes [from, to) differ. */
type Differs = (from: number, to: number) => boolean;

interface CellGrid {
  readonly cellPx: number;
  readonly columns: number;
  readonly rows: number;
  /** 1: has changed. Row by row. */
  readonly changed: Uint8Array;
}

function comparison(before: Raster, after: Raster, thresholdLevels: number): Differs {
  const [a, b] = [bufferOf(before), bufferOf(after)];
  const differsAtAll: Differs = (from, to) => a.compare(b, from, to, from, to) !== 0;
  if (thresholdLevels === 0) return differsAtAll;
  const bytes = after.bytesPerSample;
  const [left, right] = bytes === 1 ? [a, b] : [wordsOf(before), wordsOf(after)];
  const limit = bytes === 1 ? thresholdLevels : thresholdLevels * 257;
  return (from, to) => differsAtAll(from, to) && exceeds(left, right, limit, { from: from / bytes, to: to / bytes });
}

/** The one loop over samples, run for a threshold only, and there only where the bytes differ. */
function exceeds(
  a: Uint8Array | Uint16Array,
  b: Uint8Array | Uint16Array,
  limit: number,
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  for (let i = from; i < to; i++) {
    const difference = a[i]! - b[i]!;
    if (difference > limit || -difference > limit) return true;
  }
  return false;
}

function findCells(picture: Raster, { top, bottom }: { top: number; bottom: number }, differs: Differs): CellGrid {
  const { width, channels, bytesPerSample } = picture;
  const pixelBytes = channels * bytesPerSample;
  const strideBytes = width * pixelBytes;

  const gridOf = (cellPx: number): CellGrid => {
    const columns = Math.ceil(width / cellPx);
    const rows = Math.ceil((bottom - top) / cellPx);
    return { cellPx, columns, rows, changed: new Uint8Array(columns * rows) };
  };
  const lookAtRow = ({ cellPx, columns, changed }: CellGrid, row: number, y: number): void => {
    for (let column = 0; column < columns; column++) {
      const cell = row * columns + column;
      if (changed[cell] === 1) continue;
      const from = y * strideBytes + column * cellPx * pixelBytes;
      const to = y * strideBytes + Math.min(width, (column + 1) * cellPx) * pixelBytes;
      if (differs(from, to)) changed[cell] = 1;
    }
  };
  const lookAtAll = (grid: CellGrid): CellGrid => {
    for (let y = top; y < bottom; y++) {
      if (differs(y * strideBytes, (y + 1) * strideBytes)) lookAtRow(grid, Math.floor((y - top) / grid.cellPx), y);
    }
    return grid;
  };

  // A sample first: the middle row of each coarse cell.
  const coarse = gridOf(COARSE_CELL_PX);
  for (let row = 0; row < coarse.rows; row++) {
    const y = top + row * COARSE_CELL_PX;
    lookAtRow(coarse, row, (y + Math.min(bottom, y + COARSE_CELL_PX)) >> 1);
  }
  const share = coarse.changed.reduce((sum, flag) => sum + flag, 0) / coarse.changed.length;
  if (share > NOTHING_TO_SAVE) fillColumns(coarse);
  if (!coarse.changed.includes(0)) return coarse;
  return lookAtAll(share > 0.5 ? coarse : gridOf(FINE_CELL_PX));
}

/** Takes every column in which a cell has changed for changed. */
function fillColumns({ columns, changed }: CellGrid): void {
  for (let column = 0; column < columns; column++) {
    const cells = changed.filter((_, cell) => cell % columns === column);
    if (cells.includes(1)) for (let cell = column; cell < changed.length; cell += columns) changed[cell] = 1;
  }
}

/** Bounds of each group of changed cells that touch, in cells. */
function rectsOf(grid: CellGrid): Rect[] {
  for (let factor = 1; ; factor *= 2) {
    const smaller = shrink(grid, factor);
    const rects = groupsOf(smaller);
    if (rects.length > MAX_RECTS) continue;
    return rects.map(({ x, y, width, height }) => ({
      x: x * factor,
      y: y * factor,
      width: Math.min(width * factor, grid.columns - x * factor),
      height: Math.min(height * factor, grid.rows - y * factor),
    }));
  }
}

function shrink(grid: CellGrid, factor: number): CellGrid {
  if (factor === 1) return grid;
  const columns = Math.ceil(grid.columns / factor);
  const rows = Math.ceil(grid.rows / factor);
  const changed = new Uint8Array(columns * rows);
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      if (grid.changed[row * grid.columns + column] === 1) {
        changed[Math.floor(row / factor) * columns + Math.floor(column / factor)] = 1;
      }
    }
  }
  return { cellPx: grid.cellPx * factor, columns, rows, changed };
}

function groupsOf({ columns, rows, changed }: CellGrid): Rect[] {
  const left = changed.slice();
  const rects: Rect[] = [];
  for (let start = left.indexOf(1); start !== -1; start = left.indexOf(1, start)) {
    let [x0, x1, y0, y1] = [columns, 0, rows, 0];
    const stack = [start];
    left[start] = 0;
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      const [x, y] = [cell % columns, Math.floor(cell / columns)];
      [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x + 1), Math.min(y0, y), Math.max(y1, y + 1)];
      for (let ny = Math.max(0, y - 1); ny <= Math.min(rows - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(columns - 1, x + 1); nx++) {
          const neighbour = ny * columns + nx;
          if (left[neighbour] !== 1) continue;
          left[neighbour] = 0;
          stack.push(neighbour);
        }
      }
    }
    rects.push({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
  }
  return rects;
}

function cellsToPixels(
  cells: Rect,
  cellPx: number,
  { top, bottom, width }: { readonly top: number; readonly bottom: number; readonly width: number },
): Rect {
  const [x, y] = [cells.x * cellPx, top + cells.y * cellPx];
  return {
    x,
    y,
    width: Math.min(width, x + cells.width * cellPx) - x,
    height: Math.min(bottom, y + cells.height * cellPx) - y,
  };
}

function bufferOf({ data }: Raster): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function wordsOf({ data }: Raster): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

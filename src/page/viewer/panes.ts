import type { Pane } from './paint.ts';
import type { StageExtent } from './view.ts';

/** Cuts a canvas into as many panes: the grid in which pictures of this shape become largest. @param gap in pixels */
export function gridOf(count: number, canvas: StageExtent, picture: StageExtent, gap: number): readonly Pane[] {
  const grids = Array.from({ length: count }, (_, index) => {
    const columns = index + 1;
    const rows = Math.ceil(count / columns);
    const width = (canvas.width - gap * (columns - 1)) / columns;
    const height = (canvas.height - gap * (rows - 1)) / rows;
    return { columns, width, height, scale: Math.min(width / picture.width, height / picture.height) };
  });
  const { columns, width, height } = grids.reduce((best, grid) => (grid.scale > best.scale ? grid : best));
  return Array.from({ length: count }, (_, index) => {
    const [x, y] = [(index % columns) * (width + gap), Math.floor(index / columns) * (height + gap)];
    return { x: Math.round(x), y: Math.round(y), width: Math.floor(width), height: Math.floor(height) };
  });
}

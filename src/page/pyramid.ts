/** How a picture is cut for the page; the page's own script reckons with the same. */

export const TILE_PX = 512;

export interface Level {
  /** Pixels of this level; level 0 is the picture itself, each further one half as wide and high, rounded up. */
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

/** From the whole picture to the first level that is one tile. @param size of at least 1x1 */
export function levelsOf(size: { readonly width: number; readonly height: number }): readonly Level[] {
  const levels: Level[] = [];
  let { width, height } = size;
  for (;;) {
    const level = { width, height, columns: Math.ceil(width / TILE_PX), rows: Math.ceil(height / TILE_PX) };
    levels.push(level);
    if (level.columns === 1 && level.rows === 1) return levels;
    width = Math.ceil(width / 2);
    height = Math.ceil(height / 2);
  }
}

/** The pixels of a tile in its level. */
export function tileRect({ width, height }: Level, column: number, row: number) {
  const [x, y] = [column * TILE_PX, row * TILE_PX];
  return { x, y, width: Math.min(TILE_PX, width - x), height: Math.min(TILE_PX, height - y) };
}

/** The id of a tile's element in the page. @param picture the key of the picture, unique in the page */
export function tileId(picture: number, level: number, column: number, row: number): string {
  return `t${picture}-${level}-${column}-${row}`;
}

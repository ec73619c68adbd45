import type { ShownTile, TileSource } from './tiles.ts';

/** How far two pictures are apart, sample by sample, made from their tiles: black is equal. */
export class DifferenceMaps {
  readonly #made = new Map<string, HTMLCanvasElement>();

  /** @param name of the two and the gain: what was made for one name is given again */
  source(name: string, left: TileSource, right: TileSource, gain: number): TileSource {
    return {
      tile: (level, column, row) => {
        const id = `${name} ${level} ${column} ${row}`;
        const known = this.#made.get(id);
        if (known !== undefined) return known;
        const [a, b] = [left.tile(level, column, row), right.tile(level, column, row)];
        if (a === null || b === null) return null;
        const map = differenceOf(a, b, gain);
        this.#made.set(id, map);
        if (this.#made.size > MOST_MAPS) this.#made.delete(this.#made.keys().next().value!);
        return map;
      },
    };
  }
}

const MOST_MAPS = 256;

function differenceOf(a: ShownTile, b: ShownTile, gain: number): HTMLCanvasElement {
  const [one, other] = [samplesOf(a), samplesOf(b)];
  for (let at = 0; at < one.data.length; at++) {
    one.data[at] = at % 4 === 3 ? 255 : Math.abs(one.data[at]! - other.data[at]!) * gain;
  }
  const { canvas, context } = blank(a);
  context.putImageData(one, 0, 0);
  return canvas;
}

/** On black, so that transparency shows where it differs. */
function samplesOf(tile: ShownTile): ImageData {
  const { context } = blank(tile);
  context.fillRect(0, 0, tile.width, tile.height);
  context.drawImage(tile, 0, 0);
  return context.getImageData(0, 0, tile.width, tile.height);
}

function blank({ width, height }: ShownTile) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return { canvas, context: canvas.getContext('2d', { willReadFrequently: true })! };
}

import { tileId } from '../pyramid.ts';

export type ShownTile = ImageBitmap | HTMLCanvasElement;

/** Where the tiles of a picture come from. null: not there yet; `onLoad` of the store is called when it is. */
export interface TileSource {
  tile(level: number, column: number, row: number): ShownTile | null;
}

/** Tiles of the page, decoded when they are first seen; those that were not seen for long are given up. */
export class TileStore {
  readonly #tiles = new Map<string, ImageBitmap>();
  readonly #loading = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #onLoad: () => void;

  constructor(onLoad: () => void) {
    this.#onLoad = onLoad;
  }

  source(key: number): TileSource {
    return { tile: (level, column, row) => this.#get(tileId(key, level, column, row)) };
  }

  #get(id: string): ImageBitmap | null {
    const tile = this.#tiles.get(id);
    if (tile === undefined) {
      if (this.#loading.size < MOST_LOADING && !this.#loading.has(id) && !this.#failed.has(id)) void this.#load(id);
      return null;
    }
    // The last one seen is the last one in the map.
    this.#tiles.delete(id);
    this.#tiles.set(id, tile);
    return tile;
  }

  async #load(id: string): Promise<void> {
    this.#loading.add(id);
    try {
      const bytes = base64Bytes(document.getElementById(id)?.textContent ?? '');
      this.#tiles.set(id, await createImageBitmap(new Blob([bytes], { type: 'image/webp' })));
      for (const [oldest, tile] of this.#tiles) {
        if (this.#tiles.size <= MOST_TILES) break;
        this.#tiles.delete(oldest);
        tile.close();
      }
    } catch {
      this.#failed.add(id);
    }
    this.#loading.delete(id);
    this.#onLoad();
  }
}

/** A megabyte each. */
const MOST_TILES = 512;
const MOST_LOADING = 8;

export function base64Bytes(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

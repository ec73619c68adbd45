import { resize } from '../core/codec/index.ts';
import type { Raster } from '../core/pixels/raster.ts';

/** A frame before and after, small enough to be looked at: packed RGB, 8 bits. */
export interface PreviewPair {
  readonly frame: number;
  readonly before: PreviewPicture;
  readonly after: PreviewPicture;
}

interface PreviewPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const MAX_WIDTH = 1280;
/** A frame of a large network takes minutes: then the last one that was kept is shown. */
const KEPT_MILLISECONDS = 30_000;
const PATIENCE_MILLISECONDS = 1500;

/** Where finished frames pass by. One is taken when somebody asks, and otherwise one in half a minute. */
export class PreviewTap {
  #kept: PreviewPair | null = null;
  #keptAt = Number.NEGATIVE_INFINITY;
  #asking: ((pair: PreviewPair | null) => void)[] = [];
  #isTaking = false;

  /** Both rasters must stay as they are until what it returns has settled; undefined: nobody wants this frame. */
  offer(frame: number, before: Raster, after: Raster): Promise<void> | undefined {
    const isDue = this.#asking.length > 0 || performance.now() - this.#keptAt > KEPT_MILLISECONDS;
    return isDue && !this.#isTaking ? this.#take(frame, before, after) : undefined;
  }

  /** The next frame if it comes soon, else the last that was kept, if any. */
  newest(): Promise<PreviewPair | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(this.#kept), PATIENCE_MILLISECONDS);
      const settle = (pair: PreviewPair | null): void => {
        clearTimeout(timer);
        this.#asking = this.#asking.filter((other) => other !== settle);
        resolve(pair);
      };
      this.#asking.push(settle);
    });
  }

  async #take(frame: number, before: Raster, after: Raster): Promise<void> {
    this.#isTaking = true;
    try {
      this.#kept = await previewPair(frame, before, after);
      this.#keptAt = performance.now();
      for (const settle of [...this.#asking]) settle(this.#kept);
    } catch {
      // A preview that fails must not fail the frame.
    } finally {
      this.#isTaking = false;
    }
  }
}

export async function previewPair(frame: number, before: Raster, after: Raster): Promise<PreviewPair> {
  return { frame, before: await shrink(before), after: await shrink(after) };
}

async function shrink(raster: Raster): Promise<PreviewPicture> {
  const width = Math.min(MAX_WIDTH, raster.width);
  const height = Math.max(1, Math.round((raster.height * width) / raster.width));
  const { data, bytesPerSample } = await resize(raster, { width, height });
  // A copy even where nothing was resampled: the frame's buffer is used again.
  return { width, height, rgb: bytesPerSample === 1 ? data.slice() : highBytes(data) };
}

function highBytes(data: Uint8Array<ArrayBuffer>): Uint8Array {
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  return Uint8Array.from(samples, (sample) => sample >> 8);
}

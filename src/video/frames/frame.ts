import type { Size } from '../../core/pixels/geometry.ts';
import type { Raster, RasterFormat } from '../../core/pixels/raster.ts';

/** One decoded or upscaled picture with its time. Whoever receives it passes it on or releases it, once. */
export interface Frame {
  readonly raster: Raster;
  /** In ticks of the plan's frame list, as the source's clock counts. */
  readonly ptsTicks: number;
  release(): void;
}

/** Counts those who hold a thing; the last of them releases it. */
export class Holders {
  readonly #release: () => void;
  #count: number;

  constructor(count: number, release: () => void) {
    this.#count = count;
    this.#release = release;
  }

  add(): void {
    this.#count++;
  }

  release(): void {
    this.#count--;
    if (this.#count === 0) this.#release();
  }
}

/** RGB in as many bytes per sample as the source needs. */
export function frameFormat(bitsPerSample: number): RasterFormat {
  return { channels: 3, bytesPerSample: bitsPerSample > 8 ? 2 : 1 };
}

/** With transparency a frame is twice as high: colour above, alpha as gray below. */
export function stackedSize({ width, height }: Size): Size {
  return { width, height: 2 * height };
}

/** Both halves of a stacked raster, as views on its bytes. */
export function splitStacked(raster: Raster): readonly [colour: Raster, alpha: Raster] {
  const { data } = raster;
  const half = data.length / 2;
  const part = (start: number) => ({ ...raster, height: raster.height / 2, data: data.subarray(start, start + half) });
  return [part(0), part(half)];
}

/** Buffers of one size that are used again and again: its capacity is the memory limit of what it feeds. */
export class BufferPool {
  readonly #bytes: number;
  readonly #capacity: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #waiting: ((buffer: Uint8Array<ArrayBuffer>) => void)[] = [];
  #made = 0;

  constructor(bytes: number, capacity: number) {
    this.#bytes = bytes;
    this.#capacity = capacity;
  }

  /** Waits until a buffer is free. */
  async acquire(): Promise<Uint8Array<ArrayBuffer>> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made < this.#capacity) {
      this.#made++;
      return new Uint8Array(this.#bytes);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(buffer: Uint8Array<ArrayBuffer>): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next(buffer);
  }
}

import type { Size } from '../../core/pixels/geometry.ts';
import { type RasterFormat, rasterBytes } from '../../core/pixels/raster.ts';
import { BufferPool, type Frame, splitStacked, stackedSize } from '../frames/frame.ts';
import { LeaningResult } from './lean.ts';
import { type Lean, Stillness } from './stillness.ts';

interface Film {
  /** Of the source's frames, without alpha. */
  readonly size: Size;
  readonly scale: number;
  readonly format: RasterFormat;
  /** Colour above, alpha below. */
  readonly isStacked: boolean;
  /** 0..1, not 0. */
  readonly strength: number;
  /** Frames that are out at a time. */
  readonly poolCapacity: number;
}

/**
 * Steadies a film: every frame is looked at before the network, where it is the source, and leans on the one before it
 * after the network. Both sides see the same frames in the same order; what is found waits for them in between. Alpha
 * passes as it is.
 */
export class SteadyFrames {
  readonly #film: Film;
  readonly #stillness: Stillness;
  readonly #leaning: LeaningResult;
  readonly #waiting: Lean[] = [];
  readonly #pool: BufferPool;

  constructor(film: Film) {
    const { size, scale, format, isStacked, strength, poolCapacity } = film;
    this.#film = film;
    this.#stillness = new Stillness(size, scale, strength);
    this.#leaning = new LeaningResult(this.#stillness.columns, this.#stillness.rows, scale);
    const { width, height } = isStacked ? stackedSize(size) : size;
    this.#pool = new BufferPool(rasterBytes(width * scale, height * scale, format), poolCapacity);
  }

  /** The same frames of the source. */
  async *observe(frames: AsyncIterable<Frame>): AsyncGenerator<Frame, void, undefined> {
    const { isStacked } = this.#film;
    for await (const frame of frames) {
      this.#waiting.push(this.#stillness.next(isStacked ? splitStacked(frame.raster)[0] : frame.raster));
      yield frame;
    }
  }

  /** The results of all these frames, steadied. */
  async *steady(results: AsyncIterable<Frame>): AsyncGenerator<Frame, void, undefined> {
    const { isStacked } = this.#film;
    for await (const { raster, ptsTicks, release } of results) {
      const data = await this.#pool.acquire();
      const into = { ...raster, data };
      const lean = this.#waiting.shift()!;
      if (isStacked) {
        const [[colour, alpha], [intoColour, intoAlpha]] = [splitStacked(raster), splitStacked(into)];
        this.#leaning.next(colour, lean, intoColour);
        intoAlpha.data.set(alpha.data);
      } else this.#leaning.next(raster, lean, into);
      release();
      yield { raster: into, ptsTicks, release: () => this.#pool.release(data) };
    }
  }
}

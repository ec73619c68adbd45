import { scaleRect } from '../../core/pixels/geometry.ts';
import type { Raster } from '../../core/pixels/raster.ts';
import { pasteInto } from '../../core/pixels/rows.ts';
import type { Upscaler } from '../../core/upscaler/upscaler.ts';
import type { ChangedFrame } from './changed-frames.ts';
import { type BufferPool, type Frame, Holders } from './frame.ts';

/** How much of a film was taken over from frames before. Plain data; adds up over segments. */
export interface ReuseCount {
  readonly frames: number;
  readonly framesUnchanged: number;
  /** Frames of which parts ran. */
  readonly framesPartly: number;
  /** Work of the network, in whole frames. */
  readonly framesOfWork: number;
}

export function sumReuse(counts: readonly ReuseCount[]): ReuseCount {
  const sum = (key: keyof ReuseCount) => counts.reduce((total, count) => total + count[key], 0);
  return {
    frames: sum('frames'),
    framesUnchanged: sum('framesUnchanged'),
    framesPartly: sum('framesPartly'),
    framesOfWork: sum('framesOfWork'),
  };
}

/** Share of the network's work that was saved. */
export function reusedShare({ frames, framesOfWork }: ReuseCount): number {
  return frames === 0 ? 0 : 1 - framesOfWork / frames;
}

export interface ResultContext {
  readonly upscaler: Upscaler;
  /** Buffers of a result's size: one more is held than there are results under way. */
  readonly results: BufferPool;
  readonly watch: {
    onTile(outputPixels: number): void;
    onReuse(outputPixels: number): void;
  };
  /** Both rasters are kept as they are until it settles. @param index of the frame among all, from 0 */
  readonly onResult?: (index: number, source: Raster, result: Raster) => Promise<void> | undefined;
  /** Frames that lead to others and are neither counted nor shown. @param index of the frame among all, from 0 */
  readonly isBefore: (ptsTicks: number, index: number) => boolean;
  readonly signal: AbortSignal;
}

type Watch = Pick<ResultContext, 'watch' | 'onResult'>;

const UNWATCHED: Watch = { watch: { onTile: () => {}, onReuse: () => {} } };

/** Upscaled pixels that their consumer holds, and the result after them. */
interface Result {
  readonly raster: Raster;
  readonly holders: Holders;
}

/**
 * Makes results from changed frames, given in order. No run waits for the frame before: the parts run at once, and what
 * is taken over is copied when the result before is complete. Results are never written to again.
 */
export class ChangedResults {
  readonly #context: ResultContext;
  #last: Promise<Result> | null = null;
  #made = 0;
  #count = { frames: 0, framesUnchanged: 0, framesPartly: 0, framesOfWork: 0 };

  constructor(context: ResultContext) {
    this.#context = context;
  }

  get count(): ReuseCount {
    return { ...this.#count };
  }

  async upscale(changed: ChangedFrame): Promise<Frame> {
    const before = this.#last;
    const ptsTicks = changed.change === 'none' ? changed.ptsTicks : changed.frame.ptsTicks;
    const isWatched = !this.#context.isBefore(ptsTicks, this.#made++);
    const current = this.#make(changed, before, isWatched ? this.#context : UNWATCHED);
    this.#last = current;
    if (isWatched) this.#add(changed);
    const { raster, holders } = await current;
    return { raster, ptsTicks, release: () => holders.release() };
  }

  #make(changed: ChangedFrame, before: Promise<Result> | null, watch: Watch): Promise<Result> {
    switch (changed.change) {
      case 'all':
        before?.then(letGo, () => {});
        return this.#upscaleAll(changed.frame, watch);
      case 'parts':
        return this.#upscaleParts(changed, before!, watch);
      case 'none':
        return this.#takeOver(before!, watch);
    }
  }

  async #upscaleAll(frame: Frame, watching: Watch): Promise<Result> {
    const { upscaler, signal } = this.#context;
    const onTile = (pixels: number) => watching.watch.onTile(pixels);
    return this.#into(frame, watching, async (into) => {
      const result = await upscaler.upscale(frame.raster, { into, signal, onTile });
      // Sizes that the network cannot take as they are come out in a raster of their own.
      if (result.data !== into.data) into.data.set(result.data);
    });
  }

  async #upscaleParts(
    { frame, plan }: Extract<ChangedFrame, { change: 'parts' }>,
    before: Promise<Result>,
    watching: Watch,
  ): Promise<Result> {
    const { upscaler, signal } = this.#context;
    const { watch } = watching;
    const { scale } = upscaler;
    const frameArea = frame.raster.width * frame.raster.height * scale ** 2;
    const coreArea = plan.parts.reduce((sum, { core }) => sum + core.width * core.height, 0) * scale ** 2;
    let worked = 0;
    // Parts overlap by their halos: what counts is their share of a whole frame's work.
    const onTile = (pixels: number) => {
      const work = Math.round((pixels / coreArea) * plan.workShare * frameArea);
      worked += work;
      watch.onTile(work);
    };
    const keep = async (into: Raster) => {
      const { raster, holders } = await before;
      for (const rect of plan.kept) {
        const scaled = scaleRect(rect, scale);
        pasteInto(into, scaled, raster, scaled);
      }
      holders.release();
    };
    return this.#into(frame, watching, async (into) => {
      const run = upscaler.upscaleParts(frame.raster, plan.parts, { into, signal, onTile });
      // Both write to `into`, so both end before it may be given back.
      const [running, keeping] = await Promise.allSettled([run, keep(into)]);
      for (const outcome of [running, keeping]) if (outcome.status === 'rejected') throw outcome.reason;
      watch.onReuse(frameArea - worked);
    });
  }

  async #takeOver(before: Promise<Result>, { watch }: Watch): Promise<Result> {
    const result = await before;
    result.holders.add();
    watch.onReuse(result.raster.width * result.raster.height);
    return result;
  }

  /** @returns the result with two holders. The source frame is released in any case. */
  async #into(frame: Frame, { onResult }: Watch, work: (into: Raster) => Promise<void>): Promise<Result> {
    const { results, upscaler } = this.#context;
    const index = this.#count.frames;
    const data = await results.acquire();
    const release = () => results.release(data);
    const { width, height, channels, bytesPerSample } = frame.raster;
    const { scale } = upscaler;
    try {
      const into = { width: width * scale, height: height * scale, channels, bytesPerSample, data };
      await work(into);
      await onResult?.(index, frame.raster, into);
      return { raster: into, holders: new Holders(2, release) };
    } catch (error) {
      release();
      throw error;
    } finally {
      frame.release();
    }
  }

  #add(changed: ChangedFrame): void {
    this.#count.frames++;
    if (changed.change === 'none') this.#count.framesUnchanged++;
    if (changed.change === 'parts') this.#count.framesPartly++;
    this.#count.framesOfWork += changed.change === 'all' ? 1 : changed.change === 'none' ? 0 : changed.plan.workShare;
  }
}

function letGo({ holders }: Result): void {
  holders.release();
}

import { makeRaster, type Raster } from '../../core/pixels/raster.ts';
import { pasteInto } from '../../core/pixels/rows.ts';
import type { ChangePlan } from '../../core/tile/change-plan.ts';
import { changedRects } from '../../core/tile/changed-rects.ts';
import type { Upscaler } from '../../core/upscaler/upscaler.ts';
import type { ReuseSettings } from '../settings.ts';
import { type Frame, Holders } from './frame.ts';

/** A frame and what of it has to be upscaled. Whoever receives it releases its frame, where it has one. */
export type ChangedFrame =
  | { readonly change: 'all'; readonly frame: Frame }
  | { readonly change: 'parts'; readonly frame: Frame; readonly plan: ChangePlan }
  /** The picture is the one before: nothing to do, and nothing held. */
  | { readonly change: 'none'; readonly ptsTicks: number };

/** Holds each frame against the one before. Keeps at most one frame of the source beside those that it has given. */
export async function* findChanges(
  frames: AsyncIterable<Frame>,
  upscaler: Upscaler,
  { reuse, reuseThreshold }: ReuseSettings,
): AsyncGenerator<ChangedFrame, void, undefined> {
  const reference = !reuse ? new NoReference() : reuseThreshold > 0 ? new UpscaledSource() : new LastFrame();
  try {
    for await (const frame of frames) {
      const changed = compare(reference.raster, frame, upscaler, reuseThreshold);
      if (changed.change === 'none') frame.release();
      yield changed.change === 'none' ? changed : reference.follow(changed);
    }
  } finally {
    reference.release();
  }
}

type FrameToUpscale = Exclude<ChangedFrame, { change: 'none' }>;

function compare(before: Raster | null, frame: Frame, upscaler: Upscaler, thresholdLevels: number): ChangedFrame {
  if (before === null) return { change: 'all', frame };
  const rects = changedRects(before, frame.raster, thresholdLevels);
  if (rects.length === 0) return { change: 'none', ptsTicks: frame.ptsTicks };
  const plan = upscaler.planChange(frame.raster, rects);
  return plan.workShare <= WORTH_CUTTING ? { change: 'parts', frame, plan } : { change: 'all', frame };
}

/** Windows of ever new sizes cost more than those of one size: less than this to save is nothing to save. */
const WORTH_CUTTING = 0.9;

/** What the next frame is compared with. */
interface Reference {
  readonly raster: Raster | null;
  /** Takes what it needs of a frame that is upscaled next, and gives it on. */
  follow(changed: FrameToUpscale): FrameToUpscale;
  release(): void;
}

class NoReference implements Reference {
  readonly raster = null;

  follow(changed: FrameToUpscale): FrameToUpscale {
    return changed;
  }

  release(): void {}
}

/** The last frame itself, held together with those who upscale it. */
class LastFrame implements Reference {
  #frame: Frame | null = null;

  get raster(): Raster | null {
    return this.#frame?.raster ?? null;
  }

  follow(changed: FrameToUpscale): FrameToUpscale {
    const holders = new Holders(2, () => changed.frame.release());
    const frame = { ...changed.frame, release: () => holders.release() };
    this.release();
    this.#frame = frame;
    return { ...changed, frame };
  }

  release(): void {
    this.#frame?.release();
    this.#frame = null;
  }
}

/**
 * The source that the last result was made from, put together from several frames: with a threshold, changes too small
 * to count must not add up unseen.
 */
class UpscaledSource implements Reference {
  #raster: Raster | null = null;

  get raster(): Raster | null {
    return this.#raster;
  }

  follow(changed: FrameToUpscale): FrameToUpscale {
    const { raster } = changed.frame;
    this.#raster ??= makeRaster(raster.width, raster.height, raster);
    if (changed.change === 'all') this.#raster.data.set(raster.data);
    else for (const { core } of changed.plan.parts) pasteInto(this.#raster, core, raster, core);
    return changed;
  }

  release(): void {
    this.#raster = null;
  }
}

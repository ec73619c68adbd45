import type { Rational } from '../rational.ts';

/** The last filter of a decoder that conceals: names each frame among its messages, after the decoder's own on it. */
export const FRAME_NAMING_FILTER = 'showinfo=checksum=0';

/** Whole, because the source's own names and tags are among the messages. */
const PATCHED = /corrupt decoded frame(?: in stream \d+)?$/;
const UNIT = /^\[Parsed_showinfo_\d+ @ \w+\] \[info\] config in time_base: (\d+)\/(\d+), frame_rate:/;
const FRAME = /^\[Parsed_showinfo_\d+ @ \w+\] \[info\] n: *\d+ pts: *(-?\d+) pts_time:/;

/** Hears the messages of a decoder that conceals, and keeps the times of the frames that it had to patch. */
export class PatchedFrames {
  readonly #timeBase: Rational;
  readonly #offsetTicks: number;
  readonly #ticks: number[] = [];
  #unit: Rational = { num: 0, den: 1 };
  #isPatched = false;
  #lastTicks = Number.NEGATIVE_INFINITY;
  #onFrame: () => void = () => {};

  /** @param offsetTicks what is added to all times on the way (decode-plan.ts), in ticks of `timeBase`. */
  constructor(timeBase: Rational, offsetTicks: number) {
    this.#timeBase = timeBase;
    this.#offsetTicks = offsetTicks;
  }

  /**
   * Ascending, in ticks of the frames' time base. Since ffmpeg 7 some frames early: its decoder runs ahead of filters.
   */
  get ticks(): readonly number[] {
    return this.#ticks;
  }

  read(line: string): void {
    if (PATCHED.test(line)) this.#isPatched = true;
    const unit = UNIT.exec(line);
    if (unit !== null) this.#unit = { num: Number(unit[1]), den: Number(unit[2]) };
    const pts = FRAME.exec(line)?.[1];
    if (pts === undefined) return;
    const ticks = (Number(pts) * this.#unit.num * this.#timeBase.den) / (this.#unit.den * this.#timeBase.num);
    this.#lastTicks = Math.round(ticks) - this.#offsetTicks;
    if (this.#isPatched) this.#ticks.push(this.#lastTicks);
    this.#isPatched = false;
    this.#onFrame();
  }

  /** Messages come on another way than frames: waits until this frame's are here, or `ended`. */
  async until(ticks: number, ended: Promise<unknown>): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#onFrame = () => this.#lastTicks >= ticks && resolve();
      this.#onFrame();
    });
    await Promise.race([heard, ended]);
  }
}

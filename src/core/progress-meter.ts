import { type Estimate, openEta } from './eta.ts';
import type { Progress, Stage } from './events.ts';

/** Turns "so many output pixels more" into throttled progress events with a rate and the time left. */
export interface ProgressMeter {
  /** Finished work, and pixels that needed none; negative for what must be done again. As often as one likes. */
  add(done: Partial<WorkDone>): void;
  /** There is so much more to do than was expected; negative: less. */
  expect(outputPixels: number): void;
  /** Reports at once: a new stage is news. */
  enter(stage: Stage): void;
  /** Reports at once. */
  flush(): void;
  /** Reports what has not changed, if that is a while ago: time passes, also where a tile takes long. */
  remind(): void;
}

export interface WorkDone {
  readonly outputPixels: number;
  readonly reusedPixels: number;
  readonly tiles: number;
  readonly frames: number;
}

export interface MeterOptions {
  readonly input: string;
  readonly framesTotal: number | null;
  readonly outputPixelsTotal: number | null;
  /** What earlier runs have done: counted, but not as speed. */
  readonly done?: WorkDone;
  readonly emit: (event: Progress) => void;
  /** Asked at each report. */
  readonly observe?: () => Partial<Pick<Progress, 'queues' | 'stageLoads' | 'bytesWritten' | 'rssBytes'>>;
  /** How long it goes on after the last output pixel, or from now where there are none left. Default: 0. */
  readonly endingSeconds?: () => number;
  /** Seconds on a clock that does not jump. */
  readonly now?: () => number;
}

/** At most two reports a second (the contract of --json). */
const REPORT_SECONDS = 0.5;
const REMIND_SECONDS = 1;
/** Frames per second are taken over this much of the recent past: long enough to be steady, short enough to follow. */
const RATE_WINDOW_SECONDS = 30;
/** Before this much work time a rate says nothing. */
const RATE_MINIMUM_SECONDS = 1;

export function openProgressMeter(options: MeterOptions): ProgressMeter {
  const now = options.now ?? (() => performance.now() / 1000);
  const start = now();
  const marks: { seconds: number; pixels: number; frames: number }[] = [];
  let stage: Stage = 'prepare';
  let total = options.outputPixelsTotal;
  const { done = { outputPixels: 0, reusedPixels: 0, tiles: 0, frames: 0 } } = options;
  let worked = done.outputPixels;
  let reused = done.reusedPixels;
  let { tiles, frames } = done;
  let lastReport = Number.NEGATIVE_INFINITY;
  let framesPerSecond: number | null = null;

  const eta = openEta({ madePixels: worked, reusedPixels: reused });

  function report(): void {
    const seconds = now() - start - eta.idleSeconds;
    const pixels = worked + reused;
    marks.push({ seconds, pixels, frames });
    // One mark older than the window stays, so that the window is always covered.
    while (marks.length > 2 && marks[1]!.seconds < seconds - RATE_WINDOW_SECONDS) marks.shift();
    const since = marks[0]!;
    const span = seconds - since.seconds;
    const isMoving = span >= RATE_MINIMUM_SECONDS && pixels > since.pixels;
    framesPerSecond = isMoving ? (frames - since.frames) / span : null;
    tell();
  }

  function tell(): void {
    const seconds = now() - start - eta.idleSeconds;
    const pixels = worked + reused;
    lastReport = now();
    const left = total === null ? null : timeLeft(total - pixels);
    options.emit({
      type: 'progress',
      input: options.input,
      stage,
      framesDone: frames,
      framesTotal: options.framesTotal,
      tilesDone: tiles,
      outputPixelsDone: pixels,
      outputPixelsTotal: total,
      elapsedSeconds: seconds,
      framesPerSecond,
      secondsLeft: left?.seconds ?? null,
      ...(left?.range ? { secondsLeftRange: left.range } : {}),
      ...(reused > 0 ? { reusedShare: reused / pixels } : {}),
      queues: [],
      bytesWritten: 0,
      rssBytes: process.memoryUsage.rss(),
      ...options.observe?.(),
    });
  }

  function timeLeft(pixels: number): Estimate | null {
    const ending = options.endingSeconds?.() ?? 0;
    if (pixels <= 0) return { seconds: ending, range: null };
    const estimate = eta.estimate(pixels);
    if (estimate === null) return null;
    const { seconds, range } = estimate;
    return { seconds: seconds + ending, range: range === null ? null : [range[0] + ending, range[1] + ending] };
  }

  /** What is taken back was speed, but is to be done again. */
  function follow(made: number, takenOver: number): void {
    if (made < 0 || takenOver < 0) eta.takeBack(-made, -takenOver);
    else if (made > 0 || takenOver > 0) eta.observe(now(), made, takenOver);
  }

  return {
    add(done) {
      const { outputPixels = 0, reusedPixels = 0 } = done;
      worked += outputPixels;
      reused += reusedPixels;
      follow(outputPixels, reusedPixels);
      tiles += done.tiles ?? 0;
      frames += done.frames ?? 0;
      if (now() - lastReport >= REPORT_SECONDS) report();
    },
    expect(outputPixels) {
      if (total !== null) total += outputPixels;
    },
    enter(next) {
      stage = next;
      report();
    },
    flush: report,
    remind() {
      if (now() - lastReport >= REMIND_SECONDS) tell();
    },
  };
}

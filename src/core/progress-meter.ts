import type { Progress, Stage } from './events.ts';

/** Turns "so many output pixels more" into throttled progress events with a rate and the time left. */
export interface ProgressMeter {
  /** Finished work; negative for what must be done again. May be called as often as one likes. */
  add(done: { readonly outputPixels?: number; readonly tiles?: number; readonly frames?: number }): void;
  /** Reports at once: a new stage is news. */
  enter(stage: Stage): void;
  /** Reports at once. */
  flush(): void;
}

export interface MeterOptions {
  readonly input: string;
  readonly framesTotal: number | null;
  readonly outputPixelsTotal: number | null;
  /** What earlier runs have done: counted, but not as speed. */
  readonly done?: { readonly frames: number; readonly tiles: number; readonly outputPixels: number };
  readonly emit: (event: Progress) => void;
  /** Asked at each report. */
  readonly observe?: () => Partial<Pick<Progress, 'queues' | 'bytesWritten' | 'rssBytes'>>;
  /** Seconds on a clock that does not jump. */
  readonly now?: () => number;
}

/** At most two reports a second (the contract of --json). */
const REPORT_SECONDS = 0.5;
/** The rate is taken over this much of the recent past: long enough to be steady, short enough to follow. */
const RATE_WINDOW_SECONDS = 30;
/** Before this much work time a rate says nothing. */
const RATE_MINIMUM_SECONDS = 1;

export function openProgressMeter(options: MeterOptions): ProgressMeter {
  const now = options.now ?? (() => performance.now() / 1000);
  const start = now();
  const marks: { seconds: number; pixels: number; frames: number }[] = [];
  let stage: Stage = 'prepare';
  let { outputPixels: pixels, tiles, frames } = options.done ?? { outputPixels: 0, tiles: 0, frames: 0 };
  let lastReport = Number.NEGATIVE_INFINITY;

  function report(): void {
    const seconds = now() - start;
    lastReport = now();
    marks.push({ seconds, pixels, frames });
    // One mark older than the window stays, so that the window is always covered.
    while (marks.length > 2 && marks[1]!.seconds < seconds - RATE_WINDOW_SECONDS) marks.shift();
    const since = marks[0]!;
    const span = seconds - since.seconds;
    const pixelRate = span >= RATE_MINIMUM_SECONDS ? (pixels - since.pixels) / span : 0;
    const total = options.outputPixelsTotal;
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
      framesPerSecond: pixelRate > 0 ? (frames - since.frames) / span : null,
      secondsLeft: pixelRate > 0 && total !== null ? Math.max(0, total - pixels) / pixelRate : null,
      queues: [],
      bytesWritten: 0,
      rssBytes: process.memoryUsage.rss(),
      ...options.observe?.(),
    });
  }

  return {
    add(done) {
      pixels += done.outputPixels ?? 0;
      tiles += done.tiles ?? 0;
      frames += done.frames ?? 0;
      if (now() - lastReport >= REPORT_SECONDS) report();
    },
    enter(next) {
      stage = next;
      report();
    },
    flush: report,
  };
}

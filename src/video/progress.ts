import { statSync } from 'node:fs';
import type { Progress, Stage, TaskEvent } from '../core/events.ts';
import { residentBytes } from './memory.ts';
import type { SegmentWatch } from './run-segment.ts';

interface Totals {
  readonly input: string;
  readonly framesTotal: number;
  readonly outputPixelsTotal: number;
}

/** Counts what a video task has done and tells it as events: at the start, at most twice a second, and at the end. */
export class VideoProgress implements SegmentWatch {
  readonly #totals: Totals;
  readonly #onEvent: (event: TaskEvent) => void;
  readonly #startedAt = performance.now();
  readonly #rate = new RateMeter();
  #stage: Stage = 'prepare';
  #framesDone = 0;
  #tilesDone = 0;
  #outputPixelsDone = 0;
  #lastToldAt = Number.NEGATIVE_INFINITY;
  #running: Parameters<SegmentWatch['onStart']>[0] | undefined;

  constructor(totals: Totals, onEvent: (event: TaskEvent) => void) {
    this.#totals = totals;
    this.#onEvent = onEvent;
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Tells at once: a new stage is news. */
  enter(stage: Stage): void {
    this.#stage = stage;
    this.#tell();
  }

  onStart(running: Parameters<SegmentWatch['onStart']>[0]): void {
    this.#running = running;
  }

  onTile(outputPixels: number): void {
    this.#tilesDone++;
    this.#outputPixelsDone += outputPixels;
    this.#tellAtTimes();
  }

  onFrame(): void {
    this.#framesDone++;
    this.#tellAtTimes();
  }

  #tellAtTimes(): void {
    if (performance.now() - this.#lastToldAt >= TELL_EVERY_MS) this.#tell();
  }

  #tell(): void {
    this.#lastToldAt = performance.now();
    this.#onEvent(this.#snapshot());
  }

  #snapshot(): Progress {
    const { input, framesTotal, outputPixelsTotal } = this.#totals;
    const { framesPerSecond, pixelsPerSecond } = this.#rate.measure(
      this.elapsedSeconds,
      this.#framesDone,
      this.#outputPixelsDone,
    );
    const pixelsLeft = outputPixelsTotal - this.#outputPixelsDone;
    return {
      type: 'progress',
      input,
      stage: this.#stage,
      framesDone: this.#framesDone,
      framesTotal,
      tilesDone: this.#tilesDone,
      outputPixelsDone: this.#outputPixelsDone,
      outputPixelsTotal,
      elapsedSeconds: this.elapsedSeconds,
      framesPerSecond,
      secondsLeft: pixelsPerSecond === null ? null : Math.max(0, pixelsLeft / pixelsPerSecond),
      queues: (this.#running?.queues ?? []).map(({ name, length, capacity }) => ({ name, length, capacity })),
      rssBytes: residentBytes(this.#running?.pids ?? []),
      bytesWritten: fileBytes(this.#running?.file),
    };
  }
}

const TELL_EVERY_MS = 500;

/** Speed over the last half minute: steady enough to read, quick enough to follow a busy machine. */
class RateMeter {
  readonly #samples: { readonly seconds: number; readonly frames: number; readonly pixels: number }[] = [];

  measure(seconds: number, frames: number, pixels: number) {
    this.#samples.push({ seconds, frames, pixels });
    while (this.#samples.length > 2 && seconds - (this.#samples[1]?.seconds ?? seconds) > WINDOW_SECONDS)
      this.#samples.shift();
    const first = this.#samples[0] ?? { seconds, frames, pixels };
    const span = seconds - first.seconds;
    const rate = (amount: number) => (span > 0.2 && amount > 0 ? amount / span : null);
    return { framesPerSecond: rate(frames - first.frames), pixelsPerSecond: rate(pixels - first.pixels) };
  }
}

const WINDOW_SECONDS = 30;

function fileBytes(file: string | undefined): number {
  return file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

import { statSync } from 'node:fs';
import type { Stage, TaskEvent } from '../core/events.ts';
import { openProgressMeter, type ProgressMeter } from '../core/progress-meter.ts';
import { residentBytes } from './memory.ts';
import type { SegmentWatch } from './run-segment.ts';

interface Totals {
  readonly input: string;
  readonly framesTotal: number;
  readonly outputPixelsTotal: number;
}

/** Counts what a video task has done and tells it as events: at each new stage, and at most twice a second between. */
export class VideoProgress implements SegmentWatch {
  readonly #startedAt = performance.now();
  readonly #meter: ProgressMeter;
  readonly #stages: { readonly name: Stage; readonly startedAt: number }[] = [];
  #running: Parameters<SegmentWatch['onStart']>[0] | undefined;

  constructor(totals: Totals, onEvent: (event: TaskEvent) => void) {
    const observe = () => ({
      queues: (this.#running?.queues ?? []).map(({ name, length, capacity }) => ({ name, length, capacity })),
      rssBytes: residentBytes(this.#running?.pids ?? []),
      bytesWritten: fileBytes(this.#running?.file),
    });
    this.#meter = openProgressMeter({ ...totals, emit: onEvent, observe });
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Wall time of the stages so far, the running one included. */
  get stageSeconds(): ReadonlyMap<Stage, number> {
    const ends = [...this.#stages.slice(1).map(({ startedAt }) => startedAt), performance.now()];
    return new Map(this.#stages.map(({ name, startedAt }, index) => [name, (ends[index]! - startedAt) / 1000]));
  }

  enter(stage: Stage): void {
    this.#stages.push({ name: stage, startedAt: performance.now() });
    this.#meter.enter(stage);
  }

  onStart(running: Parameters<SegmentWatch['onStart']>[0]): void {
    this.#running = running;
  }

  onTile(outputPixels: number): void {
    this.#meter.add({ outputPixels, tiles: 1 });
  }

  onReuse(outputPixels: number): void {
    this.#meter.add({ reusedPixels: outputPixels });
  }

  onFrame(): void {
    this.#meter.add({ frames: 1 });
  }
}

function fileBytes(file: string | undefined): number {
  return file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

import { statSync } from 'node:fs';
import type { Progress, Stage, TaskEvent } from '../core/events.ts';
import { openProgressMeter, type ProgressMeter, type WorkDone } from '../core/progress-meter.ts';
import { EndingForecast } from './finish/ending-forecast.ts';
import { residentBytes } from './segment/memory.ts';
import type { SegmentWatch } from './segment/run-segment.ts';
import { StageClocks } from './segment/stage-clocks.ts';

interface Totals {
  readonly input: string;
  readonly framesTotal: number | null;
  readonly outputPixelsTotal: number | null;
  /** Done by earlier runs: counted as done, not as speed. */
  readonly done: WorkDone;
  /** Of the network. */
  readonly lanes: number;
  readonly hasCarried: boolean;
  readonly soundSeconds: number;
}

export interface WatchedSegment extends SegmentWatch {
  /** Its file was read and held against its frames. @param seconds that it took */
  onChecked(seconds: number): void;
  onCommitted(bytes: number): void;
  /** What was counted is to be made again. */
  takeBack(): void;
}

const REMIND_MILLISECONDS = 500;

type Stages = Parameters<SegmentWatch['onStart']>[0];

/** Counts what a video task has done and tells it as events: at each new stage, and at most twice a second between. */
export class VideoProgress {
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #meter: ProgressMeter;
  readonly #stages: { readonly name: Stage; readonly startedAt: number }[] = [];
  #running: Stages | undefined;
  readonly #clocks: StageClocks;
  readonly #ending = new EndingForecast();
  readonly #totals: Totals;
  #committedBytes: number;
  #committedFrames: number;
  #joined: string | undefined;

  /** @param now seconds of a clock that stands still in pauses */
  constructor(totals: Totals, committedBytes: number, onEvent: (event: TaskEvent) => void, now: () => number) {
    this.#now = now;
    this.#startedAt = now();
    this.#totals = totals;
    this.#committedBytes = committedBytes;
    this.#committedFrames = totals.done.frames;
    this.#clocks = new StageClocks(totals.lanes, now);
    const observe = () => ({
      ...this.#observeStages(),
      rssBytes: residentBytes(this.#running?.pids ?? []),
      bytesWritten: this.#committedBytes + fileBytes(this.#running?.file),
    });
    const endingSeconds = () => this.#endingSeconds();
    this.#meter = openProgressMeter({ ...totals, emit: onEvent, observe, endingSeconds, now });
  }

  #endingSeconds(): number {
    const { framesTotal, hasCarried, soundSeconds } = this.#totals;
    const { name, startedAt } = this.#stages.at(-1) ?? { name: 'prepare', startedAt: this.#startedAt };
    const isKnown = framesTotal !== null && this.#committedFrames > 0;
    const resultBytes = isKnown ? (this.#committedBytes / this.#committedFrames) * framesTotal : null;
    const joinedBytes = fileBytes(this.#joined);
    return this.#ending.secondsLeft(name, this.#now() - startedAt, {
      resultBytes,
      hasCarried,
      soundSeconds,
      joinedBytes,
    });
  }

  #observeStages(): Pick<Progress, 'queues' | 'stageLoads'> {
    if (this.#running === undefined || this.#stages.at(-1)?.name !== 'upscale') return { queues: [] };
    const queues = this.#running.queues.map(({ name, length, capacity }) => ({ name, length, capacity }));
    const stageLoads = this.#clocks.loads();
    return stageLoads.length === 0 ? { queues } : { queues, stageLoads };
  }

  get elapsedSeconds(): number {
    return this.#now() - this.#startedAt;
  }

  /** Time of the stages so far without pauses, the running one included. */
  get stageSeconds(): ReadonlyMap<Stage, number> {
    const ends = [...this.#stages.slice(1).map(({ startedAt }) => startedAt), this.#now()];
    return new Map(this.#stages.map(({ name, startedAt }, index) => [name, ends[index]! - startedAt]));
  }

  enter(stage: Stage): void {
    this.#stages.push({ name: stage, startedAt: this.#now() });
    this.#meter.enter(stage);
  }

  /**
   * A whole stage, told of once a second where nothing else tells of it.
   * @param file that grows meanwhile
   */
  async during<T>(stage: Stage, work: () => Promise<T>, file?: string): Promise<T> {
    this.#joined = file;
    this.enter(stage);
    const timer = setInterval(() => this.#meter.remind(), REMIND_MILLISECONDS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** For one attempt at one segment. */
  watchSegment(onHandedOver: () => void): WatchedSegment {
    const counted = { frames: 0, tiles: 0, outputPixels: 0, reusedPixels: 0 };
    let workedAt = this.#now();
    const add = (done: Partial<WorkDone>) => {
      if (done.frames === undefined) workedAt = this.#now();
      counted.frames += done.frames ?? 0;
      counted.tiles += done.tiles ?? 0;
      counted.outputPixels += done.outputPixels ?? 0;
      counted.reusedPixels += done.reusedPixels ?? 0;
      this.#meter.add(done);
    };
    return {
      clocks: this.#clocks,
      onStart: (stages) => {
        this.#running = stages;
      },
      onTile: (outputPixels) => add({ outputPixels, tiles: 1 }),
      onReuse: (reusedPixels) => add({ reusedPixels }),
      onFrame: () => add({ frames: 1 }),
      onHandedOver,
      onChecked: (seconds) => this.#ending.checked(seconds),
      onCommitted: (bytes) => {
        this.#committedBytes += bytes;
        this.#committedFrames += counted.frames;
        this.#ending.drained(this.#now() - workedAt);
      },
      takeBack: () => {
        const { frames, tiles, outputPixels, reusedPixels } = counted;
        this.#meter.add({
          frames: -frames,
          tiles: -tiles,
          outputPixels: -outputPixels,
          reusedPixels: -reusedPixels,
        });
      },
    };
  }
}

function fileBytes(file: string | undefined): number {
  return file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}

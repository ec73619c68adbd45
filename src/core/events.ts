import type { ErrorRecord } from './errors.ts';

/** What a running task tells, in order. Plain data: crosses process boundaries, feeds the view, the log and --json. */
export type TaskEvent =
  | TaskStarted
  | {
      readonly type: 'pull';
      readonly model: string;
      readonly bytesDone: number;
      readonly bytesTotal: number;
      readonly from: string;
    }
  | Progress
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  | TaskDone
  | { readonly type: 'failed'; readonly input: string; readonly error: ErrorRecord };

export interface TaskStarted {
  readonly type: 'started';
  readonly kind: 'image' | 'video';
  readonly input: string;
  readonly output: string;
  readonly model: string;
  /** As chosen by proof, for example "cpu" or "webgpu". */
  readonly device: string;
  readonly source: { readonly width: number; readonly height: number };
  readonly target: { readonly width: number; readonly height: number };
  /** null until counted. One for a still picture, pages for an animated one. */
  readonly framesTotal: number | null;
  readonly tilesPerFrame: number;
  /** Frames that earlier runs of the same job have finished. */
  readonly framesKept: number;
}

/** One stage of the work, in this order; images skip those they do not need. */
export type Stage = 'prepare' | 'upscale' | 'join' | 'verify' | 'publish';

export interface Progress {
  readonly type: 'progress';
  readonly input: string;
  readonly stage: Stage;
  readonly framesDone: number;
  readonly framesTotal: number | null;
  readonly tilesDone: number;
  /** Output pixels are the unit of work (time left is reckoned from them). Of a still they count twice where alpha goes
   * through the network, too; until a page is decoded, its alpha is expected to. */
  readonly outputPixelsDone: number;
  readonly outputPixelsTotal: number | null;
  /** Share of `outputPixelsDone` that was taken over from frames before; absent: none. */
  readonly reusedShare?: number;
  /** Seconds since `started`, without pauses. */
  readonly elapsedSeconds: number;
  /** Recent output frames per second; null until it can be told. */
  readonly framesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** Where the pace is too unsteady for one number: shortest and longest likely time. Absent: steady. */
  readonly secondsLeftRange?: readonly [number, number];
  /** Frames at the places between and in the stages, in the film's direction. Empty for stills. */
  readonly queues: readonly QueueFill[];
  /** Of the stages of a video, which work at the same time: the busiest one is the slowest. Absent: not known yet. */
  readonly stageLoads?: readonly StageLoad[];
  /** Resident memory of the engine process, and of ffmpeg's where the system tells. */
  readonly rssBytes: number;
  readonly bytesWritten: number;
}

export interface QueueFill {
  readonly name: string;
  readonly length: number;
  readonly capacity: number;
}

export interface StageLoad {
  readonly name: 'decode' | 'upscale' | 'encode';
  /**
   * Share of the last half minute, 0..1, in which it worked and did not wait for the others. What it could do alone is
   * `framesPerSecond` divided by this.
   */
  readonly busy: number;
}

export interface TaskDone {
  readonly type: 'done';
  readonly input: string;
  readonly output: string;
  readonly framesTotal: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Share of the network's work that was saved because the picture had not changed; absent: none. */
  readonly reusedShare?: number;
}

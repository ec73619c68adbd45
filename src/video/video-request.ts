import type { Readable } from 'node:stream';
import type { TaskEvent } from '../core/events.ts';
import type { Upscaler } from '../core/upscaler.ts';
import type { ReuseCount } from './changed-results.ts';
import type { VideoSettings } from './settings.ts';
import type { StreamWarning } from './streams.ts';
import type { JobFacts } from './video-job.ts';

export interface VideoRequest {
  readonly input: string;
  readonly output: string;
  /** Name of the network, for the events. */
  readonly model: string;
  readonly settings: VideoSettings;
  readonly job: JobFacts;
}

export interface VideoContext {
  readonly upscaler: Upscaler;
  readonly onEvent: (event: TaskEvent) => void;
  /** Aborted: the segments in flight are finished, no other is begun. What is done stays for the next run. */
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
  /** Needed where input or output is `-`. */
  readonly streams?: StandardStreams;
}

export interface VideoResult {
  readonly output: string;
  readonly framesTotal: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Largest distance of a frame's time from its source frame's. */
  readonly maxDeviationSeconds: number;
  readonly reuse: ReuseCount;
  readonly warnings: readonly StreamWarning[];
}

/** Y4M through pipes instead of files. */
export interface StandardStreams {
  readonly input: Readable | null;
  /** A descriptor, which the encoder writes to. */
  readonly output: number | null;
}

import type { Readable } from 'node:stream';
import type { TaskEvent } from '../core/events.ts';
import type { Pause } from '../core/pause.ts';
import type { Making } from '../core/provenance.ts';
import type { Upscaler } from '../core/upscaler/upscaler.ts';
import type { ReuseCount } from './frames/changed-results.ts';
import type { JobContext } from './job-context.ts';
import type { PreviewTap } from './preview.ts';
import type { SegmentNews } from './segment/run-segments.ts';
import type { VideoSettings } from './settings.ts';
import type { StreamWarning } from './source/streams.ts';

export interface VideoRequest {
  readonly input: string;
  readonly output: string;
  /** Name of the network, for the events. */
  readonly model: string;
  readonly settings: VideoSettings;
  readonly job: JobContext;
  /** What the result's tags and the report tell; null: nothing. */
  readonly making: Making | null;
}

export interface VideoContext {
  readonly upscaler: Upscaler;
  readonly onEvent: (event: TaskEvent) => void;
  /** All segments at the start, then each one as it begins and as it is committed. */
  readonly onSegments?: (news: readonly SegmentNews[]) => void;
  /** While it is on, no tile, segment or stage begins. The upscaler should have the same. */
  readonly pause?: Pause;
  /** Where frames can be looked at as they are made. */
  readonly preview?: PreviewTap;
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

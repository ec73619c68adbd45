import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { rasterBytes } from '../core/raster.ts';
import type { Upscaler } from '../core/upscaler.ts';
import { findChanges } from './changed-frames.ts';
import { ChangedResults, type ReuseCount } from './changed-results.ts';
import { startDecoder } from './decode.ts';
import { type Encoder, startEncoder } from './encode.ts';
import { BufferPool, type Frame, stackedSize } from './frame.ts';
import { LookAhead, mapInOrder } from './look-ahead.ts';
import type { VideoPlan } from './plan.ts';
import type { Segment } from './segments.ts';
import { stackedUpscaler } from './upscale-stacked.ts';

/** A finished segment. */
export interface SegmentFile {
  readonly segment: Segment;
  readonly file: string;
  readonly bytes: number;
  /** Time of every frame, in ticks of the plan's frame list, as decoded. */
  readonly ptsTicks: readonly number[];
  readonly reuse: ReuseCount;
  /** Frames that were damaged in the source and are concealed. */
  readonly concealedFrames: number;
}

/** What a running segment lets others see. */
export interface SegmentWatch {
  onTile(outputPixels: number): void;
  /** Output pixels that were taken over from the frame before. */
  onReuse(outputPixels: number): void;
  onFrame(): void;
  /** Called once, when all stages run. */
  onStart(stages: {
    readonly queues: readonly LookAhead<Frame>[];
    readonly pids: readonly number[];
    readonly file: string;
  }): void;
}

/**
 * Decodes, upscales and encodes one segment, all at the same time, into a file of the work folder.
 * @throws UpreelError the first cause; whatever else fell with it is ended before.
 */
export async function runSegment(
  plan: VideoPlan,
  segment: Segment,
  {
    upscaler,
    workFolder,
    watch,
    signal,
  }: { upscaler: Upscaler; workFolder: string; watch: SegmentWatch; signal: AbortSignal },
): Promise<SegmentFile> {
  const file = join(
    workFolder,
    `segment-${String(segment.index).padStart(5, '0')}${plan.encoder.segmentContainer.extension}`,
  );
  const ptsTicks: number[] = [];
  // One failure stops all stages at once: the others would else wait for a neighbour that is gone.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failFast = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };

  const inFlight = upscaler.lanes + LOOK_AHEAD;
  const decoder = startDecoder(plan, inFlight + DECODED_CAPACITY + 2, either);
  const decoded = new LookAhead('decoded', DECODED_CAPACITY, decoder.frames, (frame) => frame.release());
  const { width, height } = plan.picture.alpha ? stackedSize(plan.networkSize) : plan.networkSize;
  const results = new BufferPool(rasterBytes(width, height, plan.format), inFlight + UPSCALED_CAPACITY + 2);
  const framewise = plan.picture.alpha ? stackedUpscaler(upscaler) : upscaler;
  const changes = findChanges(decoded, framewise, plan.reuse);
  const made = new ChangedResults({ upscaler: framewise, results, watch, signal: either });
  const upscaled = new LookAhead(
    'upscaled',
    UPSCALED_CAPACITY,
    mapInOrder(
      changes,
      inFlight,
      (changed) => failFast(made.upscale(changed)),
      releaseFrame,
      ({ change }) => change !== 'none',
    ),
    releaseFrame,
  );

  let encoder: Encoder | undefined;
  try {
    for await (const frame of upscaled) {
      if (encoder === undefined) {
        encoder = startEncoder(plan, file, decoder.sampleAspectRatio(), either);
        watch.onStart({ queues: [decoded, upscaled], pids: [decoder.pid, encoder.pid], file });
      }
      await failFast(encoder.write(frame));
      ptsTicks.push(frame.ptsTicks);
      frame.release();
      watch.onFrame();
    }
    await encoder?.finish();
  } finally {
    stop.abort();
    await encoder?.stop();
  }
  const { size } = await stat(file);
  const concealedFrames = decoder.concealedFrames();
  return { segment, file, bytes: size, ptsTicks, reuse: made.count, concealedFrames };
}

/** Frames that wait between decoder and network, and between network and encoder. */
const DECODED_CAPACITY = 2;
const UPSCALED_CAPACITY = 2;
/** Frames in flight beyond the lanes, so that no lane waits for the next frame to be handed over. */
const LOOK_AHEAD = 1;

function releaseFrame(frame: Frame): void {
  frame.release();
}

import { setMaxListeners } from 'node:events';
import { abortWith } from '../../core/abort-with.ts';
import { UpreelError } from '../../core/errors.ts';
import type { QueueFill } from '../../core/events.ts';
import { type Feed, ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import type { Pause } from '../../core/pause.ts';
import { type Raster, rasterBytes } from '../../core/pixels/raster.ts';
import { grayUpscaler } from '../../core/upscaler/gray-upscaler.ts';
import type { UpscaleOptions, Upscaler } from '../../core/upscaler/upscaler.ts';
import { startDecoder } from '../decode/decode.ts';
import { type EncoderProcess, startEncoder } from '../encode/encoder-process.ts';
import { bleedFrames } from '../frames/bleed-frames.ts';
import { findChanges } from '../frames/changed-frames.ts';
import { ChangedResults, type ReuseCount } from '../frames/changed-results.ts';
import { BufferPool, type Frame, splitStacked, stackedSize } from '../frames/frame.ts';
import { LookAhead, mapInOrder } from '../frames/look-ahead.ts';
import { stackedUpscaler } from '../frames/upscale-stacked.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { PreviewTap } from '../preview.ts';
import { SteadyFrames } from '../steady/steady-frames.ts';
import { type LeadIn, planLeadIn } from './lead-in.ts';
import type { Segment } from './segment.ts';
import { type BusyClock, type StageClocks, whilePulled } from './stage-clocks.ts';
import { watchForStall } from './watchdog.ts';

/** A segment whose frames are all in its file. */
export interface EncodedSegment {
  /** Time of every frame, in ticks of the plan's frame list, as decoded. */
  readonly ptsTicks: readonly number[];
  readonly reuse: ReuseCount;
  /** Of these, the frames that were damaged in the source and are patched by the decoder. */
  readonly patchedTicks: readonly number[];
}

/** What a running segment lets others see. */
export interface SegmentWatch {
  /** Run while its stages work. */
  readonly clocks: StageClocks;
  onTile(outputPixels: number): void;
  /** Output pixels that were taken over from the frame before. */
  onReuse(outputPixels: number): void;
  onFrame(): void;
  /** Called once, when all stages run. */
  onStart(stages: {
    /** Asked at any time. */
    readonly queues: readonly QueueFill[];
    readonly pids: readonly number[];
    readonly file: string;
  }): void;
  /** The encoder has all frames and only finishes its file: the next segment may start. */
  onHandedOver(): void;
}

/** Where a film comes from, and goes to, that is no file. */
export interface SegmentPipes {
  readonly feed: Feed | null;
  /** A descriptor. */
  readonly output: number | null;
}

const NO_PIPES: SegmentPipes = { feed: null, output: null };

export interface SegmentContext {
  readonly upscaler: Upscaler;
  /** Where the segment is written; `-`: into `pipes.output`. */
  readonly file: string;
  readonly pipes?: SegmentPipes;
  readonly watch: SegmentWatch;
  readonly pause: Pause;
  readonly preview: PreviewTap;
  readonly stallSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Decodes, upscales and encodes one segment, all at the same time.
 * @throws UpreelError the first cause; whatever else fell with it is ended before. `ffmpeg-failed` also of an ffmpeg in
 *   which nothing moves any more, `engine-died` of such a network.
 */
export async function runSegment(
  plan: VideoPlan,
  segment: Segment,
  { upscaler, file, watch, pause, preview, stallSeconds, signal, pipes = NO_PIPES }: SegmentContext,
): Promise<EncodedSegment> {
  const ptsTicks: number[] = [];
  // One failure stops all stages at once: the others would otherwise wait for a neighbour that is gone.
  const { controller: stop, release } = abortWith(signal);
  const either = stop.signal;
  // Each frame in flight listens.
  setMaxListeners(0, either);
  const failFast = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };

  const inFlight = FRAMES_PER_LANE * upscaler.lanes + LOOK_AHEAD;
  const { clocks } = watch;
  const runs = new NetworkRuns(inFlight, clocks.upscale);
  const counted = runs.watch(upscaler);
  const leadIn = planLeadIn(plan, segment);
  const decoder = startDecoder(plan, leadIn.segment, inFlight + DECODED_CAPACITY + 2, either, pipes.feed);
  const prepared = plan.picture.alpha
    ? bleedFrames(decoder.frames, plan.source.frames?.premultiplied ?? false)
    : decoder.frames;
  const steady = plan.steady === 0 ? null : steadyFrames(plan, upscaler.scale);
  const observed = steady === null ? prepared : steady.observe(prepared);
  const frames = whilePulled(observed, clocks.decode);
  const decoded = new LookAhead('decoded', DECODED_CAPACITY, frames, releaseFrame);
  const { width, height } = plan.picture.alpha ? stackedSize(plan.networkSize) : plan.networkSize;
  const results = new BufferPool(rasterBytes(width, height, plan.format), inFlight + UPSCALED_CAPACITY + 2);
  const channelwise = plan.picture.gray ? grayUpscaler(counted) : counted;
  const framewise = plan.picture.alpha ? stackedUpscaler(channelwise) : channelwise;
  const changes = findChanges(decoded, framewise, plan.reuse);
  const visible = (raster: Raster) => (plan.picture.alpha ? splitStacked(raster)[0] : raster);
  const onResult = (index: number, source: Raster, result: Raster) =>
    preview.offer(segment.startFrame + index, visible(source), visible(result));
  const made = new ChangedResults({
    upscaler: framewise,
    results,
    watch,
    onResult,
    isBefore: leadIn.isBefore,
    signal: either,
  });
  const inOrder = mapInOrder(
    changes,
    inFlight,
    (changed) => failFast(made.upscale(changed)),
    releaseFrame,
    ({ change }) => change !== 'none',
  );
  const steadied = steady === null ? inOrder : withoutLeadIn(steady.steady(inOrder), leadIn);
  const upscaled = new LookAhead('upscaled', UPSCALED_CAPACITY, steadied, releaseFrame);

  let encoder: EncoderProcess | undefined;
  const endWatchdog = watchForStall({
    seconds: stallSeconds,
    pids: () => [decoder.pid, ...(encoder === undefined ? [] : [encoder.pid])],
    progress: () => runs.moved + ptsTicks.length,
    isPaused: () => pause.isOn,
    onStall: () => stop.abort(stalled(runs.length > 0, stallSeconds)),
  });
  try {
    for await (const frame of upscaled) {
      if (encoder === undefined) {
        encoder = startEncoder(plan, file, decoder.sampleAspectRatio(), either, pipes.output);
        watch.onStart({ queues: [decoded, runs, upscaled], pids: [decoder.pid, encoder.pid], file });
      }
      const { write } = encoder;
      await failFast(clocks.encode.during(() => write(frame)));
      ptsTicks.push(frame.ptsTicks);
      frame.release();
      watch.onFrame();
    }
    watch.onHandedOver();
    if (encoder !== undefined) await clocks.encode.during(encoder.finish);
  } finally {
    endWatchdog();
    stop.abort();
    release();
    await encoder?.stop();
  }
  const shown = new Set(ptsTicks);
  const patchedTicks = decoder.patchedTicks().filter((ticks) => shown.has(ticks));
  return { ptsTicks, reuse: made.count, patchedTicks };
}

function steadyFrames({ picture, format, steady }: VideoPlan, scale: number): SteadyFrames {
  const { size, alpha } = picture;
  return new SteadyFrames({
    ...{ size, scale, format },
    isStacked: alpha,
    strength: steady,
    // Those that wait, one that is made, and one at the encoder.
    poolCapacity: UPSCALED_CAPACITY + 2,
  });
}

async function* withoutLeadIn(frames: AsyncIterable<Frame>, { isBefore }: LeadIn): AsyncGenerator<Frame> {
  let index = 0;
  for await (const frame of frames) {
    if (isBefore(frame.ptsTicks, index++)) frame.release();
    else yield frame;
  }
}

/** Frames that wait between decoder and network, and between network and encoder. */
const DECODED_CAPACITY = 2;
const UPSCALED_CAPACITY = 2;
/** Of frames that are one tile: one that runs, and one that lies ready at the session. */
const FRAMES_PER_LANE = 2;
/** Frames in flight beyond those, so that the oldest may wait to be taken while the others move up. */
const LOOK_AHEAD = 1;

/** The pictures that the network has, and whether it moves. */
class NetworkRuns implements QueueFill {
  readonly name = 'network';
  readonly capacity: number;
  /** Changes with every beginning, end and tile of a run. */
  moved = 0;
  readonly #clock: BusyClock;
  #pictures = 0;

  constructor(capacity: number, clock: BusyClock) {
    this.capacity = capacity;
    this.#clock = clock;
  }

  get length(): number {
    // Frames with alpha are two pictures each.
    return Math.min(this.capacity, this.#pictures);
  }

  /** The same upscaler, looked at. */
  watch(upscaler: Upscaler): Upscaler {
    return {
      ...upscaler,
      upscale: (source, options = {}) =>
        this.#during(upscaler.countTiles(source), options, (watched) => upscaler.upscale(source, watched)),
      upscaleParts: (source, parts, options) =>
        this.#during(parts.length, options, (watched) =>
          upscaler.upscaleParts(source, parts, { ...watched, into: options.into }),
        ),
    };
  }

  async #during<T>(tiles: number, options: UpscaleOptions, run: (options: UpscaleOptions) => Promise<T>): Promise<T> {
    let left = tiles;
    const onTile = (pixels: number) => {
      this.moved++;
      // An aborted run is left before its last tiles come.
      if (left > 0) this.#clock.add(-1);
      left = Math.max(0, left - 1);
      options.onTile?.(pixels);
    };
    this.moved++;
    this.#pictures++;
    this.#clock.add(tiles);
    try {
      return await run({ ...options, onTile });
    } finally {
      this.moved++;
      this.#pictures--;
      this.#clock.add(-left);
      left = 0;
    }
  }
}

function releaseFrame(frame: Frame): void {
  frame.release();
}

function stalled(isNetwork: boolean, seconds: number): UpreelError {
  if (isNetwork) {
    return new UpreelError('engine-died', `The network has not moved for ${seconds} seconds.`, {
      hint: 'Run the same command again to go on; if it goes on, --device cpu.',
    });
  }
  return new ProgramError(`ffmpeg has not moved for ${seconds} seconds and was ended.`, [], true);
}

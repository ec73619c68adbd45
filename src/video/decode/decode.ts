import { UpreelError } from '../../core/errors.ts';
import { type Feed, ProgramError, type RunningProgram, startFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { rasterBytes } from '../../core/pixels/raster.ts';
import { findBroken } from '../frame-files/index.ts';
import { ByteReader } from '../frames/byte-reader.ts';
import { BufferPool, type Frame, stackedSize } from '../frames/frame.ts';
import { type NutFrameHeader, NutReader } from '../frames/nut-reader.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import { type Rational, toSeconds } from '../rational.ts';
import { planSeeks } from '../segment/seek.ts';
import type { Segment } from '../segment/segment.ts';
import { CONCEAL, damagedFilm } from '../source/completeness.ts';
import { formatTime } from '../source/damaged-places.ts';
import { PatchedFrames } from '../source/patched-frames.ts';
import { decoderFeed, pipeOffsetTicks, planDecode } from './decode-plan.ts';

/** The decoder of one segment. Iterate `frames` once; leaving it early ends the child. */
export interface Decoder {
  /** Of the child that runs, or ran last. */
  readonly pid: number;
  /** Known when the first frame has come: the shape of a pixel after rotation. */
  readonly sampleAspectRatio: () => Rational | null;
  /**
   * The segment's frames in the order in which they are shown, in buffers of a pool: at most `poolCapacity` are out at
   * a time.
   * @throws UpreelError `input-damaged` with the frame and time where the source cannot be decoded or stops early.
   */
  readonly frames: AsyncIterable<Frame>;
  /**
   * Times of the frames so far that were damaged and are patched, in the frames' ticks; none where damage ends the
   * work.
   */
  readonly patchedTicks: () => readonly number[];
}

/** @param feed where the source is standard input: hands it on to the decoder's, and ends that. */
export function startDecoder(
  plan: VideoPlan,
  segment: Segment,
  poolCapacity: number,
  signal: AbortSignal,
  feed: Feed | null = null,
): Decoder {
  const size = sizeOf(plan);
  const pool = new BufferPool(rasterBytes(size.width, size.height, plan.format), poolCapacity);
  const seeks = planSeeks(plan, segment);
  const start = (seekSeconds: number | null) =>
    startAttempt(plan, seekSeconds, signal, feed ?? decoderFeed(plan.source, seekSeconds ?? partStart(plan)));
  let attempt = start(seeks[0] ?? null);

  async function* frames(): AsyncGenerator<Frame, void, undefined> {
    for (let index = 0; ; index++) {
      const isLast = index === seeks.length - 1;
      if (yield* readFrames({ plan, segment, attempt, pool, mustStartExactly: !isLast, signal })) return;
      attempt = start(seeks[index + 1] ?? null);
    }
  }

  return {
    get pid() {
      return attempt.program.pid;
    },
    sampleAspectRatio: () => attempt.reader.stream?.sampleAspectRatio ?? null,
    frames: frames(),
    patchedTicks: () => attempt.patched.ticks,
  };
}

interface Attempt {
  /** Settles when the source is read; never before the program needs no more of it. */
  readonly feeding: Promise<void>;
  readonly program: RunningProgram;
  readonly reader: NutReader;
  readonly patched: PatchedFrames;
}

function startAttempt(plan: VideoPlan, seekSeconds: number | null, signal: AbortSignal, feed: Feed | null): Attempt {
  const patched = new PatchedFrames(plan.frames.timeBase, pipeOffsetTicks(plan));
  const onLine = (line: string) => patched.read(line);
  const program = startFfmpeg(planDecode(plan, seekSeconds), signal, plan.concealsErrors ? { onLine } : {});
  if (feed === null) program.stdin.end();
  const feeding = feed === null ? Promise.resolve() : feed(program.stdin);
  // Told when the frames that came before it are upscaled.
  feeding.catch(() => {});
  const reader = new NutReader(new ByteReader(program.stdout as AsyncIterable<Uint8Array>));
  return { feeding, program, reader, patched };
}

/** Where a part of a film of pictures can begin to be read: what comes before is neither shown nor remembered. */
function partStart({ picture, source }: VideoPlan): number | null {
  if (picture.trim === null || picture.framesBefore === null) return null;
  const { num, den } = source.video.frameRate;
  return Math.max(0, picture.trim.startSeconds - ((picture.framesBefore + 1) * den) / num);
}

/** @returns false if decoding did not begin at or before the segment's first frame, before any frame was given. */
async function* readFrames({
  plan,
  segment,
  attempt: { feeding, program, reader, patched },
  pool,
  mustStartExactly,
  signal,
}: {
  plan: VideoPlan;
  segment: Segment;
  attempt: Attempt;
  pool: BufferPool;
  mustStartExactly: boolean;
  signal: AbortSignal;
}): AsyncGenerator<Frame, boolean, undefined> {
  const size = sizeOf(plan);
  const bytes = rasterBytes(size.width, size.height, plan.format);
  const offset = pipeOffsetTicks(plan);
  const toSkip = segment.startTicks === null ? segment.startFrame : 0;
  let decoded = 0;
  let count = 0;
  let lastPts = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      const header = await reader.nextFrame();
      if (header === null) break;
      const ptsTicks = toFrameTicks(header.ptsTicks, reader, plan) - offset;
      if (isAfter(plan, segment, ptsTicks, count)) {
        if (count === 0 && !mustStartExactly) throw noPicture(plan, segment);
        if (plan.concealsErrors)
          await patched.until(
            lastPts,
            program.finished().catch(() => {}),
          );
        return count > 0;
      }
      checkFrame(plan, header, bytes, segment.startFrame + count);
      const data = await pool.acquire();
      const isWhole = await reader.readData(data);
      decoded++;
      if (!isWhole || isBefore(segment, ptsTicks) || decoded <= toSkip) {
        pool.release(data);
        if (isWhole) continue;
        break;
      }
      if (count === 0 && mustStartExactly && ptsTicks !== segment.startTicks) {
        pool.release(data);
        return false;
      }
      lastPts = ptsTicks;
      count++;
      yield { raster: { ...size, ...plan.format, data }, ptsTicks, release: () => pool.release(data) };
    }
    await program.finished();
    await feeding;
    if (count === 0 && mustStartExactly) return false;
    checkEnd(plan, segment, count, lastPts);
    return true;
  } catch (error) {
    if (!(error instanceof ProgramError) || error.wasKilled) throw error;
    // Pictures before the segment may lack what they are made of, if decoding began in the middle of something.
    if (count === 0 && mustStartExactly) return false;
    const frame = segment.startFrame + count;
    throw (await pictureError(plan, frame, error, signal)) ?? decodeError(plan, frame, error);
  } finally {
    await program.stop();
  }
}

function isBefore({ startTicks }: Segment, ptsTicks: number): boolean {
  return startTicks !== null && ptsTicks < startTicks;
}

/** The last segment goes to the end of the stream, whatever was counted before. */
function isAfter({ frames }: VideoPlan, segment: Segment, ptsTicks: number, count: number): boolean {
  const { startFrame, endFrame, endTicks } = segment;
  if (endTicks !== null) return ptsTicks >= endTicks;
  return endFrame < frames.count && count >= endFrame - startFrame;
}

function sizeOf({ picture }: VideoPlan): Size {
  return picture.alpha ? stackedSize(picture.size) : picture.size;
}

/** NUT's writer may count in a fraction of the frames' ticks; the times themselves are the same. */
function toFrameTicks(ticks: number, reader: NutReader, plan: VideoPlan): number {
  const from = reader.stream?.timeBase ?? plan.frames.timeBase;
  const to = plan.frames.timeBase;
  return Math.round((ticks * from.num * to.den) / (from.den * to.num));
}

function checkFrame(plan: VideoPlan, header: NutFrameHeader, bytes: number, frame: number): void {
  if (header.dataBytes === bytes) return;
  throw damagedFilm(`Frame ${frame + 1} of ${plan.source.path} has another size than the frames before it.`);
}

/** ffmpeg ends well when a file just stops: what it gave is held against what was listed. */
function checkEnd(
  { frames, source, concealsErrors }: VideoPlan,
  segment: Segment,
  count: number,
  lastPts: number,
): void {
  const { startFrame, endFrame, endTicks } = segment;
  const expectedLast = endTicks === null ? frames.ptsTicks.at(-1) : frames.ptsTicks[endFrame - 1];
  if (count === 0 && startFrame === 0) throw damagedFilm(`Not one picture of ${source.path} can be decoded.`);
  if (count === 0 && concealsErrors) throw noPicture({ source }, segment);
  if (concealsErrors) return;
  if (expectedLast === undefined || count >= endFrame - startFrame) return;
  if (!frames.isExact && lastPts >= expectedLast) return;
  const at = count === 0 ? '' : ` (at ${formatTime(toSeconds(lastPts, frames.timeBase))})`;
  throw damagedFilm(`${source.path} stops after frame ${startFrame + count}${at}, expected ${frames.count} frames.`);
}

function noPicture({ source }: Pick<VideoPlan, 'source'>, { startFrame, endFrame }: Segment): UpreelError {
  return damagedFilm(`${source.path} gives no picture for its frames ${startFrame + 1} to ${endFrame}.`);
}

function decodeError(plan: VideoPlan, frame: number, error: ProgramError): UpreelError {
  const { source, frames } = plan;
  const ticks = frames.ptsTicks[frame];
  const time = ticks === undefined ? '' : ` (at ${formatTime(toSeconds(ticks, frames.timeBase))})`;
  return damagedFilm(`${source.path} is damaged at frame ${frame + 1}${time}: ${reasonOf(error)}.`, error);
}

/** Of a film whose frames are a file each, the one that is broken; null: another film, or none by itself. */
async function pictureError(
  { source }: VideoPlan,
  frame: number,
  error: ProgramError,
  signal: AbortSignal,
): Promise<UpreelError | null> {
  if (source.frames === undefined) return null;
  const broken = await findBroken(source.frames, frame, signal);
  if (broken === null) return null;
  return new UpreelError('input-damaged', `Frame ${broken + 1} (${source.frames.paths[broken]}) cannot be decoded.`, {
    hint: `Make it again; or show the picture before instead with ${CONCEAL}`,
    cause: error,
  });
}

function reasonOf({ lines }: ProgramError): string {
  const fatal = lines.find((line) => line.includes('[fatal]')) ?? '';
  if (fatal.includes('corrupt input packet')) return 'its data is incomplete there';
  if (fatal.includes('corrupt decoded frame')) return 'the picture cannot be decoded without errors';
  return 'ffmpeg cannot decode it';
}

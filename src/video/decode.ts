import type { UpreelError } from '../core/errors.ts';
import { rasterBytes } from '../core/raster.ts';
import { ByteReader } from './byte-reader.ts';
import { damaged, formatTime } from './completeness.ts';
import { pipeOffsetTicks, planDecode } from './decode-plan.ts';
import { ProgramError, type RunningProgram, startFfmpeg } from './ffmpeg.ts';
import { BufferPool, type Frame, stackedSize } from './frame.ts';
import { type NutFrameHeader, NutReader } from './nut-reader.ts';
import type { VideoPlan } from './plan.ts';
import { type Rational, toSeconds } from './rational.ts';

/** One decoder of a source. Iterate `frames` once; leaving it early ends the child. */
export interface Decoder {
  readonly pid: number;
  /** Known when the first frame has come: the shape of a pixel after rotation. */
  readonly sampleAspectRatio: () => Rational | null;
  /**
   * Frames in the order in which they are shown, in buffers of a pool: at most `poolCapacity` are out at a time.
   * @throws UpreelError `input-damaged` with the frame and time where the source cannot be decoded or stops early.
   */
  readonly frames: AsyncIterable<Frame>;
  /** Frames so far that were damaged and are concealed; 0 where damage ends the work. */
  readonly concealedFrames: () => number;
}

export function startDecoder(plan: VideoPlan, poolCapacity: number, signal: AbortSignal): Decoder {
  let concealed = 0;
  const program = startFfmpeg(planDecode(plan), signal, (line) => {
    if (line.includes('corrupt decoded frame')) concealed++;
  });
  program.stdin.end();
  const reader = new NutReader(new ByteReader(program.stdout as AsyncIterable<Uint8Array>));
  return {
    pid: program.pid,
    sampleAspectRatio: () => reader.stream?.sampleAspectRatio ?? null,
    frames: readFrames(plan, program, reader, poolCapacity),
    concealedFrames: () => concealed,
  };
}

async function* readFrames(
  plan: VideoPlan,
  program: RunningProgram,
  reader: NutReader,
  poolCapacity: number,
): AsyncGenerator<Frame, void, undefined> {
  const size = plan.picture.alpha ? stackedSize(plan.picture.size) : plan.picture.size;
  const bytes = rasterBytes(size.width, size.height, plan.format);
  const pool = new BufferPool(bytes, poolCapacity);
  const offset = pipeOffsetTicks(plan);
  let count = 0;
  let lastPts = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      const header = await reader.nextFrame();
      if (header === null) break;
      checkFrame(plan, header, bytes, count);
      const data = await pool.acquire();
      if (!(await reader.readData(data))) break;
      lastPts = toFrameTicks(header.ptsTicks, reader, plan) - offset;
      count++;
      yield { raster: { ...size, ...plan.format, data }, ptsTicks: lastPts, release: () => pool.release(data) };
    }
    await program.finished();
    checkEnd(plan, count, lastPts);
  } catch (error) {
    throw error instanceof ProgramError && !error.wasKilled ? decodeError(plan, count, error) : error;
  } finally {
    await program.stop();
  }
}

/** NUT's writer may count in a fraction of the frames' ticks; the times themselves are the same. */
function toFrameTicks(ticks: number, reader: NutReader, plan: VideoPlan): number {
  const from = reader.stream?.timeBase ?? plan.frames.timeBase;
  const to = plan.frames.timeBase;
  return Math.round((ticks * from.num * to.den) / (from.den * to.num));
}

function checkFrame(plan: VideoPlan, header: NutFrameHeader, bytes: number, count: number): void {
  if (header.dataBytes === bytes) return;
  throw damaged(`Frame ${count + 1} of ${plan.source.path} has another size than the frames before it.`);
}

/** ffmpeg ends well when a file just stops: what it gave is held against what was listed. */
function checkEnd({ frames, source, concealsErrors }: VideoPlan, count: number, lastPts: number): void {
  const expectedLast = frames.ptsTicks.at(-1);
  if (count === 0) throw damaged(`Not one picture of ${source.path} can be decoded.`);
  if (concealsErrors) return;
  if (expectedLast === undefined || count >= frames.count) return;
  if (!frames.isExact && lastPts >= expectedLast) return;
  const time = formatTime(toSeconds(lastPts, frames.timeBase));
  throw damaged(`${source.path} stops after frame ${count} (at ${time}), expected ${frames.count} frames.`);
}

function decodeError(plan: VideoPlan, count: number, error: ProgramError): UpreelError {
  const { source, frames } = plan;
  const ticks = frames.ptsTicks[count];
  const time = ticks === undefined ? '' : ` (at ${formatTime(toSeconds(ticks, frames.timeBase))})`;
  return damaged(`${source.path} is damaged at frame ${count + 1}${time}: ${reasonOf(error)}.`, error);
}

function reasonOf({ lines }: ProgramError): string {
  const fatal = lines.find((line) => line.includes('[fatal]')) ?? '';
  if (fatal.includes('corrupt input packet')) return 'its data is incomplete there';
  if (fatal.includes('corrupt decoded frame')) return 'the picture cannot be decoded without errors';
  return 'ffmpeg cannot decode it';
}

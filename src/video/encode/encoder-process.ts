import type { Writable } from 'node:stream';
import { startFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import { type Frame, stackedSize } from '../frames/frame.ts';
import { writeNutFrameHeader, writeNutHeader } from '../frames/nut-writer.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { Rational } from '../rational.ts';
import { pipeTimes, planEncode } from './encode-plan.ts';

/** One encoder that writes one file. Whoever made it calls `stop` in a `finally`. */
export interface EncoderProcess {
  readonly pid: number;
  /**
   * Hands over a frame's bytes and waits until the pipe has taken them.
   * @throws UpreelError `ffmpeg-failed`, `disk-full`.
   */
  write(frame: Frame): Promise<void>;
  /** Waits until the file is complete. */
  finish(): Promise<void>;
  stop(): Promise<void>;
}

/** @param file `-`: into the descriptor `stdout`. */
export function startEncoder(
  plan: VideoPlan,
  file: string,
  sampleAspectRatio: Rational | null,
  signal: AbortSignal,
  stdout: number | null = null,
): EncoderProcess {
  const program = startFfmpeg(planEncode(plan, file), signal, { stdout });
  program.stdout.resume();
  const { frameRate } = plan;
  const { timeBase, parts, shift } = pipeTimes(plan);
  const size = plan.picture.alpha ? stackedSize(plan.networkSize) : plan.networkSize;
  const header = writeNutHeader({ size, ...plan.format, timeBase, sampleAspectRatio, frameRate });
  let isHeaderWritten = false;

  async function write(frame: Frame): Promise<void> {
    const { data } = frame.raster;
    const before = writeNutFrameHeader(Math.max(0, frame.ptsTicks * parts - shift), data.length);
    try {
      program.stdin.cork();
      if (!isHeaderWritten) program.stdin.write(header);
      isHeaderWritten = true;
      program.stdin.write(before);
      const taken = writeAll(program.stdin, data);
      program.stdin.uncork();
      await taken;
    } catch (error) {
      // The pipe broke because the encoder died: its own words are the cause.
      await program.finished();
      throw error;
    }
  }

  return {
    pid: program.pid,
    write,
    finish: async () => {
      program.stdin.end();
      await program.finished();
    },
    stop: program.stop,
  };
}

function writeAll(stream: Writable, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

import { UpreelError } from '../../core/errors.ts';
import { type FfmpegPlan, startFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { type Raster, rasterBytes } from '../../core/pixels/raster.ts';
import { type FilmSource, framesPlan, lumaPlan, printedTime } from './film-plans.ts';

/** Frames of a film as RGB of 8 bits, in ascending order. @throws UpreelError `input-damaged`, `ffmpeg-missing`. */
export async function* readFrames(
  film: FilmSource,
  numbers: readonly number[],
  size: Size,
  signal: AbortSignal,
): AsyncGenerator<Raster, void, undefined> {
  const format = { channels: 3, bytesPerSample: 1 } as const;
  let given = 0;
  const bytes = rasterBytes(size.width, size.height, format);
  for await (const data of rawFrames(framesPlan(film, numbers, size), bytes, signal)) {
    yield { ...size, ...format, data };
    given++;
  }
  if (given < numbers.length) {
    throw new UpreelError('input-damaged', `${film.path} gives no picture for its frame ${numbers[given]! + 1}.`, {
      hint: 'Get the file again from where it came from.',
    });
  }
}

/**
 * Luma of all frames of a film, 8 bits of full range.
 * @param onTime told the seconds of each frame; it may lag behind, but not beyond the last frame
 */
export function readLuma(
  film: FilmSource,
  size: Size,
  signal: AbortSignal,
  onTime: (seconds: number) => void = () => {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const onLine = (line: string): void => {
    const seconds = printedTime(line);
    if (seconds !== null) onTime(seconds);
  };
  return rawFrames(lumaPlan(film, size), size.width * size.height, signal, onLine);
}

/** Each in a buffer of its own. */
async function* rawFrames(
  plan: FfmpegPlan,
  bytes: number,
  signal: AbortSignal,
  onLine: (line: string) => void = () => {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const program = startFfmpeg(plan, signal, { onLine });
  program.stdin.end();
  try {
    let frame = new Uint8Array(bytes);
    let filled = 0;
    for await (const chunk of program.stdout as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + bytes - filled);
        frame.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < bytes) continue;
        yield frame;
        frame = new Uint8Array(bytes);
        filled = 0;
      }
    }
    await program.finished();
  } finally {
    await program.stop();
  }
}

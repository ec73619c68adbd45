import { UpreelError } from '../../core/errors.ts';
import { startFfmpeg } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { makeRaster, type Raster } from '../../core/pixels/raster.ts';
import { type FilmSource, framesPlan } from './film-plans.ts';

/** Frames of a film as RGB of 8 bits, in ascending order. @throws UpreelError `input-damaged`, `ffmpeg-missing`. */
export async function* readFrames(
  film: FilmSource,
  numbers: readonly number[],
  size: Size,
  signal: AbortSignal,
): AsyncGenerator<Raster, void, undefined> {
  const program = startFfmpeg(framesPlan(film, numbers, size), signal);
  program.stdin.end();
  try {
    let given = 0;
    let frame = makeRaster(size.width, size.height, { channels: 3, bytesPerSample: 1 });
    let filled = 0;
    for await (const chunk of program.stdout as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + frame.data.length - filled);
        frame.data.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled < frame.data.length) continue;
        yield frame;
        given++;
        frame = makeRaster(size.width, size.height, frame);
        filled = 0;
      }
    }
    await program.finished();
    if (given < numbers.length) {
      throw new UpreelError('input-damaged', `${film.path} gives no picture for its frame ${numbers[given]! + 1}.`, {
        hint: 'Get the file again from where it came from.',
      });
    }
  } finally {
    await program.stop();
  }
}

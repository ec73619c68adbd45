import { type FfmpegPlan, ffmpegLines } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { type FilmSource, psnrPlan } from './film-plans.ts';
import { type Flicker, FlickerMeter } from './flicker.ts';
import { readLuma } from './read-frames.ts';

export interface FilmMeasures {
  /** dB of RGB, a number for each frame that both films have; null: equal. */
  readonly psnr: readonly (number | null)[];
  /** Of those frames. */
  readonly flicker: Flicker;
  /** When each frame of the first film is shown, from its first. */
  readonly seconds: readonly number[];
  /** Frames of each film. */
  readonly frames: readonly [number, number];
}

/** What films are measured with: at one size, and by which of them stillness is told. */
export interface FilmPair {
  readonly films: readonly [FilmSource, FilmSource];
  readonly size: Size;
  /** Which of them is the source, and how many times it is enlarged. */
  readonly source: 0 | 1;
  readonly enlargement: number;
}

/** Decodes both films twice. @throws UpreelError `input-damaged`, `ffmpeg-missing`. */
export async function measureFilms(pair: FilmPair, signal: AbortSignal): Promise<FilmMeasures> {
  const [a, b] = pair.films;
  return { psnr: await measurePsnr(a, b, pair.size, signal), ...(await measureFlicker(pair, signal)) };
}

/** dB of RGB, a number for each frame that both films have; null: equal. @throws as `measureFilms` */
export function measurePsnr(
  a: FilmSource,
  b: FilmSource,
  size: Size,
  signal: AbortSignal,
): Promise<readonly (number | null)[]> {
  return printedPsnr(psnrPlan(a, b, size), signal);
}

/** How much the result changes where the source stands still. @throws as `measureFilms` */
export async function measureFlicker(
  { films, size, source, enlargement }: FilmPair,
  signal: AbortSignal,
): Promise<Omit<FilmMeasures, 'psnr'>> {
  const meter = new FlickerMeter(size, enlargement);
  const times: number[] = [];
  const counts = [0, 0] as [number, number];
  const readers = [
    readLuma(films[0], size, signal, (seconds) => times.push(seconds)),
    readLuma(films[1], size, signal),
  ] as const;
  try {
    for (;;) {
      const [left, right] = [await readers[0].next(), await readers[1].next()];
      if (!left.done) counts[0]++;
      if (!right.done) counts[1]++;
      if (left.done && right.done) break;
      if (left.done || right.done) continue;
      meter.add(
        ...((source === 0 ? [left.value, right.value] : [right.value, left.value]) as [Uint8Array, Uint8Array]),
      );
    }
  } finally {
    for (const reader of readers) await reader.return();
  }
  const first = times[0] ?? 0;
  return { flicker: meter.finish(Math.min(...counts)), seconds: times.map((time) => time - first), frames: counts };
}

/** What ffmpeg's filter `metadata` prints: a line for the frame, one for its value. */
async function printedPsnr(plan: FfmpegPlan, signal: AbortSignal): Promise<(number | null)[]> {
  const printed: (number | null)[] = [];
  for await (const line of ffmpegLines(plan, signal)) {
    const value = /^lavfi\.psnr\.psnr_avg=(\S+)/.exec(line)?.[1];
    if (value !== undefined) printed.push(value === 'inf' ? null : Number(value));
  }
  return printed;
}

import { type FfmpegPlan, ffmpegLines } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { type FilmSource, flickerPlan, psnrPlan } from './film-plans.ts';

export interface FilmMeasures {
  /** dB of RGB, a number for each frame that both films have; null: equal. */
  readonly psnr: readonly (number | null)[];
  readonly a: Flicker;
  readonly b: Flicker;
}

/** Of one film, for each of its frames. */
export interface Flicker {
  /** From the first frame. */
  readonly seconds: readonly number[];
  /** Mean difference of luma from the frame before, in levels of 255. */
  readonly change: readonly number[];
}

/** Decodes both films twice, side by side. @throws UpreelError `input-damaged`, `ffmpeg-missing`. */
export async function measureFilms(
  a: FilmSource,
  b: FilmSource,
  size: Size,
  signal: AbortSignal,
): Promise<FilmMeasures> {
  const psnr = (await printedValues(psnrPlan(a, b, size), signal)).map(({ value }) =>
    Number.isFinite(value) ? value : null,
  );
  return { psnr, a: await flickerOf(a, signal), b: await flickerOf(b, signal) };
}

async function flickerOf(film: FilmSource, signal: AbortSignal): Promise<Flicker> {
  const printed = await printedValues(flickerPlan(film), signal);
  const first = printed[0]?.seconds ?? 0;
  return { seconds: printed.map(({ seconds }) => seconds - first), change: printed.map(({ value }) => value) };
}

/** What ffmpeg's filter `metadata` prints: a line for the frame, one for its value. */
async function printedValues(plan: FfmpegPlan, signal: AbortSignal): Promise<{ seconds: number; value: number }[]> {
  const printed: { seconds: number; value: number }[] = [];
  let seconds = 0;
  for await (const line of ffmpegLines(plan, signal)) {
    const time = /^frame:.* pts_time:(\S+)/.exec(line)?.[1];
    if (time !== undefined) seconds = Number(time);
    const value = /^lavfi\.[\w.]+=(\S+)/.exec(line)?.[1];
    if (value !== undefined)
      printed.push({ seconds, value: value === 'inf' ? Number.POSITIVE_INFINITY : Number(value) });
  }
  return printed;
}

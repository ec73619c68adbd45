import type { FfmpegPlan } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { safeInput } from '../../video/index.ts';

/** A film as far as its frames are read. */
export interface FilmSource {
  readonly path: string;
  /** Of the stream that is looked at. */
  readonly streamIndex: number;
  /** As much of its upper left part is looked at; undefined: all. */
  readonly cut?: Size;
}

/** Frames are paired by their number, whatever their times. */
const BY_NUMBER = 'settb=1/1000,setpts=N*1000';

function toSize({ width, height }: Size): string {
  return `scale=${width}:${height}:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int`;
}

function cutTo(cut: Size | undefined): string {
  return cut === undefined ? '' : `,crop=${cut.width}:${cut.height}:0:0:exact=1`;
}

/** Another size of a film without loss, its frames as many as they are. @param kernel of swscale */
export function resizePlan(film: FilmSource, size: Size, kernel: string, target: string): FfmpegPlan {
  const scale = `scale=${size.width}:${size.height}:flags=${kernel}+accurate_rnd+full_chroma_inp+full_chroma_int`;
  const graph = `[0:${film.streamIndex}]null${cutTo(film.cut)},${scale},setsar=1[out]`;
  const coding = ['-fps_mode', 'passthrough', '-c:v', 'ffv1', '-level', '3', '-f', 'matroska'];
  return {
    inputs: [safeInput(film.path)],
    output: { options: ['-filter_complex', graph, '-map', '[out]', ...coding], target: `file:${target}` },
  };
}

/** Prints the PSNR of each frame of RGB, the films at one size. */
export function psnrPlan(a: FilmSource, b: FilmSource, size: Size): FfmpegPlan {
  const side = (input: number, { streamIndex, cut }: FilmSource): string =>
    `[${input}:${streamIndex}]${BY_NUMBER}${cutTo(cut)},${toSize(size)},format=gbrp[side${input}]`;
  const graph = [
    ...[side(0, a), side(1, b)],
    '[side0][side1]psnr=shortest=1,metadata=mode=print:key=lavfi.psnr.psnr_avg:file=-[out]',
  ].join(';');
  return {
    inputs: [safeInput(a.path), safeInput(b.path)],
    output: { options: ['-filter_complex', graph, '-map', '[out]', '-f', 'null'], target: '-' },
  };
}

/**
 * Gives the luma of all frames, 8 bits of full range, one after the other; their times are printed among its messages.
 */
export function lumaPlan({ path, streamIndex }: FilmSource, size: Size): FfmpegPlan {
  const mark = 'upreel.frame';
  const times = `metadata=mode=add:key=${mark}:value=1,metadata=mode=print:key=${mark}:file=pipe\\\\:2`;
  const graph = `[0:${streamIndex}]${times},${toSize(size)},format=gray[out]`;
  return {
    inputs: [safeInput(path)],
    output: {
      options: ['-filter_complex', graph, '-map', '[out]', '-fps_mode', 'passthrough', '-f', 'rawvideo'],
      target: 'pipe:1',
    },
  };
}

/** Of a line that `lumaPlan` prints: the time of a frame in seconds; null: another line. */
export function printedTime(line: string): number | null {
  const time = /^frame:.* pts_time:(\S+)/.exec(line)?.[1];
  return time === undefined ? null : Number(time);
}

/** Gives frames as RGB of 8 bits, one after the other. @param numbers ascending, from 0 */
export function framesPlan({ path, streamIndex }: FilmSource, numbers: readonly number[], size: Size): FfmpegPlan {
  const select = numbers.map((number) => `eq(n\\,${number})`).join('+');
  const graph = `[0:${streamIndex}]select=${select},${toSize(size)},format=rgb24[out]`;
  return {
    inputs: [safeInput(path)],
    output: {
      options: [
        '-filter_complex',
        graph,
        '-map',
        '[out]',
        '-fps_mode',
        'passthrough',
        '-frames:v',
        String(numbers.length),
        '-f',
        'rawvideo',
      ],
      target: 'pipe:1',
    },
  };
}

/** How an excerpt is coded: what browsers play. */
export const EXCERPT_CODINGS = [
  {
    encoder: 'libx264',
    type: 'video/mp4',
    options: ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-movflags', '+faststart', '-f', 'mp4'],
  },
  {
    encoder: 'libvpx-vp9',
    type: 'video/webm',
    options: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '6', '-crf', '28', '-b:v', '0', '-f', 'webm'],
  },
] as const;

export type ExcerptCoding = (typeof EXCERPT_CODINGS)[number];

/** A few seconds without sound. @param size even on both sides */
export function excerptPlan(
  { path, streamIndex }: FilmSource,
  part: { readonly startSeconds: number; readonly seconds: number; readonly size: Size },
  coding: ExcerptCoding,
  target: string,
): FfmpegPlan {
  const { startSeconds, seconds, size } = part;
  const input = safeInput(path);
  return {
    inputs: [{ ...input, options: [...input.options, '-ss', startSeconds.toFixed(3)] }],
    output: {
      options: [
        ...['-map', `0:${streamIndex}`, '-t', seconds.toFixed(3), '-vf', `${toSize(size)},setsar=1,format=yuv420p`],
        ...['-map_metadata', '-1', ...coding.options],
      ],
      target: `file:${target}`,
    },
  };
}

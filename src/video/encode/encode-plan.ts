import type { FfmpegPlan } from '../../core/ffmpeg/ffmpeg.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { formatTimeBase, scaleFilter, yuvOptions } from '../decode/decode-plan.ts';
import type { VideoPlan } from '../plan/video-plan.ts';
import type { Rational } from '../rational.ts';
import { isRgbFormat } from '../source/colour.ts';
import { STANDARD_STREAM } from '../source/containers.ts';
import { colourOptions, frameTagOptions } from './colour-tags.ts';

/**
 * The encoder: raw RGB in NUT through stdin, one file of encoded video out, marked with the source's colours.
 * @param file `-`: standard output, in Y4M, which has one rate and no times.
 */
export function planEncode(plan: VideoPlan, file: string): FfmpegPlan {
  const { encoder, resultColour, postFilters } = plan;
  const isPipe = file === STANDARD_STREAM;
  // As an input's option it replaces the times.
  const rate = plan.frameRate;
  const timeBase = isPipe ? { num: rate.den, den: rate.num } : pipeTimes(plan).timeBase;
  const filters = [
    ...sizeFilters(plan),
    ...toEncodedFilters(plan),
    ...(postFilters === null ? [] : [postFilters, `format=${encoder.pixelFormat}`]),
  ];
  return {
    inputs: [
      {
        // The pipe's header says it all: nothing is read ahead to guess.
        options: [
          '-copyts',
          '-protocol_whitelist',
          'pipe',
          '-fpsprobesize',
          '0',
          '-analyzeduration',
          '0',
          ...(isPipe ? ['-r', `${rate.num}/${rate.den}`] : []),
          ...chromaOption(resultColour.tags),
          '-f',
          'nut',
        ],
        source: 'pipe:0',
      },
    ],
    output: {
      options: [
        ...['-map', '0:v:0', '-vf', [...alphaFilters(plan), ...filters].join(',')],
        ...['-fps_mode', 'passthrough', '-enc_time_base', formatTimeBase(timeBase), ...encoder.options],
        ...colourOptions(resultColour.tags),
        // No versions and no random ids in the file: the same frames give the same bytes.
        ...['-flags:v', '+bitexact', '-fflags', '+bitexact', '-map_metadata', '-1'],
        ...[...encoder.segmentContainer.options, '-f', encoder.segmentContainer.muxer],
      ],
      target: isPipe ? 'pipe:1' : `file:${file}`,
    },
  };
}

/** How times are told in the pipe to the encoder. */
export interface PipeTimes {
  readonly timeBase: Rational;
  /** Ticks of the pipe in one of the frames. */
  readonly parts: number;
  /** What is taken off, in ticks of the pipe. */
  readonly shift: number;
}

/**
 * Frames' ticks where the shift is a whole number of them, else ticks so fine that both are whole (a part of a film at
 * 5 frames a second). Where there is no such unit, frames keep their distances and the shift is rounded to a nanosecond
 * or so.
 */
export function pipeTimes({ frames, shiftSeconds }: Pick<VideoPlan, 'frames' | 'shiftSeconds'>): PipeTimes {
  const { num, den } = frames.timeBase;
  const shift = (shiftSeconds * den) / num;
  if (isWhole(shift, num / den)) return { timeBase: { num, den }, parts: 1, shift: Math.round(shift) };
  const most = Math.max(1, Math.floor(MOST_TICKS_PER_SECOND / den));
  const finer =
    DIVISORS_OF_A_MILLION.find((factor) => isWhole(shiftSeconds * den * factor, 1 / (den * factor))) ?? most;
  const factor = Math.min(finer, most);
  // A numerator of 1: ffmpeg refuses pipes whose time base could be shortened.
  return {
    timeBase: { num: 1, den: den * factor },
    parts: num * factor,
    shift: Math.round(shiftSeconds * den * factor),
  };
}

/** The most that libvpx and libaom take. */
const MOST_TICKS_PER_SECOND = 1_000_000_000;

/** Shifts are told in microseconds. Ascending. */
const DIVISORS_OF_A_MILLION: readonly number[] = [0, 1, 2, 3, 4, 5, 6]
  .flatMap((twos) => [0, 1, 2, 3, 4, 5, 6].map((fives) => 2 ** twos * 5 ** fives))
  .sort((a, b) => a - b);

/** To a nanosecond. */
function isWhole(ticks: number, tickSeconds: number): boolean {
  return Math.abs(ticks - Math.round(ticks)) * tickSeconds < 1e-9;
}

/** Takes the stacked picture apart and puts the lower half behind the upper one as its alpha. */
function alphaFilters({ picture, format }: VideoPlan): string[] {
  if (!picture.alpha) return [];
  const [rgb, gray, rgba] = isDeep(format) ? ['gbrp16le', 'gray16le', 'gbrap16le'] : ['gbrp', 'gray', 'gbrap'];
  // Any of the three equal channels is the alpha; gray by a matrix would round.
  const alpha = `crop=iw:ih/2:0:ih/2,format=${rgb},extractplanes=g,format=${gray}`;
  const merge = `[above][below]mergeplanes=0x00010210:${rgba}`;
  return [`split[colour][stack];[colour]crop=iw:ih/2:0:0,format=${rgb}[above];[stack]${alpha}[below];${merge}`];
}

/** Samples as the encoder stores them: YUV by the film's own matrix, or RGB as it is. */
function toEncodedFilters(plan: VideoPlan): string[] {
  const { encoder, target, encodedSize, resultColour } = plan;
  const { width, height } = isSame(target.scaled, encodedSize) ? target.scaled : encodedSize;
  return [
    scaleFilter([
      ...[`${width}:${height}`, 'flags=lanczos+accurate_rnd+full_chroma_inp+bitexact', 'in_range=pc'],
      ...(isRgbFormat(encoder.pixelFormat) ? ['out_range=pc'] : yuvOptions('out', resultColour, encoder.pixelFormat)),
    ]),
    `format=${encoder.pixelFormat}`,
    ...shapeFilter(plan),
    // The sums may have been those of full range for the sake of headroom; this is what the values mean.
    `setparams=${frameTagOptions(resultColour.tags).join(':')}`,
  ];
}

/** Scaling to rounded sizes makes ffmpeg stretch the pixels by as little, which nobody asked for. */
function shapeFilter({ target, networkSize, source }: VideoPlan): string[] {
  if (isSame(target.scaled, networkSize) && target.sampleAspectRatio === null) return [];
  const { num, den } = target.sampleAspectRatio ?? source.video.sampleAspectRatio ?? { num: 1, den: 1 };
  return [`setsar=${num}/${den}`];
}

/**
 * Scales and brings to the result's size, on planes of RGB: cuts off what is too much, adds black, and repeats the last
 * column or row where the encoder cannot store an odd size (a black line would show).
 */
function sizeFilters({ target, encodedSize, format, picture }: VideoPlan): string[] {
  const { scaled, size } = target;
  if (isSame(scaled, encodedSize)) return [];
  const cut = { width: Math.min(scaled.width, size.width), height: Math.min(scaled.height, size.height) };
  const right = encodedSize.width - size.width;
  const bottom = encodedSize.height - size.height;
  const planes = `gbr${picture.alpha ? 'a' : ''}p${isDeep(format) ? '16le' : ''}`;
  // Black where limited range keeps its headroom.
  const black = picture.headroom ? '0x101010' : 'black';
  return [
    `scale=${scaled.width}:${scaled.height}:flags=lanczos+accurate_rnd+bitexact`,
    `format=${planes}`,
    ...(isSame(cut, scaled) ? [] : [`crop=${cut.width}:${cut.height}`]),
    ...(isSame(cut, size) ? [] : [`pad=${size.width}:${size.height}:(ow-iw)/2:(oh-ih)/2:${black}`]),
    ...(right + bottom === 0
      ? []
      : [
          `pad=${encodedSize.width}:${encodedSize.height}:0:0`,
          `fillborders=right=${right}:bottom=${bottom}:mode=smear`,
        ]),
  ];
}

function isDeep({ bytesPerSample }: VideoPlan['format']): boolean {
  return bytesPerSample === 2;
}

function isSame(left: Size, right: Size): boolean {
  return left.width === right.width && left.height === right.height;
}

/**
 * As an option of the input it marks the frames themselves, which the filter that marks them cannot before ffmpeg 7.
 */
function chromaOption({ chromaLocation }: VideoPlan['resultColour']['tags']): string[] {
  return chromaLocation === null ? [] : ['-chroma_sample_location', chromaLocation];
}

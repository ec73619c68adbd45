import { type Colour, isRgbFormat } from './colour.ts';
import { FORMATS_WITHOUT_TIMES } from './containers.ts';
import type { FfmpegPlan } from './ffmpeg.ts';
import type { VideoPlan } from './plan.ts';
import { safeInput } from './safe-input.ts';

/** What is added to all times in the pipe, because NUT has no negative ones; taken off again by the reader. */
export function pipeOffsetTicks({ source: { video } }: VideoPlan): number {
  const start = video.startSeconds ?? 0;
  return start < 0 ? Math.ceil(((1 - start) * video.timeBase.den) / video.timeBase.num) : 0;
}

/**
 * The decoder: source file in, raw RGB with the source's own times out of stdout. Fails at the first broken frame.
 * @param seekSeconds where to begin, by the source's clock; null: at its start.
 */
export function planDecode(plan: VideoPlan, seekSeconds: number | null): FfmpegPlan {
  const { source, sourceColour, format } = plan;
  const { video } = source;
  const input = safeInput(source.path);
  const hasTimes = !source.formatName.split(',').some((name) => FORMATS_WITHOUT_TIMES.includes(name));
  const rate = hasTimes ? [] : ['-r', `${video.frameRate.num}/${video.frameRate.den}`];
  const offset = pipeOffsetTicks(plan);
  // What comes before the segment is dropped by the reader, by its exact time.
  const seek = seekSeconds === null ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seekSeconds.toFixed(6)];
  const filters = [
    ...(offset === 0 ? [] : [`setpts=PTS+${offset}`]),
    // The size is named so that a change of resolution inside the stream is scaled instead of breaking the pipe.
    scaleFilter([
      ...[`${video.size.width}:${video.size.height}`, 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact'],
      ...(isRgbFormat(video.pixelFormat) ? [] : yuvOptions('in', sourceColour)),
      'out_range=pc',
    ]),
    `format=${format.bytesPerSample === 2 ? 'rgb48le' : 'rgb24'}`,
  ];
  return {
    inputs: [{ options: ['-copyts', '-xerror', ...input.options, ...rate, ...seek], source: input.source }],
    output: {
      options: [
        ...['-map', `0:${video.index}`, '-vf', filters.join(',')],
        ...['-fps_mode', 'passthrough', '-enc_time_base', '-1'],
        ...['-c:v', 'rawvideo', '-map_metadata', '-1', '-map_chapters', '-1', '-write_index', '0', '-f', 'nut'],
      ],
      target: 'pipe:1',
    },
  };
}

/** Options of swscale for the YUV side of a conversion. */
export function yuvOptions(side: 'in' | 'out', { matrix, range, chromaPosition }: Colour): string[] {
  return [
    `${side}_color_matrix=${matrix}`,
    `${side}_range=${range}`,
    `${side}_h_chr_pos=${chromaPosition.horizontal}`,
    `${side}_v_chr_pos=${chromaPosition.vertical}`,
  ];
}

export function scaleFilter(options: readonly string[]): string {
  return `scale=${options.join(':')}`;
}

import { scaleFilter, yuvOptions } from './decode-plan.ts';
import type { FfmpegPlan } from './ffmpeg.ts';
import type { VideoPlan } from './plan.ts';

/** The encoder: raw RGB in NUT through stdin, one file of encoded video out, marked with the source's colours. */
export function planEncode(plan: VideoPlan, file: string): FfmpegPlan {
  const { encoder, resultColour } = plan;
  return {
    inputs: [
      {
        // The pipe's header says it all: nothing is read ahead to guess.
        options: ['-copyts', '-protocol_whitelist', 'pipe', '-fpsprobesize', '0', '-analyzeduration', '0', '-f', 'nut'],
        source: 'pipe:0',
      },
    ],
    output: {
      options: [
        ...['-map', '0:v:0', '-vf', [...padFilters(plan), ...toYuvFilters(plan)].join(',')],
        ...['-fps_mode', 'passthrough', '-enc_time_base', '-1', ...encoder.options],
        ...colourOptions(resultColour.tags),
        // No versions and no random ids in the file: the same frames give the same bytes.
        ...['-flags:v', '+bitexact', '-fflags', '+bitexact', '-map_metadata', '-1'],
        ...[...encoder.segmentContainer.options, '-f', encoder.segmentContainer.muxer],
      ],
      target: `file:${file}`,
    },
  };
}

function toYuvFilters({ encoder, targetSize, encodedSize, resultColour }: VideoPlan): string[] {
  const { width, height } = isPadded(targetSize, encodedSize) ? encodedSize : targetSize;
  return [
    scaleFilter([
      ...[`${width}:${height}`, 'flags=lanczos+accurate_rnd+full_chroma_inp+bitexact', 'in_range=pc'],
      ...yuvOptions('out', resultColour),
    ]),
    `format=${encoder.pixelFormat}`,
  ];
}

/** Repeats the last column or row where the encoder cannot store an odd size; a black line would show. */
function padFilters({ targetSize, encodedSize, format }: VideoPlan): string[] {
  if (!isPadded(targetSize, encodedSize)) return [];
  const right = encodedSize.width - targetSize.width;
  const bottom = encodedSize.height - targetSize.height;
  return [
    // fillborders works on planes.
    `scale=${targetSize.width}:${targetSize.height}:flags=lanczos+accurate_rnd+bitexact`,
    `format=${format.bytesPerSample === 2 ? 'gbrp16le' : 'gbrp'}`,
    `pad=${encodedSize.width}:${encodedSize.height}`,
    `fillborders=right=${right}:bottom=${bottom}:mode=smear`,
  ];
}

function isPadded(target: { width: number; height: number }, encoded: { width: number; height: number }): boolean {
  return target.width !== encoded.width || target.height !== encoded.height;
}

function colourOptions(tags: VideoPlan['resultColour']['tags']): string[] {
  const entries = [
    ['-colorspace', tags.matrix],
    ['-color_range', tags.range],
    ['-color_primaries', tags.primaries],
    ['-color_trc', tags.transfer],
    ['-chroma_sample_location', tags.chromaLocation],
  ] as const;
  return entries.flatMap(([option, value]) => (value === null ? [] : [option, value]));
}

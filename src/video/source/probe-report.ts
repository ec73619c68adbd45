import { z } from 'zod';
import { TIMECODE_TRACK } from './video-info.ts';

/** What ffprobe prints of a file, as far as we look at it. */
const tagsSchema = z.record(z.string(), z.string()).default({});
const streamSchema = z.object({
  index: z.int(),
  codec_type: z.string().default('data'),
  codec_name: z.string().default('unknown'),
  codec_tag_string: z.string().default(''),
  width: z.int().default(0),
  height: z.int().default(0),
  pix_fmt: z.string().optional(),
  sample_aspect_ratio: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  chroma_location: z.string().optional(),
  field_order: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  time_base: z.string().optional(),
  start_pts: z.number().optional(),
  start_time: z.string().optional(),
  nb_frames: z.string().optional(),
  sample_fmt: z.string().optional(),
  sample_rate: z.string().optional(),
  channels: z.int().default(0),
  channel_layout: z.string().optional(),
  bits_per_raw_sample: z.string().optional(),
  disposition: z.record(z.string(), z.number()).default({}),
  tags: tagsSchema,
  side_data_list: z
    .array(z.looseObject({ side_data_type: z.string().default(''), rotation: z.number().optional() }))
    .default([]),
});
export const reportSchema = z.object({
  streams: z.array(streamSchema).default([]),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({
    format_name: z.string(),
    start_time: z.string().optional(),
    duration: z.string().optional(),
    tags: tagsSchema,
  }),
});
export type Report = z.infer<typeof reportSchema>;
export type StreamReport = z.infer<typeof streamSchema>;

export function isCoverArt(stream: StreamReport): boolean {
  return stream.disposition.attached_pic === 1 || stream.disposition.timed_thumbnails === 1;
}

export function isTimecodeTrack({ codec_type: kind, codec_tag_string: tag }: StreamReport): boolean {
  return kind === 'data' && tag === TIMECODE_TRACK;
}

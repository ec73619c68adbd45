import { parseRational, type Rational, toSeconds } from '../rational.ts';
import { isCoverArt, isTimecodeTrack, type StreamReport } from './probe-report.ts';
import {
  type FieldOrder,
  type SoundFacts,
  type StreamInfo,
  type StreamObstacle,
  TIMECODE_TRACK,
  type VideoStream,
} from './video-info.ts';

export function describeStream(stream: StreamReport): StreamInfo {
  const kinds: readonly string[] = ['video', 'audio', 'subtitle', 'attachment'];
  return {
    index: stream.index,
    kind: kinds.includes(stream.codec_type) ? (stream.codec_type as StreamInfo['kind']) : 'data',
    // A video track without samples has a codec's name but no picture format: nothing can be copied of it.
    codec: stream.codec_type === 'video' && stream.pix_fmt === undefined ? 'unknown' : codecOf(stream),
    isCoverArt: isCoverArt(stream),
    startSeconds: startOf(stream),
    language: stream.tags.language ?? null,
    tags: stream.tags,
    dispositions: Object.keys(stream.disposition).filter((name) => stream.disposition[name] === 1),
    sound: stream.codec_type === 'audio' ? describeSound(stream) : null,
    obstacle: obstacleOf(stream),
  };
}

/** Matroska names the key (matroskadec.c); MP4 does so with its packets (encryption.ts). */
function obstacleOf({ codec_type, sample_rate, tags }: StreamReport): StreamObstacle | null {
  if (tags.enc_key_id !== undefined) return 'encrypted';
  return codec_type === 'audio' && !(Number(sample_rate) > 0) ? 'unreadable' : null;
}

/** ffmpeg has no name for a timecode track, but the container's. */
function codecOf(stream: StreamReport): string {
  return isTimecodeTrack(stream) ? TIMECODE_TRACK : stream.codec_name;
}

function describeSound(stream: StreamReport): SoundFacts {
  const layout = known(stream.channel_layout);
  return {
    sampleRate: Number(stream.sample_rate) || 0,
    channels: stream.channels,
    // "6 channels": a number is no layout.
    layout: layout === null || /^\d+ channels/.test(layout) ? null : layout,
    sampleFormat: known(stream.sample_fmt),
    bitsPerRawSample: Number(stream.bits_per_raw_sample) || 0,
  };
}

/** From the ticks: seconds are printed with six digits. */
function startOf({ start_pts, start_time, time_base }: StreamReport): number | null {
  const timeBase = parseRational(time_base);
  if (start_pts !== undefined && timeBase !== null) return toSeconds(start_pts, timeBase);
  return start_time === undefined ? null : Number(start_time);
}

export function describeVideo(stream: StreamReport): VideoStream {
  const rotationDegrees = stream.side_data_list.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  const turned = Math.abs(Math.round(rotationDegrees / 90)) % 2 === 1;
  const pixelFormat = stream.pix_fmt ?? 'unknown';
  const aspect = parseRational(stream.sample_aspect_ratio);
  return {
    ...describeStream(stream),
    kind: 'video',
    size: turned ? { width: stream.height, height: stream.width } : { width: stream.width, height: stream.height },
    rotationDegrees,
    pixelFormat,
    bitsPerSample: bitsPerSampleOf(pixelFormat),
    colour: {
      matrix: known(stream.color_space),
      range: stream.color_range === 'tv' || stream.color_range === 'pc' ? stream.color_range : null,
      primaries: known(stream.color_primaries),
      transfer: known(stream.color_transfer),
      chromaLocation: known(stream.chroma_location),
    },
    frameRate: parseRational(stream.avg_frame_rate) ?? parseRational(stream.r_frame_rate) ?? { num: 25, den: 1 },
    baseRate: parseRational(stream.r_frame_rate),
    timeBase: parseRational(stream.time_base) ?? { num: 1, den: 90_000 },
    declaredFrames: Number(stream.nb_frames) || null,
    fieldOrder: fieldOrderOf(stream.field_order),
    sampleAspectRatio: turned ? invert(aspect) : aspect,
    // GIF always reports an alpha channel; the decoder has already composed its frames.
    hasAlpha:
      stream.tags.alpha_mode === '1' ||
      (stream.codec_name !== 'gif' && /^(yuva|rgba|bgra|argb|abgr|gbrap|ya\d)/.test(pixelFormat)),
    sideData: stream.side_data_list.map((data) => data.side_data_type),
  };
}

/**
 * The first letter is the field that comes first: "tt" where each field is coded alone, "tb" where the two are woven.
 * ffmpeg's own comment reads "tb" as shown bottom first, but in Matroska (FieldOrder 9) it is top first, and ffmpeg 7
 * marks what it encodes top first so.
 */
function fieldOrderOf(order: string | undefined): FieldOrder | null {
  if (order === 'tt' || order === 'tb') return 'tff';
  return order === 'bb' || order === 'bt' ? 'bff' : null;
}

function invert(ratio: Rational | null): Rational | null {
  return ratio === null ? null : { num: ratio.den, den: ratio.num };
}

function known(value: string | undefined): string | null {
  return value === undefined || value === 'unknown' || value === 'unspecified' || value === 'reserved' ? null : value;
}

/** 8 for most; ffmpeg's names of deeper formats end in depth and byte order: yuv420p10le, p010le, rgb48le. */
export function bitsPerSampleOf(pixelFormat: string): number {
  // Floats have more steps than any integers that follow.
  if (/f(16|32)(le|be)$/.test(pixelFormat)) return 16;
  const digits = Number(/(\d+)(?:le|be)$/.exec(pixelFormat)?.[1] ?? 8);
  if (digits === 48 || digits === 64) return 16;
  if (digits === 210 || digits === 410 || pixelFormat.startsWith('x2')) return 10;
  return digits > 16 ? 8 : digits;
}

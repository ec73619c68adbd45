import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { systemErrorCode, UpreelError } from '../core/errors.ts';
import { ProgramError, probeLines } from './ffmpeg.ts';
import { looksLikeMp4, looksLikePlaylist } from './file-end.ts';
import { parseRational, type Rational, toSeconds } from './rational.ts';
import { safeInput, safeSound } from './safe-input.ts';
import { findTimecode } from './timecode.ts';
import {
  type FieldOrder,
  type SoundFacts,
  type StreamInfo,
  type StreamObstacle,
  TIMECODE_TRACK,
  type VideoInfo,
  type VideoStream,
} from './video-info.ts';

/**
 * Reads what a video file is. Opens nothing but the file itself.
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-too-large`, `ffmpeg-missing`.
 */
export async function probeVideo(input: string, signal: AbortSignal): Promise<VideoInfo> {
  const path = resolve(input);
  const fileBytes = await checkFile(path);
  const timed = AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
  try {
    const report = await readReport(path, safeInput(path), timed);
    return describe(path, fileBytes, report);
  } catch (error) {
    signal.throwIfAborted();
    throw await probeError(path, error);
  }
}

const PROBE_TIMEOUT_MS = 60_000;
/** A decoded frame of this many pixels is 600 MB in 16-bit RGB; the largest video standards stay below 34 megapixels. */
const MAX_PIXELS = 100_000_000;

async function checkFile(path: string): Promise<number> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '');
    throw new UpreelError(
      missing ? 'input-missing' : 'input-unreadable',
      `Cannot open ${path}: ${missing ? 'there is no such file' : String(error)}.`,
      {
        hint: 'Check the name and that you may read it.',
        cause: error,
      },
    );
  }
  if (found.isDirectory()) {
    throw new UpreelError('input-unreadable', `${path} is a folder, expected a video file.`, {
      hint: 'Name a file in it.',
    });
  }
  if (!found.isFile()) {
    throw new UpreelError('input-unsupported', `${path} is not a regular file.`, {
      hint: 'Save the video to a file first: upreel reads its source twice.',
    });
  }
  if (found.size === 0) {
    throw new UpreelError('input-unreadable', `${path} is empty (0 bytes).`, {
      hint: 'The download or copy may have failed: fetch the file again.',
    });
  }
  return found.size;
}

/**
 * One picture of a film that has a file for each, as if it were a video.
 * @param demuxer ffmpeg's, of one picture: it follows no names.
 * @throws UpreelError `input-damaged`, naming the picture.
 */
export async function probePicture(path: string, demuxer: string, signal: AbortSignal): Promise<VideoStream> {
  const options = ['-protocol_whitelist', 'file,pipe', '-f', demuxer];
  try {
    const { streams } = await readReport(path, { options, source: `file:${path}` }, signal);
    return describeVideo(chooseVideo(path, streams));
  } catch (error) {
    if (!(error instanceof UpreelError) || error.code === 'ffmpeg-missing') throw error;
    throw new UpreelError('input-damaged', `ffmpeg cannot decode the picture ${path}.`, {
      hint: 'Make it again, or save it as 16-bit PNG or TIFF.',
      cause: error,
    });
  }
}

export interface SoundInfo {
  readonly path: string;
  readonly fileBytes: number;
  /** Those of sound alone. */
  readonly streams: readonly StreamInfo[];
  /** Of the first of them to begin, on the file's own clock. */
  readonly startSeconds: number;
  readonly durationSeconds: number | null;
}

/** A file that has sound, whatever else. @throws UpreelError `input-*`, `ffmpeg-missing`. */
export async function probeSound(input: string, signal: AbortSignal): Promise<SoundInfo> {
  const path = resolve(input);
  const fileBytes = await checkFile(path);
  let report: Report;
  try {
    report = await readReport(path, safeSound(path), signal);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new UpreelError('input-unreadable', `${path} is no sound that ffmpeg can read.`, {
      hint: 'Name a sound file such as WAV, FLAC, MP3 or M4A, or a video with sound.',
      cause: error,
    });
  }
  const streams = report.streams.filter((stream) => stream.codec_type === 'audio').map(describeStream);
  if (streams.length === 0) {
    throw new UpreelError('input-unsupported', `${path} holds no sound, only ${listKinds(report.streams)}.`, {
      hint: 'Name another file with --sound.',
    });
  }
  const durationSeconds = Number(report.format.duration) || null;
  return {
    path,
    fileBytes,
    streams,
    startSeconds: Math.min(...streams.map((stream) => stream.startSeconds ?? 0)),
    durationSeconds,
  };
}

async function readReport(
  path: string,
  { options, source }: ReturnType<typeof safeInput>,
  signal: AbortSignal,
): Promise<Report> {
  const show = ['-show_streams', '-show_format', '-show_chapters', '-of', 'json'];
  const lines: string[] = [];
  let characters = 0;
  for await (const line of probeLines(['-v', 'level+error', ...options, ...show, source], signal)) {
    characters += line.length;
    if (characters > MAX_REPORT_CHARACTERS) {
      throw new UpreelError(
        'input-unsupported',
        `${path} describes itself in more than ${MAX_REPORT_CHARACTERS} characters.`,
      );
    }
    lines.push(line);
  }
  return reportSchema.parse(JSON.parse(lines.join('\n')));
}

const MAX_REPORT_CHARACTERS = 32 * 1024 * 1024;

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
const reportSchema = z.object({
  streams: z.array(streamSchema).default([]),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({
    format_name: z.string(),
    start_time: z.string().optional(),
    duration: z.string().optional(),
    tags: tagsSchema,
  }),
});
type Report = z.infer<typeof reportSchema>;
type StreamReport = z.infer<typeof streamSchema>;

function describe(path: string, fileBytes: number, report: Report): VideoInfo {
  const chosen = chooseVideo(path, report.streams);
  const video = describeVideo(chosen);
  if (video.size.width * video.size.height > MAX_PIXELS) {
    throw new UpreelError(
      'input-too-large',
      `${path} has frames of ${video.size.width}x${video.size.height}, expected at most ${MAX_PIXELS / 1e6} megapixels.`,
    );
  }
  return Object.freeze({
    path,
    fileBytes,
    formatName: report.format.format_name,
    startSeconds: Number(report.format.start_time ?? 0) || 0,
    durationSeconds: Number(report.format.duration) || null,
    tags: report.format.tags,
    chapters: report.chapters.length,
    timecode: findTimecode({
      filmTags: report.format.tags,
      videoTags: chosen.tags,
      tracks: report.streams
        .filter(isTimecodeTrack)
        .map(({ tags, avg_frame_rate }) => ({ tags, rate: parseRational(avg_frame_rate) })),
    }),
    video,
    streams: report.streams.map((stream) => (stream === chosen ? video : describeStream(stream))),
  });
}

/** The first default video stream with pictures, else the first with pictures: what players show. Cover art is none. */
function chooseVideo(path: string, streams: readonly StreamReport[]): StreamReport {
  const real = streams.filter((stream) => stream.codec_type === 'video' && !isCoverArt(stream));
  if (real.length === 0) {
    throw new UpreelError('input-unsupported', `${path} holds no video, only ${listKinds(streams)}.`, {
      hint: 'Choose a file with a video stream.',
    });
  }
  const usable = real.filter((stream) => stream.pix_fmt !== undefined && stream.width > 0 && stream.height > 0);
  const chosen = usable.find((stream) => stream.disposition.default === 1) ?? usable[0];
  if (chosen !== undefined) return chosen;
  const [first] = real;
  if (first?.codec_name === 'unknown') {
    throw new UpreelError(
      'input-unsupported',
      `This ffmpeg has no decoder for the video of ${path} (${first.codec_tag_string}).`,
      {
        hint: 'Install a newer ffmpeg, or convert the file with a program that reads it.',
      },
    );
  }
  throw new UpreelError('input-damaged', `Not one picture of ${path} can be decoded (${first?.codec_name}).`, {
    hint: 'The file is damaged: fetch or copy it again.',
  });
}

function listKinds(streams: readonly StreamReport[]): string {
  const kinds = new Set(streams.map((stream) => (isCoverArt(stream) ? 'cover art' : stream.codec_type)));
  return kinds.size === 0 ? 'no streams at all' : [...kinds].join(', ');
}

function isCoverArt(stream: StreamReport): boolean {
  return stream.disposition.attached_pic === 1 || stream.disposition.timed_thumbnails === 1;
}

function isTimecodeTrack({ codec_type: kind, codec_tag_string: tag }: StreamReport): boolean {
  return kind === 'data' && tag === TIMECODE_TRACK;
}

function describeStream(stream: StreamReport): StreamInfo {
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

function describeVideo(stream: StreamReport): VideoStream {
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

async function probeError(path: string, error: unknown): Promise<unknown> {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new UpreelError('input-unreadable', `${path} could not be read within ${PROBE_TIMEOUT_MS / 1000} seconds.`, {
      cause: error,
    });
  }
  if (error instanceof UpreelError && !(error instanceof ProgramError)) return error;
  const lines = error instanceof ProgramError ? error.lines : [];
  // ffmpeg 7 does not even try a playlist whose name says that it is a film.
  if (lines.some((line) => line.includes('not on whitelist')) || (await looksLikePlaylist(path))) {
    return new UpreelError(
      'input-unsupported',
      `${path} is not a video that upreel opens: its content is of another kind than its name says.`,
      {
        hint: 'Playlists and scripts that point to other files are refused; name the video file itself.',
        cause: error,
      },
    );
  }
  if (await looksLikeMp4(path)) {
    return new UpreelError('input-damaged', `${path} is a cut-off MP4 file: its index (moov) is missing or damaged.`, {
      hint: 'The recording or copy did not finish: copy it again, or mend it by a whole recording of the same device (untrunc).',
      cause: error,
    });
  }
  return new UpreelError('input-unreadable', `${path} is not a video that ffmpeg can read.`, {
    hint: 'Check that it plays in a video player; a text or picture with the name of a video does not.',
    cause: error,
  });
}

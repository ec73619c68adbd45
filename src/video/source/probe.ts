import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemErrorCode, UpreelError } from '../../core/errors.ts';
import { ProgramError } from '../../core/ffmpeg/ffmpeg.ts';
import { parseRational } from '../rational.ts';
import { describeStream, describeVideo } from './describe-stream.ts';
import { looksLikeMp4, looksLikePlaylist } from './file-end.ts';
import { isCoverArt, isTimecodeTrack, type Report, type StreamReport } from './probe-report.ts';
import { type PacketQuestion, readReport } from './read-report.ts';
import { safeInput, safeSound } from './safe-input.ts';
import { findTimecode } from './timecode.ts';
import type { StreamInfo, VideoInfo, VideoStream } from './video-info.ts';

/**
 * Reads what a video file is. Opens nothing but the file itself.
 * @param packets what is asked of its packets beside that
 * @throws UpreelError `input-missing`, `input-unreadable`, `input-unsupported`, `input-too-large`, `ffmpeg-missing`.
 */
export async function probeVideo(input: string, signal: AbortSignal, packets?: PacketQuestion): Promise<VideoInfo> {
  const path = resolve(input);
  const fileBytes = await checkFile(path);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new DOMException('', 'TimeoutError')), PROBE_TIMEOUT_MS);
  // To list all packets takes as long as to read the file: as long as there are more, it goes on.
  const heard: PacketQuestion | undefined = packets && {
    ...packets,
    onLine(line) {
      timer.refresh();
      packets.onLine(line);
    },
  };
  try {
    const report = await readReport(path, safeInput(path), AbortSignal.any([signal, timeout.signal]), heard);
    return describe(path, fileBytes, report);
  } catch (error) {
    signal.throwIfAborted();
    throw await probeError(path, error);
  } finally {
    clearTimeout(timer);
  }
}

const PROBE_TIMEOUT_MS = 60_000;
/**
 * A decoded frame of this many pixels is 600 MB in 16-bit RGB; the largest video standards stay below 34 megapixels.
 */
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

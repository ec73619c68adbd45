import type { Size } from '../../core/pixels/geometry.ts';
import type { FrameFiles } from '../frame-files/frame-files.ts';
import type { Rational } from '../rational.ts';
import type { ShapeCanvas } from '../shapes/canvas.ts';

/** What ffprobe says of a source, in our words. Frozen data. */
export interface VideoInfo {
  /** Absolute. */
  readonly path: string;
  readonly fileBytes: number;
  /** ffmpeg's name of the demuxer, all aliases: "matroska,webm". */
  readonly formatName: string;
  readonly startSeconds: number;
  readonly durationSeconds: number | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly chapters: number;
  readonly timecode: SourceTimecode | null;
  /** The stream that is upscaled; also in `streams`. */
  readonly video: VideoStream;
  readonly streams: readonly StreamInfo[];
  /** Only of a film whose frames are a file each; its other streams are those of its sound's file. */
  readonly frames?: FrameFiles;
  /** Only of a film whose pictures change their shape: `video` then says what they are once they are on it. */
  readonly canvas?: ShapeCanvas;
}

/** A source's timecode, as it says. */
export interface SourceTimecode {
  /** Of the first frame: "10:00:00:00", with a semicolon before the frames where numbers are dropped. */
  readonly start: string;
  /** At which its own track counts; null: it has none, or that says nothing. */
  readonly trackRate: Rational | null;
  /** Whether a track or the video's tags say it; else the film's tags. */
  readonly isOfVideo: boolean;
  readonly hasTrack: boolean;
}

/** The codec of a timecode track of MOV and MP4: data that describe the video. */
export const TIMECODE_TRACK = 'tmcd';

/** Matroska writes names of tags in capitals. */
export function isTimecodeTag(name: string): boolean {
  return name.toLowerCase() === 'timecode';
}

export interface StreamInfo {
  readonly index: number;
  readonly kind: 'video' | 'audio' | 'subtitle' | 'attachment' | 'data';
  /** ffmpeg's name; "unknown" if it has none. */
  readonly codec: string;
  readonly isCoverArt: boolean;
  readonly startSeconds: number | null;
  readonly language: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Names of the dispositions that are set: "default", "forced", ... */
  readonly dispositions: readonly string[];
  /** Of sound alone; null for all else. */
  readonly sound: SoundFacts | null;
  /** Why nothing can be made of it; null: nothing is known against it. */
  readonly obstacle: StreamObstacle | null;
}

/** `unreadable`: it does not even tell its rate: scrambled in a broadcast, or damaged from its beginning. */
export type StreamObstacle = 'encrypted' | 'unreadable';

export interface SoundFacts {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** ffmpeg's name; null where the source names none. */
  readonly layout: string | null;
  /** What ffmpeg decodes it to: "s16", "fltp"; null if it has no decoder. */
  readonly sampleFormat: string | null;
  /** Of the bits of `sampleFormat`, those in use; 0 if not said. */
  readonly bitsPerRawSample: number;
}

export interface VideoStream extends StreamInfo {
  /** As decoded: after rotation by a multiple of 90 degrees. */
  readonly size: Size;
  /** Counter-clockwise, as in the display matrix. */
  readonly rotationDegrees: number;
  readonly pixelFormat: string;
  readonly bitsPerSample: number;
  readonly colour: ColourTags;
  /** Of a film of one rate that rate, else the average. */
  readonly frameRate: Rational;
  /** ffprobe's guess of the rate whose multiples the times are; null: none. */
  readonly baseRate: Rational | null;
  readonly timeBase: Rational;
  /** Frames that the container declares; null where it declares none. An estimate: see scan.ts for the count. */
  readonly declaredFrames: number | null;
  /** What the container or codec says of the order of fields: top or bottom first; null: progressive or unknown. */
  readonly fieldOrder: FieldOrder | null;
  /** Shape of a pixel as the container or codec says, after rotation; null: unknown, taken for square. */
  readonly sampleAspectRatio: Rational | null;
  readonly hasAlpha: boolean;
  /** Names of ffmpeg's side data: "Mastering display metadata", "Display Matrix", ... */
  readonly sideData: readonly string[];
}

/** Which field of an interlaced frame was taken first. */
export type FieldOrder = 'tff' | 'bff';

/** ffmpeg's names; null where the source says nothing. */
export interface ColourTags {
  readonly matrix: string | null;
  readonly range: 'tv' | 'pc' | null;
  readonly primaries: string | null;
  readonly transfer: string | null;
  readonly chromaLocation: string | null;
}

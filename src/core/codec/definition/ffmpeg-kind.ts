import type { Size } from '../../pixels/geometry.ts';
import type { FrameMeaning } from '../by-ffmpeg/unpack.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';

/** A format whose pixels ffmpeg decodes; what it says of itself is read here, before ffmpeg sees it. */
export interface FfmpegKind {
  readonly by: 'ffmpeg';
  /** ffmpeg's demuxer: named, never guessed. */
  readonly demuxer: string;
  /** @throws UpreelError `input-damaged`, `input-unsupported`. */
  readHeader(source: ByteSource, path: string): Promise<FfmpegHeader>;
}

export interface FfmpegHeader {
  /** As the decoder gives it. */
  readonly size: Size;
  readonly metadata?: Partial<PictureMetadata>;
  /** As EXIF counts. Default: 1, upright. */
  readonly orientation?: number;
  readonly warnings: readonly string[];
  readonly upperBits?: FrameMeaning['upperBits'];
  /** Default: straight. */
  readonly alpha?: FrameMeaning['alpha'];
  /** The decoder may tell a profile that only it can read. */
  readonly profileInDecoder?: boolean;
}

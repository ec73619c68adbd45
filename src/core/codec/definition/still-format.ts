import type { ByteSource } from '../bytes/byte-source.ts';
import type { FfmpegKind } from './ffmpeg-kind.ts';
import type { LibvipsKind } from './libvips-kind.ts';
import type { Mark } from './marks.ts';
import type { PlainReading } from './plain-kind.ts';
import type { WrittenFormat } from './written-format.ts';

/** All that upreel knows of a format of pictures: each has a file in `formats/`, which says this of it. */
export interface StillFormat {
  /** For people. */
  readonly name: string;
  /**
   * The endings that people know it by, in lower case. In folders files with these endings are looked for, so that none
   * is here that also means something else (.rgb, .pic).
   */
  readonly extensions: readonly string[];
  /** By the first bytes; of several formats that say yes the first of the list counts. null: it has no mark there. */
  readonly mark: Mark | null;
  /** A closer look at a file that has no format's mark. */
  readonly isLikely?: (file: UnmarkedFile) => Promise<boolean>;
  readonly read: Reading;
  /**
   * Whether a file of it moves and ffmpeg, too, can read how: then it can be taken as a film. Default: none.
   * @throws UpreelError `input-missing`, `input-unreadable`.
   */
  readonly isFilm?: (path: string) => Promise<boolean>;
  /** How a file of it says that it was made; null: it does not. Default: in its XMP. */
  readonly readMade?: (source: ByteSource) => Promise<string | null>;
  /** How it is written. Default: not at all. */
  readonly write?: WrittenFormat;
}

export interface UnmarkedFile {
  readonly path: string;
  /** Up to 512 bytes. */
  readonly head: Buffer;
  readonly source: ByteSource;
}

/** Who decodes it: libvips, upreel itself, ffmpeg (a picture, or the tracks of an animation), or libheif. */
export type Reading =
  | LibvipsKind
  | PlainReading
  | FfmpegKind
  | { readonly by: 'ffmpeg-tracks' }
  | { readonly by: 'libheif' };

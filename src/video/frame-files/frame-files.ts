import type { Rational } from '../rational.ts';

/** A film whose frames are a file each. Frozen data. */
export interface FrameFiles {
  /** One for each frame, absolute; a picture that is held stands there several times. */
  readonly paths: readonly string[];
  /** Pictures a second. */
  readonly rate: Rational;
  /** ffmpeg's name of the decoder, and its options. */
  readonly decoder: string;
  readonly decoderOptions: readonly string[];
  /** What makes all pictures alike and upright, before anything else. */
  readonly filters: readonly string[];
  readonly sound: SoundFile | null;
  /** Their colours come multiplied with the alpha out of the decoder. */
  readonly premultiplied: boolean;
}

/** The file that gives such a film its sound. */
export interface SoundFile {
  /** Absolute. */
  readonly path: string;
  /** Where its sound begins on its own clock: at the first frame. */
  readonly startSeconds: number;
}

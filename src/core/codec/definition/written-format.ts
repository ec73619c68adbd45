import type { Sharp } from 'sharp';
import type { AnimationPlan, AnimationWriter } from '../animation/writer.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import type { MetadataPlaces } from './metadata-places.ts';
import type { PictureEncoding } from './picture-encoding.ts';
import type { RowFile, RowPicture } from './row-picture.ts';

/** How pictures are written in a format. */
export interface WrittenFormat {
  /** Endings of names that ask for it, in lower case; people are told of the first. */
  readonly endings: readonly [`.${string}`, ...`.${string}`[]];
  readonly abilities: FormatAbilities;
  readonly places: MetadataPlaces;
  /** How one picture becomes a file; null: as an animation of one page. */
  readonly still: StillWriting | null;
  /** Starts an animation. Default: the format holds none. @throws UpreelError if this machine cannot write it. */
  readonly animate?: (plan: AnimationPlan) => Promise<AnimationWriter>;
  /** @throws UpreelError `usage` if the kind of it that a file's name asks for cannot hold such samples. */
  readonly checkName?: (path: string, samples: Pick<RowPicture, 'channels' | 'alpha'>) => void;
  /**
   * Finds out before the work whether this machine can write it, and with what metadata.
   * @throws UpreelError `ffmpeg-missing`, `usage`.
   */
  readonly prove?: (prepared: PreparedMetadata, settings: ProvenSettings) => Promise<PreparedMetadata>;
  /** What becomes of a picture by being of this format, in sentences for people. */
  readonly warningsOf?: (shown: Shown) => readonly string[];
}

/** What a format can hold. */
export interface FormatAbilities {
  /** The longest side, in pixels. */
  readonly maxSidePx: number;
  /**
   * Megapixels beyond which its encoder fails or takes gigabytes of memory (bytes a pixel: 16 for WebP, 40 for AVIF and
   * GIF, 100 for JPEG XL).
   */
  readonly maxMegapixels: number;
  readonly alpha: boolean;
  readonly sixteenBit: boolean;
  /** One picture, an animation, or a sheaf of pages of any sizes. */
  readonly pages: 'one' | 'animation' | 'sheaf';
  /** `never`: no lossless form; `always`: no other. */
  readonly lossless: 'never' | 'optional' | 'always';
  /** 0 to 100, used where no quality is asked for. */
  readonly defaultQuality: number;
  /** Why a quality changes nothing though it has losses, to be said behind the name. Default: it does change. */
  readonly noQuality?: string;
}

export type StillWriting = LibvipsWriting | ConvertedWriting | RowWriting;

/** libvips encodes the pixels; the metadata are put in afterwards. */
export interface LibvipsWriting extends Completed {
  readonly by: 'libvips';
  /** Without metadata. */
  readonly encode: (pipeline: Sharp, encoding: PictureEncoding) => Sharp;
}

/** Made of a file that libvips writes quickly. */
export interface ConvertedWriting extends Completed {
  readonly by: 'conversion';
  readonly from: 'png' | 'tiff';
}

interface Completed {
  /** Makes the complete file of what libvips has encoded, a file for each page: its name. */
  readonly complete: (
    pageFiles: readonly string[],
    encoding: PictureEncoding,
    context: CompletionContext,
  ) => Promise<string>;
}

/** upreel writes the rows as they come. */
export interface RowWriting {
  readonly by: 'rows';
  /** Starts a new file. @throws the system's error if it exists or cannot be made. */
  readonly create: (path: string, picture: RowPicture) => Promise<RowFile>;
}

export interface CompletionContext {
  /** The name of a new temporary file. */
  readonly newFile: (extension: string) => Promise<string>;
  /** Of the result's name. */
  readonly extension: string;
  readonly signal: AbortSignal;
}

/** As the format can hold it, and a sentence for each thing that it cannot. */
export interface PreparedMetadata {
  readonly metadata: PictureMetadata;
  readonly warnings: readonly string[];
}

export type ProvenSettings = Pick<PictureEncoding, 'quality' | 'lossless' | 'effort' | 'channels'>;

export interface Shown {
  readonly delaysMs: readonly number[];
  /** Whether some of the result is transparent. */
  readonly alpha: boolean;
}

import type { Raster } from '../../pixels/raster.ts';
import type { Effort } from '../effort.ts';
import type { OutputFormat } from '../formats/list.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import type { PagePlan } from './written-layout.ts';

/** A file to be written, and the rows that will come. */
export interface PictureFilePlan {
  /** The pages as their rows come, in order. */
  readonly pages: readonly PagePlan[];
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
  readonly format: OutputFormat;
  /** 0 to 100; null: the format's default. Means nothing where no data is lost. */
  readonly quality: number | null;
  readonly effort: Effort;
  readonly lossless: boolean;
  /** As the source's reader gave it; orientation and sizes in it are brought up to date. */
  readonly metadata: PictureMetadata;
  /** Leave out EXIF, XMP, IPTC and density. */
  readonly strip: boolean;
  /** How it is made, in a line for its metadata; null, and with `strip`: that is not told. */
  readonly made: string | null;
  /** The colour behind alpha and around the picture, as #rrggbb, to write one without alpha; null keeps alpha. */
  readonly flatten: string | null;
  readonly overwrite: boolean;
}

/** Takes a picture's rows from top to bottom, page after page, and makes the file appear when it is complete. */
export interface PictureSink {
  /** What the format cannot hold, known before the first row. */
  readonly warnings: readonly string[];
  /** Whole rows of the current page; `alpha` of the same size if the plan has alpha, else null. */
  writeRows(rows: { readonly colour: Raster; readonly alpha: Raster | null }): Promise<void>;
  /** @throws UpreelError `output-exists`, `disk-full`, `output-unwritable`; nothing is left behind then. */
  finish(): Promise<{ readonly bytes: number }>;
  /** Leaves nothing behind. Harmless after `finish` and when repeated. */
  abort(): Promise<void>;
}

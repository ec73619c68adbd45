import type { Size } from '../../pixels/geometry.ts';
import type { Raster } from '../../pixels/raster.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';

/** One picture without pages, as its header tells. */
export interface StillHeader {
  /** As the pixels are decoded. */
  readonly size: Size;
  /** As EXIF counts, of the decoded pixels. Default: 1, upright. */
  readonly orientation?: number;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly alpha: boolean;
  /** What is left out is not known. */
  readonly metadata?: Partial<PictureMetadata>;
  readonly warnings: readonly string[];
}

export interface StillPixels {
  readonly colour: Raster;
  readonly alpha: Raster | null;
  /** Beyond those of the header. */
  readonly warnings: readonly string[];
}

import type { Rect, Size } from '../../pixels/geometry.ts';
import type { Effort } from '../effort.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';

/** How finished rows become a file, whatever its format. */
export interface PictureEncoding {
  /** 0 to 100; null: the format's default. */
  readonly quality: number | null;
  readonly effort: Effort;
  readonly lossless: boolean;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  /** The carrier's pixels have alpha. */
  readonly alpha: boolean;
  /** What lies around an opaque picture, as #rrggbb; null: black. */
  readonly flatten: string | null;
  /** What a page is resampled to where the carrier's size differs. */
  readonly resized: Size;
  /** What of it the file shows, in its pixels, and what lies around it; null: just that. */
  readonly canvas: Rect | null;
  /** Of a page in the file. */
  readonly size: Size;
  readonly metadata: PictureMetadata;
  /** How the picture is made, for PNM, which has no metadata but a line; null: that is not told. */
  readonly made: string | null;
}

/** 1 to 100, as libvips takes it. @param usual where none is asked for */
export function libvipsQuality(quality: number | null, usual: number): number {
  return Math.max(1, Math.round(quality ?? usual));
}

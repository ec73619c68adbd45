import type { ByteSource } from '../bytes/byte-source.ts';
import type { Density } from '../metadata/exif.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import type { TiffPageFacts } from '../tiff/tiff-page-facts.ts';

/** A format whose pixels libvips decodes. */
export interface LibvipsKind {
  readonly by: 'libvips';
  /** What libvips' pages are: none, whatever it counts; one after the other in time; or of any sizes, side by side. */
  readonly pages: 'one' | 'animation' | 'sheaf';
  /** What libvips does not tell. @throws UpreelError `input-damaged`, `input-unsupported`. */
  readHeader(source: ByteSource, path: string): Promise<Partial<OwnHeader>>;
}

/** What upreel reads from a file itself, because libvips does not tell it. */
export interface OwnHeader {
  readonly density: Density | null;
  /**
   * These only where libvips does not find them: camera data of TIFF, what stands in a PNG's text or behind its pixels.
   */
  readonly icc: Uint8Array | null;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  readonly iptc: Uint8Array | null;
  readonly pngColour: PictureMetadata['pngColour'];
  /** There is a colour profile in the file; libvips may not give it. Of a PNG alone. */
  readonly hasProfile: boolean;
  /** Colours come multiplied with alpha out of the decoder. */
  readonly premultiplied: boolean;
  /** The pages of a TIFF file; empty for the other formats. */
  readonly tiffPages: readonly TiffPageFacts[];
  readonly warnings: readonly string[];
}

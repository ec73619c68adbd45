import type { ByteSource } from '../bytes/byte-source.ts';
import { cicpChunk, type PictureMetadata } from '../metadata/metadata.ts';
import { readHeifFile } from './heif-boxes.ts';
import { heifExtras } from './heif-extras.ts';
import { codePoints, isPremultiplied, primaryItem } from './heif-picture.ts';

export interface AvifFacts {
  readonly pngColour: PictureMetadata['pngColour'];
  /** The primary item's colours are multiplied with its alpha, which the decoder leaves to us. */
  readonly premultiplied: boolean;
  readonly warnings: readonly string[];
}

/** What libvips does not tell of an AVIF. */
export async function readAvif(source: ByteSource, path: string): Promise<AvifFacts> {
  const file = await readHeifFile(source);
  const { meta } = file;
  const primary = meta === null ? null : primaryItem(meta);
  return {
    pngColour: cicpChunk(primary === null ? null : codePoints(primary)),
    premultiplied: meta !== null && isPremultiplied(meta),
    warnings: heifExtras(file, path),
  };
}

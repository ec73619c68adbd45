import type { Size } from '../../../pixels/geometry.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { Piece } from '../../bytes/rewrite.ts';
import type { PictureMetadata } from '../../metadata/metadata.ts';

/**
 * The WebP file in its extended form (VP8X), with profile, EXIF and XMP chunks. `alpha`: whether the pixels have it.
 */
export async function webpPieces(
  source: ByteSource,
  metadata: PictureMetadata,
  picture: Size & { readonly alpha: boolean },
): Promise<Piece[]> {
  const head = await source.read(0, 30);
  const extended = head.toString('latin1', 12, 16) === 'VP8X';
  const { icc, exif, xmp } = metadata;
  const flags =
    (extended ? head.readUInt8(20) : picture.alpha ? WEBP_FLAG.alpha : 0) |
    (icc === null ? 0 : WEBP_FLAG.icc) |
    (exif === null ? 0 : WEBP_FLAG.exif) |
    (xmp === null ? 0 : WEBP_FLAG.xmp);
  const canvas = Buffer.alloc(10);
  canvas.writeUInt8(flags, 0);
  canvas.writeUIntLE(picture.width - 1, 4, 3);
  canvas.writeUIntLE(picture.height - 1, 7, 3);
  const before = [makeWebpChunk('VP8X', canvas), ...(icc === null ? [] : [makeWebpChunk('ICCP', icc)])];
  const after = [
    ...(exif === null ? [] : [makeWebpChunk('EXIF', exif)]),
    ...(xmp === null ? [] : [makeWebpChunk('XMP ', xmp)]),
  ];
  const pixels = { start: extended ? 30 : 12, end: source.size };
  const added = [...before, ...after].reduce((sum, { length }) => sum + length, 0);
  const riff = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  riff.writeUInt32LE(4 + added + (pixels.end - pixels.start), 4);
  return [riff, ...before, pixels, ...after];
}

export const WEBP_FLAG = { icc: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04, animation: 0x02 } as const;

export function makeWebpChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(8 + data.length + (data.length % 2));
  chunk.write(type, 'latin1');
  chunk.writeUInt32LE(data.length, 4);
  chunk.set(data, 8);
  return chunk;
}

import sharp from 'sharp';
import {
  ALPHA_8,
  ALPHA_16,
  byFfmpeg,
  OPAQUE_8,
  OPAQUE_16,
  type PictureKind,
  type Raster4,
  sharpOf,
  sort,
} from './picture-sorts.ts';

/** Every kind of picture that upreel reads, and what samples of it. */
export const KINDS: readonly PictureKind[] = [
  {
    ...{ name: 'JPEG', extension: 'jpg', sorts: OPAQUE_8 },
    async make(path, picture) {
      await sharpOf(picture).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toFile(path);
      return await readBySharp(path, picture);
    },
  },
  {
    ...{ name: 'PNG', extension: 'png', sorts: [...OPAQUE_8, ...ALPHA_8, ...OPAQUE_16, ...ALPHA_16] },
    async make(path, picture) {
      await sharpOf(picture).png().toFile(path);
      return null;
    },
  },
  {
    ...{ name: 'WebP', extension: 'webp', sorts: [sort(3, 8), sort(3, 8, true)] },
    async make(path, picture) {
      await sharpOf(picture).webp({ lossless: true, exact: true }).toFile(path);
      return null;
    },
  },
  {
    ...{ name: 'TIFF', extension: 'tif', sorts: [...OPAQUE_8, ...ALPHA_8, ...OPAQUE_16, ...ALPHA_16] },
    async make(path, picture) {
      await sharpOf(picture).tiff({ compression: 'lzw' }).toFile(path);
      return null;
    },
  },
  {
    ...{ name: 'GIF', extension: 'gif', sorts: [sort(3, 8)] },
    async make(path, picture) {
      await sharpOf(picture).gif({ dither: 0 }).toFile(path);
      // Always with alpha: whether a later picture of the file has holes is not known from its first.
      const data = await sharp(path).ensureAlpha().raw().toBuffer();
      return { ...picture, bands: 4, data: new Uint8Array(data) };
    },
  },
  {
    ...{ name: 'AVIF', extension: 'avif', sorts: [sort(3, 8), sort(3, 8, true)] },
    async make(path, picture) {
      await sharpOf(picture).avif({ lossless: true, effort: 0 }).toFile(path);
      return null;
    },
  },
  byFfmpeg(
    'AVIF of ffmpeg',
    'avif',
    ['-c:v', 'libaom-av1', '-aom-params', 'lossless=1', '-cpu-used', '8', '-colorspace', 'rgb', '-color_range', 'pc'],
    {},
    // Monochrome ones are decoded to three equal channels.
    [sort(3, 10), sort(3, 12)],
  ),
];

/** For what the kind cannot hold as it was. */
async function readBySharp(path: string, picture: Raster4): Promise<Raster4> {
  const space = picture.bands <= 2 ? 'b-w' : 'srgb';
  const data = await sharp(path, { ignoreIcc: true }).toColourspace(space).raw().toBuffer();
  return { ...picture, data: new Uint8Array(data) };
}

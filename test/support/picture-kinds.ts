import { writeFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { codeHevc, heifFile, nclx, pictureItem } from './heif-file.ts';
import {
  ALPHA_8,
  ALPHA_16,
  byFfmpeg,
  OPAQUE_8,
  OPAQUE_16,
  type PictureKind,
  type Raster4,
  rawFor,
  type Sort,
  sharpOf,
  sort,
} from './picture-sorts.ts';

/** Every kind of picture that upreel reads, and what samples of it. */
export const KINDS: readonly PictureKind[] = [
  bySharp('JPEG', 'jpg', OPAQUE_8, (pipeline) => pipeline.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }), {
    lossy: true,
  }),
  bySharp('PNG', 'png', [...OPAQUE_8, ...ALPHA_8, ...OPAQUE_16, ...ALPHA_16], (pipeline) => pipeline.png()),
  bySharp(
    'WebP',
    'webp',
    [sort(3, 8), sort(3, 8, true)],
    (pipeline, delay) => pipeline.webp({ lossless: true, exact: true, ...(delay === null ? {} : { delay }) }),
    { animated: true },
  ),
  bySharp('TIFF', 'tif', [...OPAQUE_8, ...ALPHA_8, ...OPAQUE_16, ...ALPHA_16], (pipeline) =>
    pipeline.tiff({ compression: 'lzw' }),
  ),
  {
    ...{ name: 'GIF', extension: 'gif', sorts: [sort(3, 8)] },
    async make(path, picture) {
      await sharpOf(picture).gif({ dither: 0 }).toFile(path);
      // Always with alpha: whether a later picture of the file has holes is not known from its first.
      return await readBySharp(path, { ...picture, bands: 4 });
    },
  },
  bySharp(
    'AVIF',
    'avif',
    [sort(3, 8), sort(3, 8, true)],
    (pipeline) => pipeline.avif({ lossless: true, effort: 0 }),
    // It is turned by a property of the picture, not by EXIF.
    { turned: false },
  ),
  byFfmpeg(
    'AVIF of ffmpeg',
    'avif',
    ['-c:v', 'libaom-av1', '-aom-params', 'lossless=1', '-cpu-used', '8', '-colorspace', 'rgb', '-color_range', 'pc'],
    {},
    // Monochrome ones are decoded to three equal channels.
    [sort(3, 10), sort(3, 12)],
  ),
  {
    ...{ name: 'HEIC', extension: 'heic', size: [48, 32], sorts: [sort(3, 8), sort(3, 10), sort(3, 12)] },
    async make(path, picture, { bits }) {
      const [data] = rawFor(picture, sort(3, bits), 'planar');
      const { width, height } = picture;
      const coded = codeHevc(Buffer.from(data), { width, height, pixelFormat: bits === 8 ? 'gbrp' : `gbrp${bits}le` });
      const items = [pictureItem(1, coded, [nclx(1, 13, 0, true)])];
      writeFileSync(path, heifFile({ items, primary: 1, references: [] }));
      return null;
    },
  },
  byFfmpeg('JPEG XL', 'jxl', ['-c:v', 'libjxl', '-distance', '0'], {}, [
    ...[...OPAQUE_8, ...ALPHA_8, ...OPAQUE_16, ...ALPHA_16],
  ]),
  byFfmpeg('JPEG 2000', 'jp2', ['-c:v', 'libopenjpeg', '-numresolution', '2', '-f', 'image2'], {}, [
    ...[...OPAQUE_8, ...ALPHA_8, sort(3, 16), sort(3, 16, true)],
  ]),
  byFfmpeg('BMP', 'bmp', ['-c:v', 'bmp'], { '8 bits RGB': 'bgr24', '8 bits RGB with alpha': 'bgra' }, [
    ...[sort(3, 8), sort(3, 8, true)],
  ]),
  byFfmpeg('TGA', 'tga', ['-c:v', 'targa'], { '8 bits RGB': 'bgr24', '8 bits RGB with alpha': 'bgra' }, [
    ...[...OPAQUE_8, sort(3, 8, true)],
  ]),
  byFfmpeg('PPM', 'ppm', ['-c:v', 'ppm'], { '16 bits RGB': 'rgb48be' }, [sort(3, 8), sort(3, 16)]),
  byFfmpeg('PGM', 'pgm', ['-c:v', 'pgm'], { '16 bits gray': 'gray16be' }, [...[sort(1, 8), sort(1, 16)]]),
  byFfmpeg(
    'PAM',
    'pam',
    ['-c:v', 'pam'],
    { '16 bits RGB with alpha': 'rgba64be', '16 bits gray with alpha': 'ya16be' },
    [...[...ALPHA_8, ...ALPHA_16]],
  ),
  byFfmpeg('DPX', 'dpx', ['-c:v', 'dpx'], { '8 bits RGB with alpha': 'abgr' }, [
    ...[sort(3, 8), sort(3, 8, true), sort(3, 10), sort(3, 12), sort(3, 16)],
  ]),
  byFfmpeg('SGI', 'sgi', ['-c:v', 'sgi'], {}, [...OPAQUE_8, sort(3, 8, true)]),
  byFfmpeg('PCX', 'pcx', ['-c:v', 'pcx'], {}, [sort(3, 8)]),
];

function bySharp(
  name: string,
  extension: string,
  sorts: readonly Sort[],
  encode: (pipeline: Sharp, delay: number[] | null) => Sharp,
  { lossy = false, animated = false, turned = true } = {},
): PictureKind {
  const given = async (path: string, picture: Raster4) => (lossy ? await readBySharp(path, picture) : null);
  return {
    ...{ name, extension, sorts },
    async make(path, picture) {
      await encode(sharpOf(picture), null).toFile(path);
      return await given(path, picture);
    },
    async withProfile(path, picture, profile) {
      await encode(sharpOf(picture), null).withIccProfile(profile).toFile(path);
      // Converted on the way in.
      return await readBySharp(path, picture);
    },
    ...(turned && {
      async turned(path, picture, orientation) {
        await encode(sharpOf(picture), null).withMetadata({ orientation }).toFile(path);
        return await given(path, picture);
      },
    }),
    ...(animated && {
      async animated(path, pictures, delaysMs) {
        const [first] = pictures;
        const data = new Uint8Array(Buffer.concat(pictures.map((picture) => picture.data)));
        const tall = sharp(data, {
          raw: {
            ...{ width: first!.width, height: first!.height * pictures.length, channels: first!.bands },
            pageHeight: first!.height,
          },
        });
        await encode(tall, [...delaysMs]).toFile(path);
      },
    }),
  };
}

/** What the file holds, for a kind that cannot hold everything as it was. */
async function readBySharp(path: string, picture: Raster4): Promise<Raster4> {
  const pipeline = sharp(path, { ignoreIcc: true }).toColourspace(picture.bands <= 2 ? 'b-w' : 'srgb');
  const data = await (picture.bands === 4 ? pipeline.ensureAlpha() : pipeline).raw().toBuffer();
  return { ...picture, data: new Uint8Array(data) };
}

import { rewriteFile } from '../bytes/rewrite.ts';
import { startsWith } from '../definition/marks.ts';
import { ALL_PLACES } from '../definition/metadata-places.ts';
import type { PictureEncoding } from '../definition/picture-encoding.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { CompletionContext } from '../definition/written-format.ts';
import { NO_METADATA } from '../metadata/metadata.ts';
import { jxlReader } from './jxl/read-jxl.ts';
import { encodeJxl, JXL_QUALITY, jxlPieces, proveJxl } from './jxl/write-jxl.ts';
import { pngPieces } from './png/png-chunks.ts';

/** @see ISO/IEC 18181-1 and -2 */
export const jxl = {
  name: 'JPEG XL',
  extensions: ['.jxl'],
  mark: startsWith('\xff\x0a', '\0\0\0\x0cJXL '),
  read: jxlReader,
  write: {
    endings: ['.jxl'],
    abilities: {
      maxSidePx: 65_535,
      maxMegapixels: 100,
      alpha: true,
      sixteenBit: true,
      pages: 'one',
      lossless: 'optional',
      defaultQuality: JXL_QUALITY,
    },
    places: { ...ALL_PLACES, iptc: 'xmp', density: 'exif', gray: 'gray-profile' },
    still: { by: 'conversion', from: 'png', complete },
    prove: proveJxl,
  },
} satisfies StillFormat;

/** From a PNG file with the profile. */
async function complete(
  [pixels = '']: readonly string[],
  encoding: PictureEncoding,
  { newFile, signal }: CompletionContext,
): Promise<string> {
  const { metadata } = encoding;
  const onlyProfile = { ...NO_METADATA, icc: metadata.icc };
  const png = await rewriteFile(pixels, await newFile('png'), (source) => pngPieces(source, onlyProfile));
  const coded = await newFile('jxl');
  await encodeJxl(png, encoding, coded, signal);
  return await rewriteFile(coded, await newFile('jxl'), (source) => jxlPieces(source, metadata));
}

import { startAvifAnimation } from '../animation/avif.ts';
import { rewriteFile } from '../bytes/rewrite.ts';
import { ALL_PLACES } from '../definition/metadata-places.ts';
import { libvipsQuality, type PictureEncoding } from '../definition/picture-encoding.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { CompletionContext } from '../definition/written-format.ts';
import { readAvif } from '../heif/avif.ts';
import { avifPieces } from '../heif/avif-items.ts';
import { heifBrands } from '../heif/heif-brands.ts';
import { openPipeline, whole } from '../libvips.ts';
import { NO_METADATA } from '../metadata/metadata.ts';
import { joinTiffPages } from '../tiff/tiff-pages.ts';

const QUALITY = 75;

/** @see AV1 Image File Format, Alliance for Open Media */
export const avif = {
  name: 'AVIF',
  extensions: ['.avif'],
  mark: (_, head) => {
    const brands = heifBrands(head);
    return brands.includes('avif') && brands[0] !== 'avis';
  },
  read: { by: 'libvips', pages: 'one', readHeader: readAvif },
  write: {
    endings: ['.avif', '.avifs'],
    abilities: {
      maxSidePx: 16_384,
      maxMegapixels: 50,
      alpha: true,
      sixteenBit: false,
      pages: 'animation',
      lossless: 'optional',
      defaultQuality: QUALITY,
    },
    places: { ...ALL_PLACES, iptc: 'xmp', density: 'exif', gray: 'as-rgb' },
    still: { by: 'conversion', from: 'tiff', complete },
    animate: startAvifAnimation,
  },
} satisfies StillFormat;

/** From a TIFF file that has the profile, which libvips takes from there alone. */
async function complete(
  [pixels = '']: readonly string[],
  { metadata, quality, lossless, effort }: PictureEncoding,
  { newFile }: CompletionContext,
): Promise<string> {
  await joinTiffPages([pixels], { ...NO_METADATA, icc: metadata.icc });
  const coded = await newFile('avif');
  const pipeline = openPipeline(pixels, {});
  if (metadata.icc !== null) pipeline.keepIccProfile();
  pipeline.avif({
    quality: libvipsQuality(quality, QUALITY),
    lossless,
    effort: AVIF_EFFORT[effort],
    chromaSubsampling: '4:4:4',
  });
  await whole(pipeline, pipeline.toFile(coded));
  return await rewriteFile(coded, await newFile('avif'), (source) => avifPieces(source, metadata));
}

/** libvips' own scale: 0 to 9, where the last steps take minutes. */
const AVIF_EFFORT = { fast: 2, balanced: 4, best: 6 } as const;

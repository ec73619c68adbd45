import { startsWith } from '../definition/marks.ts';
import { ALL_PLACES } from '../definition/metadata-places.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { readTiffHeader } from '../tiff/tiff-header.ts';
import { joinTiffPages } from '../tiff/tiff-pages.ts';

/** @see TIFF 6.0, and BigTIFF design, AWare Systems */
export const tiff = {
  name: 'TIFF',
  extensions: ['.tif', '.tiff'],
  mark: startsWith('II*\0', 'MM\0*', 'II+\0', 'MM\0+'),
  read: { by: 'libvips', pages: 'sheaf', readHeader: readTiffHeader },
  write: {
    endings: ['.tif', '.tiff'],
    abilities: {
      maxSidePx: 2_147_483_647,
      maxMegapixels: Number.POSITIVE_INFINITY,
      alpha: true,
      sixteenBit: true,
      pages: 'sheaf',
      lossless: 'always',
      defaultQuality: 100,
    },
    places: ALL_PLACES,
    still: {
      by: 'libvips',
      encode: (pipeline, { effort, size, bytesPerSample }) =>
        pipeline.tiff({
          compression: effort === 'fast' ? 'none' : 'deflate',
          predictor: 'horizontal',
          // All pages of a file must be of one kind, and a deflated one may come out a little larger than it was.
          bigtiff: size.width * size.height * 4 * bytesPerSample > 3.5e9,
        }),
      complete: async (pageFiles, { metadata }) => {
        await joinTiffPages(pageFiles, metadata);
        return pageFiles[0]!;
      },
    },
  },
} satisfies StillFormat;

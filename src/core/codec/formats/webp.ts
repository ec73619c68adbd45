import { startWebpAnimation } from '../animation/webp.ts';
import { rewriteFile } from '../bytes/rewrite.ts';
import { ALL_PLACES } from '../definition/metadata-places.ts';
import { libvipsQuality } from '../definition/picture-encoding.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { webpPieces } from './webp/webp-chunks.ts';
import { webpOptions } from './webp/webp-options.ts';

const QUALITY = 92;

/** @see RFC 9649 */
export const webp = {
  name: 'WebP',
  extensions: ['.webp'],
  mark: (start) => start.startsWith('RIFF') && start.startsWith('WEBP', 8),
  read: { by: 'libvips', pages: 'animation', readHeader: async () => ({}) },
  write: {
    endings: ['.webp'],
    abilities: {
      maxSidePx: 16_383,
      maxMegapixels: 100,
      alpha: true,
      sixteenBit: false,
      pages: 'animation',
      lossless: 'optional',
      defaultQuality: QUALITY,
    },
    places: { ...ALL_PLACES, iptc: 'xmp', density: 'exif', gray: 'as-rgb' },
    still: {
      by: 'libvips',
      encode: (pipeline, { quality, lossless, effort }) =>
        pipeline.webp(webpOptions({ quality: libvipsQuality(quality, QUALITY), lossless, effort })),
      complete: async ([pixels = ''], { metadata, size, alpha }, { newFile }) =>
        await rewriteFile(pixels, await newFile('webp'), (source) => webpPieces(source, metadata, { ...size, alpha })),
    },
    animate: startWebpAnimation,
  },
} satisfies StillFormat;

import { startApng } from '../animation/apng.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { rewriteFile } from '../bytes/rewrite.ts';
import { withFile } from '../bytes/with-file.ts';
import type { OwnHeader } from '../definition/libvips-kind.ts';
import { ALL_PLACES } from '../definition/metadata-places.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { pngPieces, readPngHeader } from './png/png-chunks.ts';
import { PNG_EFFORT } from './png/png-effort.ts';

/** PNG, and APNG, which has the same mark. @see W3C PNG, third edition */
export const png = {
  name: 'PNG',
  extensions: ['.png', '.apng'],
  // Not Apple's own variant.
  mark: (start) => start.startsWith('\x89PNG\r\n\x1a\n') && !start.startsWith('CgBI', 12),
  read: { by: 'libvips', pages: 'one', readHeader },
  isFilm: isApng,
  write: {
    endings: ['.png', '.apng'],
    abilities: {
      maxSidePx: 2_147_483_647,
      maxMegapixels: Number.POSITIVE_INFINITY,
      alpha: true,
      sixteenBit: true,
      pages: 'animation',
      lossless: 'always',
      defaultQuality: 100,
    },
    places: { ...ALL_PLACES, pngColour: true, gray: 'gray-profile' },
    still: {
      by: 'libvips',
      encode: (pipeline, { effort }) => pipeline.png(PNG_EFFORT[effort]),
      complete: async ([pixels = ''], { metadata }, { newFile }) =>
        await rewriteFile(pixels, await newFile('png'), (source) => pngPieces(source, metadata)),
    },
    animate: startApng,
  },
} satisfies StillFormat;

async function readHeader(source: ByteSource): Promise<Partial<OwnHeader>> {
  const { frames: _, ...header } = await readPngHeader(source);
  return header;
}

/** Whether a PNG is an animation of more than one picture. @throws UpreelError `input-missing`, `input-unreadable`. */
export async function isApng(path: string): Promise<boolean> {
  return await withFile(path, async (source) => (await readPngHeader(source)).frames > 1);
}

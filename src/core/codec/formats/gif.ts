import { SHORTEST_GIF_MS, startGif } from '../animation/gif.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { startsWith } from '../definition/marks.ts';
import { NO_PLACES } from '../definition/metadata-places.ts';
import type { StillFormat } from '../definition/still-format.ts';
import type { Shown } from '../definition/written-format.ts';
import { readMade } from '../metadata/xmp-made.ts';

/** @see GIF89a specification, CompuServe 1990 */
export const gif = {
  name: 'GIF',
  extensions: ['.gif'],
  mark: startsWith('GIF87a', 'GIF89a'),
  read: { by: 'libvips', pages: 'animation', readHeader: async () => ({}) },
  isFilm: async () => true,
  readMade: readXmpBlock,
  write: {
    endings: ['.gif'],
    abilities: {
      maxSidePx: 65_535,
      maxMegapixels: 50,
      alpha: true,
      sixteenBit: false,
      pages: 'animation',
      lossless: 'never',
      defaultQuality: 100,
      noQuality: 'has the best palette of each picture',
    },
    places: { ...NO_PLACES, icc: true, xmp: true, iptc: 'xmp', gray: 'as-rgb' },
    still: null,
    animate: startGif,
    warningsOf,
  },
} satisfies StillFormat;

/** An application's block right behind the palette, which other readers of XMP may not know of. */
async function readXmpBlock(source: ByteSource): Promise<string | null> {
  const head = await source.read(0, HEAD_BYTES);
  const mark = head.indexOf('XMP DataXMP', 0, 'latin1');
  // Behind the packet come bytes that no text has.
  const end = head.indexOf(0x01, mark);
  return mark < 0 || end < 0 ? null : readMade(head.subarray(mark + 11, end));
}

const HEAD_BYTES = 64 * 1024;

function warningsOf({ delaysMs, alpha }: Shown): string[] {
  const warnings: string[] = [];
  if (alpha) warnings.push('GIF knows no half-transparent pixels: from half opacity on they are opaque.');
  const fast = delaysMs.filter((delayMs) => delayMs > SHORTEST_GIF_MS / 2 && delayMs < SHORTEST_GIF_MS).length;
  if (fast > 0) {
    warnings.push(
      `Browsers slow a GIF's pages of less than 20 ms down: ${fast} of ${delaysMs.length} last 20 ms instead.`,
    );
  }
  return warnings;
}

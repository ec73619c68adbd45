import { startsWith } from '../definition/marks.ts';
import { NO_PLACES } from '../definition/metadata-places.ts';
import type { StillFormat } from '../definition/still-format.ts';
import { exrReader } from './exr/read-exr.ts';
import { createExr } from './exr/write-exr.ts';

/** @see "OpenEXR File Layout" */
export const exr = {
  name: 'OpenEXR',
  extensions: ['.exr'],
  mark: startsWith('v/1\x01'),
  read: exrReader,
  write: {
    endings: ['.exr'],
    abilities: {
      // Sixteen rows are a block, whose length has 31 bits.
      maxSidePx: 8_000_000,
      maxMegapixels: Number.POSITIVE_INFINITY,
      alpha: true,
      sixteenBit: true,
      pages: 'one',
      lossless: 'always',
      defaultQuality: 100,
    },
    places: { ...NO_PLACES, density: true },
    still: { by: 'rows', create: createExr },
  },
} satisfies StillFormat;

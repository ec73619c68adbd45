import { extname } from 'node:path';
import { UpreelError } from '../../errors.ts';
import type { Size } from '../../pixels/geometry.ts';

export type OutputFormat = 'png' | 'jpeg' | 'webp' | 'tiff' | 'avif' | 'gif' | 'jxl' | 'bmp' | 'pnm' | 'exr';

/** How much time an encoder may take to make the file smaller. Lossless pixels are the same with each. */
export const EFFORTS = ['fast', 'balanced', 'best'] as const;
export type Effort = (typeof EFFORTS)[number];

/** What a format can hold. */
export interface FormatAbilities {
  readonly name: string;
  /** The longest side, in pixels. */
  readonly maxSidePx: number;
  /**
   * Megapixels beyond which its encoder fails or takes gigabytes of memory (bytes a pixel: 16 for WebP, 40 for AVIF and
   * GIF, 100 for JPEG XL).
   */
  readonly maxMegapixels: number;
  readonly alpha: boolean;
  readonly sixteenBit: boolean;
  /** One picture, an animation, or a sheaf of pages of any sizes. */
  readonly pages: 'one' | 'animation' | 'sheaf';
  /** `never`: no lossless form; `always`: no other. */
  readonly lossless: 'never' | 'optional' | 'always';
  /** 0 to 100, used where no quality is asked for. */
  readonly defaultQuality: number;
}

export const FORMAT_ABILITIES: Readonly<Record<OutputFormat, FormatAbilities>> = {
  png: {
    name: 'PNG',
    maxSidePx: 2_147_483_647,
    maxMegapixels: Number.POSITIVE_INFINITY,
    alpha: true,
    sixteenBit: true,
    pages: 'animation',
    lossless: 'always',
    defaultQuality: 100,
  },
  jpeg: {
    name: 'JPEG',
    maxSidePx: 65_535,
    maxMegapixels: Number.POSITIVE_INFINITY,
    alpha: false,
    sixteenBit: false,
    pages: 'one',
    lossless: 'never',
    defaultQuality: 93,
  },
  webp: {
    name: 'WebP',
    maxSidePx: 16_383,
    maxMegapixels: 100,
    alpha: true,
    sixteenBit: false,
    pages: 'animation',
    lossless: 'optional',
    defaultQuality: 92,
  },
  tiff: {
    name: 'TIFF',
    maxSidePx: 2_147_483_647,
    maxMegapixels: Number.POSITIVE_INFINITY,
    alpha: true,
    sixteenBit: true,
    pages: 'sheaf',
    lossless: 'always',
    defaultQuality: 100,
  },
  avif: {
    name: 'AVIF',
    maxSidePx: 16_384,
    maxMegapixels: 50,
    alpha: true,
    sixteenBit: false,
    pages: 'animation',
    lossless: 'optional',
    defaultQuality: 75,
  },
  gif: {
    name: 'GIF',
    maxSidePx: 65_535,
    maxMegapixels: 50,
    alpha: true,
    sixteenBit: false,
    pages: 'animation',
    lossless: 'never',
    defaultQuality: 100,
  },
  jxl: {
    name: 'JPEG XL',
    maxSidePx: 65_535,
    maxMegapixels: 100,
    alpha: true,
    sixteenBit: true,
    pages: 'one',
    lossless: 'optional',
    defaultQuality: 90,
  },
  bmp: {
    name: 'BMP',
    maxSidePx: 2_147_483_647,
    // Its sizes have 32 bits.
    maxMegapixels: 1000,
    alpha: true,
    sixteenBit: false,
    pages: 'one',
    lossless: 'always',
    defaultQuality: 100,
  },
  pnm: {
    name: 'PNM',
    maxSidePx: 2_147_483_647,
    maxMegapixels: Number.POSITIVE_INFINITY,
    alpha: true,
    sixteenBit: true,
    pages: 'one',
    lossless: 'always',
    defaultQuality: 100,
  },
  exr: {
    name: 'OpenEXR',
    // Sixteen rows are a block, whose length has 31 bits.
    maxSidePx: 8_000_000,
    maxMegapixels: Number.POSITIVE_INFINITY,
    alpha: true,
    sixteenBit: true,
    pages: 'one',
    lossless: 'always',
    defaultQuality: 100,
  },
};

const EXTENSIONS: Readonly<Record<string, OutputFormat>> = {
  '.png': 'png',
  '.apng': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.jpe': 'jpeg',
  '.jfif': 'jpeg',
  '.webp': 'webp',
  '.tif': 'tiff',
  '.tiff': 'tiff',
  '.avif': 'avif',
  '.jxl': 'jxl',
  '.bmp': 'bmp',
  '.ppm': 'pnm',
  '.pgm': 'pnm',
  '.pnm': 'pnm',
  '.pam': 'pnm',
  '.exr': 'exr',
  '.avifs': 'avif',
  '.gif': 'gif',
};

/** The format that a file's name stands for; null: none of ours. */
export function formatNamedBy(path: string): OutputFormat | null {
  return EXTENSIONS[extname(path).toLowerCase()] ?? null;
}

/** The format that a file's name asks for. @throws UpreelError `usage` for a name that asks for none of ours. */
export function outputFormatOf(path: string): OutputFormat {
  const format = formatNamedBy(path);
  if (format !== null) return format;
  const extension = extname(path).toLowerCase();
  throw new UpreelError(
    'usage',
    `upreel cannot write ${extension === '' ? 'a name without an ending' : extension}: ${path}.`,
    {
      hint: FILMS.has(extension)
        ? 'Of pictures, GIF, APNG and numbered ones become films: write .apng, and make a film of that.'
        : 'Let the name end in .png, .jpg, .webp, .tif, .avif, .gif, .apng, .jxl, .bmp, .ppm or .exr.',
    },
  );
}

const FILMS = new Set(['.mkv', '.mp4', '.m4v', '.mov', '.webm']);

/** @throws UpreelError `usage` if the format cannot hold pages of these sizes. */
export function checkFormatHolds(format: OutputFormat, pages: readonly Size[]): void {
  const { name, maxSidePx, maxMegapixels, pages: kind } = FORMAT_ABILITIES[format];
  const [first] = pages;
  if (first === undefined) throw new UpreelError('usage', 'Expected at least one page to write.');
  for (const { width, height } of pages) {
    const limit =
      Math.max(width, height) > maxSidePx
        ? `${maxSidePx} pixels a side`
        : width * height > maxMegapixels * 1e6
          ? `${maxMegapixels} megapixels`
          : null;
    if (limit === null) continue;
    throw new UpreelError('usage', `${name} holds at most ${limit}; the result has ${width}x${height}.`, {
      hint: 'Write PNG or TIFF, or ask for a smaller result with --scale or --size.',
    });
  }
  if (pages.length > 1 && kind === 'one') {
    throw new UpreelError('usage', `${name} holds one picture; the source has ${pages.length} pages.`, {
      hint: 'Write .webp, .apng, .gif or .avif for an animation, .tif for a document of several pages.',
    });
  }
  if (kind === 'animation' && pages.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new UpreelError('usage', `${name} holds pages of one size only; the source's pages differ.`, {
      hint: 'Write .tif instead.',
    });
  }
}

import type { Size } from '../../core/pixels/geometry.ts';
import type { ColourTags } from './video-info.ts';

/** How a source's YUV samples become RGB and back: nothing left to a program's guess. */
export interface Colour {
  /** swscale's name: "bt601", "bt709", "bt2020", "fcc", "smpte240m". */
  readonly matrix: string;
  readonly range: 'tv' | 'pc';
  /** Position of chroma samples in 4:2:0 and 4:2:2, in 1/256 luma pixels, as swscale takes them. */
  readonly chromaPosition: { readonly horizontal: number; readonly vertical: number };
  /** What the result is marked with (ffmpeg's names). */
  readonly tags: ColourTags;
}

/**
 * Decides matrix and range of a source. Where it says nothing, the usual guess of players: BT.709 where the longer side
 * has 1280 pixels or more or the shorter one more than 576, BT.601 below, whichever way the picture is turned. The
 * guess is made on the source's whole size, before any crop, and written into the result, because the same guess on the
 * larger result would come out otherwise and shift the colours.
 */
export function resolveColour(tags: ColourTags, size: Size, pixelFormat: string): Colour {
  const isRgb = isRgbFormat(pixelFormat);
  const isHd = Math.max(size.width, size.height) >= 1280 || Math.min(size.width, size.height) > 576;
  const told = NEAREST_MATRICES[tags.matrix ?? ''] ?? tags.matrix;
  const matrixTag = isRgb || !isUsable(told) ? (isHd || isRgb ? 'bt709' : 'smpte170m') : told;
  const range = isRgb ? 'tv' : (tags.range ?? (pixelFormat.startsWith('yuvj') ? 'pc' : 'tv'));
  return {
    matrix: SWSCALE_MATRICES[matrixTag] ?? 'bt709',
    range,
    chromaPosition: CHROMA_POSITIONS[tags.chromaLocation ?? 'left'] ?? { horizontal: 0, vertical: 128 },
    tags: { ...tags, matrix: matrixTag, range, chromaLocation: tags.chromaLocation ?? 'left' },
  };
}

/** The same colours for an encoder that knows no full range. */
export function limitedRange(colour: Colour): Colour {
  return { ...colour, range: 'tv', tags: { ...colour.tags, range: 'tv' } };
}

/** Of pictures in RGB: what viewers take for granted, so that nothing is said of it. */
export function rgbColour(colour: Colour): Colour {
  const tags = { matrix: null, range: 'pc', primaries: null, transfer: null, chromaLocation: null } as const;
  return { ...colour, range: 'pc', tags };
}

/**
 * The same colours with the code values of limited range as they are: RGB then has black at 16 and white at 235 (of
 * 255), and room for what lies beyond. The sums are those of full range; only the tags say what the values mean.
 */
export function withHeadroom(colour: Colour): Colour {
  return { ...colour, range: 'pc' };
}

/** How many chroma samples there are: RGB counts as full; what has all lines but fewer columns (4:1:1) as 4:2:2. */
export type Chroma = '420' | '422' | '444';

export function chromaOf(pixelFormat: string): Chroma {
  if (isRgbFormat(pixelFormat) || /^(yuva?j?444|p41|nv24|nv42|xv|vuy|ayuv)/.test(pixelFormat)) return '444';
  if (/^(yuva?j?422|yuva?j?411|yuyv|yvyu|uyvy|uyyv|p21|nv16|nv20|y210|y212)/.test(pixelFormat)) return '422';
  return '420';
}

/** Where chroma samples lie: a position between lines or columns only exists where they are fewer. */
export function chromaPosition(colour: Colour, chroma: Chroma): Colour['chromaPosition'] {
  const { horizontal, vertical } = colour.chromaPosition;
  return { horizontal: chroma === '444' ? 0 : horizontal, vertical: chroma === '420' ? vertical : 0 };
}

export function isRgbFormat(pixelFormat: string): boolean {
  return /^(rgb|bgr|gbr|argb|abgr|0rgb|0bgr|pal8|x2rgb|x2bgr|mono)/.test(pixelFormat);
}

/** Whether a source names a matrix that swscale lacks: its colours are those of another then. */
export function isMatrixReplaced({ matrix }: ColourTags, pixelFormat: string): boolean {
  return matrix !== null && !isRgbFormat(pixelFormat) && !isUsable(matrix);
}

/** Constant luminance differs from the usual kind in saturated colours only. */
const NEAREST_MATRICES: Readonly<Record<string, string>> = { bt2020c: 'bt2020nc' };

/** Matrices that swscale has, by ffmpeg's tag. The rest (YCgCo, ICtCp and others) is treated as unknown. */
const SWSCALE_MATRICES: Readonly<Record<string, string>> = {
  bt709: 'bt709',
  smpte170m: 'bt601',
  bt470bg: 'bt601',
  fcc: 'fcc',
  smpte240m: 'smpte240m',
  bt2020nc: 'bt2020',
};

function isUsable(matrix: string | null): matrix is string {
  return matrix !== null && matrix in SWSCALE_MATRICES;
}

const CHROMA_POSITIONS: Readonly<Record<string, Colour['chromaPosition']>> = {
  left: { horizontal: 0, vertical: 128 },
  center: { horizontal: 128, vertical: 128 },
  topleft: { horizontal: 0, vertical: 0 },
  top: { horizontal: 128, vertical: 0 },
  bottomleft: { horizontal: 0, vertical: 256 },
  bottom: { horizontal: 128, vertical: 256 },
};

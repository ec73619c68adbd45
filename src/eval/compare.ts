import { UpreelError } from '../core/errors.ts';
import type { Rect, Size } from '../core/pixels/geometry.ts';
import { makeRaster, type Raster } from '../core/pixels/raster.ts';
import { cropInto } from '../core/pixels/rows.ts';
import {
  type Difference,
  differenceOf,
  meanSimilarity,
  NO_DIFFERENCE,
  psnrOf,
  similarityOf,
  sumOf,
  WINDOW_REACH,
} from './metrics.ts';
import { channelPlane, type LumaRounding, lumaPlane, type Plane } from './plane.ts';

/** One page: gray or RGB, and its transparency, of one size. */
export interface Page {
  readonly colour: Raster;
  /** null: opaque. */
  readonly alpha: Raster | null;
}

export interface Measuring {
  /** Pixels on each side that no measure sees. */
  readonly border: number;
  readonly luma: LumaRounding;
}

/** How far two pages are apart inside the border. */
export interface PageDifference {
  readonly colour: Difference;
  /** null: both pages are opaque. */
  readonly alpha: Difference | null;
  readonly luma: Difference;
  /** -1..1; null: smaller than the window of SSIM. */
  readonly ssimY: number | null;
}

/** What a comparison tells. Decibels are null where nothing differs, which JSON has no other word for. */
export interface Comparison {
  /** No sample differs, alpha's included. */
  readonly equal: boolean;
  /** dB over all samples; alpha is a channel like the others unless both pages are opaque. */
  readonly psnr: number | null;
  /** dB of luma, of all pages together. */
  readonly psnrY: number | null;
  /** Of luma, mean of the pages, -1..1; null: a page is smaller than the window. */
  readonly ssimY: number | null;
  /** Of any sample, in levels of 255. */
  readonly maxDifference: number;
  /** null: neither picture has transparency. */
  readonly alpha: { readonly psnr: number | null; readonly maxDifference: number } | null;
  readonly pages: number;
  /** From 1, the page with the largest mean squared error; null: the only page, or all are equal. */
  readonly worstPage: number | null;
}

/**
 * Band by band, so that large pictures take no more memory than their samples and a few rows.
 * @throws UpreelError `usage` where the sizes differ or the border leaves nothing.
 */
export function comparePages(a: Page, b: Page, { border, luma }: Measuring): PageDifference {
  checkSizes(a.colour, b.colour);
  checkBorder(a.colour, border);
  const [width, height] = [a.colour.width - 2 * border, a.colour.height - 2 * border];
  const bands = Array.from({ length: Math.ceil(height / BAND_ROWS) }, (_, index) => {
    const start = index * BAND_ROWS;
    const rows = Math.min(BAND_ROWS, height - start);
    const reach = Math.min(rows + WINDOW_REACH, height - start);
    const rect = { x: border, y: border + start, width, height: reach };
    return compareBand(cutPage(a, rect), cutPage(b, rect), rows, luma);
  });
  const isOpaque = bands.every((band) => band.isOpaque);
  return {
    colour: sumOf(bands.map(({ colour }) => colour)),
    alpha: isOpaque ? null : sumOf(bands.map(({ alpha }) => alpha)),
    luma: sumOf(bands.map((band) => band.luma)),
    ssimY: meanSimilarity(bands.map(({ similarity }) => similarity)),
  };
}

const BAND_ROWS = 128;

/** @param rows of the band itself; below them are those that its windows reach into. */
function compareBand(a: Page, b: Page, rows: number, luma: LumaRounding) {
  const channels = Math.max(a.colour.channels, b.colour.channels);
  const own = (plane: Plane): Plane => ({ ...plane, height: rows, data: plane.data.subarray(0, rows * plane.width) });
  const colour = Array.from({ length: channels }, (_, channel) => {
    const [left, right] = [a.colour, b.colour].map((raster) =>
      own(channelPlane(raster, Math.min(channel, raster.channels - 1))),
    );
    return differenceOf(left!, right!);
  });
  const [lumaA, lumaB] = lumaOfBoth(a.colour, b.colour, luma);
  const [alphaA, alphaB] = [a, b].map((page) => own(alphaPlane(page)));
  return {
    colour: sumOf(colour),
    // Opaque in both pages is no channel: it would only raise the PSNR of the others.
    isOpaque: [alphaA!, alphaB!].every(({ data }) => data.every((value) => value === 255)),
    alpha: differenceOf(alphaA!, alphaB!),
    luma: differenceOf(own(lumaA!), own(lumaB!)),
    similarity: similarityOf(lumaA!, lumaB!),
  };
}

function cutPage({ colour, alpha }: Page, rect: Rect): Page {
  const cut = (raster: Raster): Raster => {
    const part = makeRaster(rect.width, rect.height, raster);
    cropInto(part.data, raster, rect);
    return part;
  };
  return { colour: cut(colour), alpha: alpha === null ? null : cut(alpha) };
}

function alphaPlane({ colour: { width, height }, alpha }: Page): Plane {
  return alpha === null ? { width, height, data: new Float64Array(width * height).fill(255) } : channelPlane(alpha, 0);
}

/**
 * Two gray pictures are compared as they are: MATLAB's scripts convert to YCbCr only what has three channels. Studio
 * range would raise their PSNR by 1.3 dB.
 */
function lumaOfBoth(a: Raster, b: Raster, rounding: LumaRounding): Plane[] {
  if (a.channels === 1 && b.channels === 1) return [channelPlane(a, 0), channelPlane(b, 0)];
  return [lumaPlane(a, rounding), lumaPlane(b, rounding)];
}

/** All pages together: errors are summed before the logarithm is taken, similarities averaged. */
export function summarise(pages: readonly PageDifference[]): Comparison {
  const alphas = pages.flatMap(({ alpha }) => alpha ?? []);
  const each = pages.map(({ colour, alpha }) => sumOf([colour, alpha ?? NO_DIFFERENCE]));
  const all = sumOf(each);
  const alpha = sumOf(alphas);
  const errors = each.map(({ squares, samples }) => squares / samples);
  return {
    equal: all.squares === 0,
    psnr: psnrOf(all),
    psnrY: psnrOf(sumOf(pages.map(({ luma }) => luma))),
    ssimY: pages.reduce<number | null>(
      (sum, { ssimY }) => (sum === null || ssimY === null ? null : sum + ssimY / pages.length),
      0,
    ),
    maxDifference: all.largest,
    alpha: alphas.length === 0 ? null : { psnr: psnrOf(alpha), maxDifference: alpha.largest },
    pages: pages.length,
    worstPage: pages.length > 1 && all.squares > 0 ? errors.indexOf(Math.max(...errors)) + 1 : null,
  };
}

/** @throws UpreelError `usage` */
export function checkSizes(a: Size, b: Size, page = ''): void {
  if (a.width === b.width && a.height === b.height) return;
  const sizes = `${a.width}x${a.height} and ${b.width}x${b.height}`;
  throw new UpreelError('usage', `Expected two pictures of one size, got ${sizes}${page}.`);
}

/** @throws UpreelError `usage` */
export function checkBorder({ width, height }: Size, border: number, what = 'a picture'): void {
  const most = Math.floor((Math.min(width, height) - 1) / 2);
  if (border <= most) return;
  throw new UpreelError(
    'usage',
    `A border of ${border} pixels on each side leaves nothing of ${what} of ${width}x${height}.`,
    {
      hint: `It can be ${most} at most here.`,
    },
  );
}

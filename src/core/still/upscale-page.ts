import { bleedColour } from '../pixels/bleed-colour.ts';
import { type GrayMode, type Grayness, graynessOf, lumaOf, spreadGray } from '../pixels/gray.ts';
import { enlargeByLanczos } from '../pixels/lanczos.ts';
import { makeRaster, type Raster } from '../pixels/raster.ts';
import type { Upscaler } from '../upscaler/upscaler.ts';
import type { AlphaMethod } from './picture-settings.ts';

/** Rows of a result, from top to bottom. */
export interface PageBand {
  readonly colour: Raster;
  /** Of the colour's size and depth; null: the page is opaque. */
  readonly alpha: Raster | null;
}

export interface PageContext {
  readonly upscaler: Upscaler;
  readonly signal: AbortSignal;
  /**
   * After each tile of colour or alpha: the output pixels that it finished, and how many tiles have no pass before
   * them.
   */
  readonly onTile: (outputPixels: number, tiles: 0 | 1) => void;
  /** Before the work: how often the network goes over the page. 2: over colour, and over alpha. */
  readonly onPasses?: (passes: 1 | 2) => void;
  /** Default: the network. */
  readonly alphaMethod?: AlphaMethod;
  /** `exact`: only where red, green and blue are equal everywhere. Default: that. */
  readonly gray?: GrayMode | 'exact';
  /** Before the work, where a page in RGB goes through the network as gray. */
  readonly onGray?: (found: Grayness) => void;
}

/**
 * Upscales colour and alpha of one page, band by band.
 * @param page is this function's own from now on, and changes: colours bleed in it, and gray takes their place.
 */
export async function* upscalePage(
  page: { readonly colour: Raster; readonly alpha: Raster | null },
  context: PageContext,
): AsyncIterable<PageBand> {
  const { upscaler, signal, onTile, gray = 'exact', onGray, onPasses } = context;
  const found = page.colour.channels === 1 || gray === 'off' ? null : graynessOf(page.colour, page.alpha);
  const isGray = found === 'exact' || (found === 'near' && gray !== 'exact') || (found === 'none' && gray === 'on');
  if (isGray) onGray?.(found);
  const colour = isGray ? lumaOf(page.colour, page.colour.data) : page.colour;
  if (page.alpha !== null) await bleedColour(colour, page.alpha);
  const alphas = alphaOf(page.alpha, context);
  onPasses?.(alphas.passes);
  // A tile is done with the last pass over it.
  const bands = upscaler.upscaleBands(colour, {
    signal,
    onTile: (pixels) => onTile(pixels, alphas.passes === 1 ? 1 : 0),
  });
  const alphaBands = alphas.bands?.[Symbol.asyncIterator]() ?? null;
  try {
    for await (const band of bands) {
      const alpha = alphaBands === null ? null : await nextBand(alphaBands);
      yield { colour: isGray ? spreadGray(band) : band, alpha };
    }
  } finally {
    await alphaBands?.return?.();
  }
}

/** By the network alpha goes as gray, as in the Real-ESRGAN scripts; a flat one stays exactly flat. */
function alphaOf(
  alpha: Raster | null,
  { upscaler, signal, onTile, alphaMethod = 'network' }: PageContext,
): { readonly passes: 1 | 2; readonly bands: AsyncIterable<Raster> | null } {
  if (alpha === null) return { passes: 1, bands: null };
  if (isFlat(alpha)) return { passes: 1, bands: flatBands(alpha, upscaler) };
  if (alphaMethod === 'lanczos') {
    return { passes: 1, bands: enlargeByLanczos(alpha, upscaler.scale, upscaler.bandsOf(alpha)) };
  }
  return { passes: 2, bands: upscaler.upscaleBands(alpha, { signal, onTile: (pixels) => onTile(pixels, 1) }) };
}

async function* flatBands(alpha: Raster, { scale, bandsOf }: Upscaler): AsyncIterable<Raster> {
  for (const height of bandsOf(alpha)) {
    const band = makeRaster(alpha.width * scale, height * scale, alpha);
    const pixel = alpha.data.subarray(0, alpha.bytesPerSample);
    if (alpha.bytesPerSample === 1) band.data.fill(pixel[0]!);
    else new Uint16Array(band.data.buffer).fill(new Uint16Array(pixel.slice().buffer)[0]!);
    yield band;
  }
}

function isFlat({ data, bytesPerSample }: Raster): boolean {
  // A raster shifted by one sample equals itself only if all samples are the same.
  return Buffer.compare(data.subarray(bytesPerSample), data.subarray(0, data.length - bytesPerSample)) === 0;
}

async function nextBand(bands: AsyncIterator<Raster>): Promise<Raster> {
  const { value, done } = await bands.next();
  if (done) throw new Error('Expected as many bands of alpha as of colour.');
  return value;
}

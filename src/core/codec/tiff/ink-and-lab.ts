import { samplesOf } from '../../pixels/raster.ts';
import { type IccLut, readIccLut } from '../colour/icc-lut.ts';
import { D50, labToSrgb, labToXyz, type White, xyzOf, xyzToSrgb } from '../colour/lab.ts';
import { openPipeline } from '../libvips.ts';
import { makeSamples, type PlainSamples } from './plain-samples.ts';
import type { TiffPageFacts } from './tiff-page-facts.ts';

/** CIELAB or CMYK of a TIFF page. */
export interface InkOrLab {
  readonly bands: number;
  readonly depth: 8 | 16;
  readonly model: 'CIELAB' | 'CMYK';
  readonly facts: TiffPageFacts;
  /** The page's profile. */
  readonly icc: Uint8Array | null;
}

/** To sRGB, as deep as it was and rounded once; what is behind the colour (alpha) stays. */
export async function samplesToRgb(data: Uint8Array, page: InkOrLab): Promise<PlainSamples> {
  const { bands, depth, model } = page;
  const source = samplesOf({ data, bytesPerSample: depth === 8 ? 1 : 2 });
  const colours = model === 'CMYK' ? 4 : 3;
  const extras = bands - colours;
  const pixels = source.length / bands;
  const made = makeSamples(pixels * (3 + extras), depth === 8 ? 1 : 2);
  const toSrgb = model === 'CMYK' ? await inkReader(page) : labReader(page);
  const colour = new Float64Array(colours);
  const rgb = new Float64Array(3);
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++) {
    for (let band = 0; band < colours; band++) colour[band] = source[from++]!;
    toSrgb(colour, rgb);
    for (let band = 0; band < 3; band++) made.samples[to++] = rgb[band]! * made.top + 0.5;
    for (let band = 0; band < extras; band++) made.samples[to++] = source[from++]!;
  }
  return { data: made.data, bands: 3 + extras, bytesPerSample: made.bytesPerSample };
}

type PixelReader = (samples: Float64Array, rgb: Float64Array) => void;

/** TIFF 6.0, section 23, and for ICC L*a*b* TIFF Technical Note 4. */
function labReader({ depth, facts, icc }: InkOrLab): PixelReader {
  const white: White = icc === null ? (facts.white ?? D50) : D50;
  const toSrgb = labToSrgb(white);
  const unit = depth === 8 ? 1 : 256;
  const isIcc = facts.photometric === ICC_LAB;
  const fullLightness = depth === 8 ? 255 : isIcc ? 65_280 : 65_535;
  // Shifted by half of the range, or signed.
  const chroma = (sample: number) =>
    (isIcc || sample < 128 * unit ? sample : sample - 256 * unit) / unit - (isIcc ? 128 : 0);
  return (samples, rgb) => toSrgb((samples[0]! * 100) / fullLightness, chroma(samples[1]!), chroma(samples[2]!), rgb);
}

const ICC_LAB = 9;

/**
 * Through the page's profile, else libvips' own for CMYK, as libvips does it for 8 bits: perceptual, black mapped to
 * black.
 */
async function inkReader({ icc }: InkOrLab): Promise<PixelReader> {
  const lut = (icc === null ? null : readIccLut(icc, 4)) ?? readIccLut(await usualInkProfile(), 4);
  if (lut === null) throw new Error('Expected a profile for CMYK from libvips.');
  const toXyz = labToXyz(D50);
  const toSrgb = xyzToSrgb(D50);
  const read = (inks: Float64Array, xyz: Float64Array) => {
    lut.evaluate(inks, xyz);
    if (lut.space === 'Lab') toXyz(xyz[0]!, xyz[1]!, xyz[2]!, xyz);
  };
  const [white, black] = [xyzOf(D50), blackOf(lut, read)];
  return (samples, rgb) => {
    for (let ink = 0; ink < 4; ink++) samples[ink]! /= 65_535;
    read(samples, rgb);
    for (let axis = 0; axis < 3; axis++) {
      rgb[axis] = (white[axis]! * (rgb[axis]! - black[axis]!)) / (white[axis]! - black[axis]!);
    }
    toSrgb(rgb[0]!, rgb[1]!, rgb[2]!, rgb);
  };
}

/** XYZ of the darkest, as Little CMS 2.19 reckons it: of all inks together; in version 4 a constant (ICC.1). */
function blackOf({ isV4 }: IccLut, read: (inks: Float64Array, xyz: Float64Array) => void): Float64Array {
  if (isV4) return Float64Array.of(0.00336, 0.0034731, 0.00287);
  const xyz = new Float64Array(3);
  read(new Float64Array(4).fill(1), xyz);
  return xyz;
}

/** What libvips takes CMYK without a profile for. */
async function usualInkProfile(): Promise<Uint8Array> {
  const pixel = openPipeline(new Uint8Array(3), { raw: { width: 1, height: 1, channels: 3 } });
  const tiff = await pixel.toColourspace('cmyk').withIccProfile('cmyk').tiff().toBuffer();
  const { icc } = await openPipeline(tiff, {}).metadata();
  if (icc === undefined) throw new Error('Expected a profile for CMYK from libvips.');
  return icc;
}

import { UpreelError } from '../../errors.ts';
import type { TiffPageFacts } from './tiff-page-facts.ts';

/** What samples mean that libvips reads wrong, or not at all. */
export type OddSamples = 'packed' | 'CIELAB' | 'CMYK';

/**
 * Whether a page has to be made plain before libvips sees it: samples of 2 to 15 bits that share bytes; CIELAB; CMYK of
 * 16 bits, which libvips would make 8 bits of.
 */
export function oddSamplesOf(facts: TiffPageFacts): OddSamples | null {
  const { bits, photometric, samplesPerPixel, isUnsigned } = facts;
  const [depth = 1] = bits;
  if (bits.some((other) => other !== depth)) return null;
  if (CIELAB.has(photometric) && (depth === 8 || depth === 16) && samplesPerPixel >= 3) return 'CIELAB';
  if (!isUnsigned) return null;
  if (photometric === SEPARATED && depth === 16 && samplesPerPixel >= 4) return 'CMYK';
  const isPacked = depth > 1 && depth < 16 && depth !== 8;
  // Fewer bits in one sample a pixel are libvips' daily bread, palettes too.
  const isPlainFew = samplesPerPixel === 1 && (depth === 2 || depth === 4);
  return isPacked && !isPlainFew && photometric <= RGB ? 'packed' : null;
}

/** What the samples of a page that is read by way of `plainTiff` become. */
export function plainLayout(facts: TiffPageFacts, odd: OddSamples) {
  const [depth = 8] = facts.bits;
  const bands = odd === 'CMYK' ? facts.samplesPerPixel - 1 : facts.samplesPerPixel;
  return { bands, bytesPerSample: depth <= 8 ? 1 : 2 } as const;
}

/** @throws UpreelError `input-unsupported` for pages that no part of upreel reads, by the name of their kind. */
export function refuseOddPage(path: string, facts: TiffPageFacts): void {
  const { bits, photometric, isUnsigned, isTiled, isPlanar } = facts;
  const [depth = 1] = bits;
  const what = bits.some((other) => other !== depth)
    ? `samples of ${bits.join(', ')} bits`
    : oddSamplesOf(facts) === 'packed' && (isTiled || isPlanar)
      ? `${depth}-bit samples in ${isTiled ? 'tiles' : 'planes of their own'}`
      : (UNREAD_KINDS.get(photometric) ?? (depth > 32 && !isUnsigned ? `${depth}-bit floating-point samples` : null));
  if (what === null) return;
  throw new UpreelError('input-unsupported', `${path} has ${what}, which upreel does not read.`, {
    hint: 'Save it as 16-bit PNG or TIFF first, for example in GIMP.',
  });
}

const UNREAD_KINDS: ReadonlyMap<number, string> = new Map([
  [4, 'a transparency mask for another picture'],
  [10, 'ITU L*a*b* samples'],
  [32_803, "a camera sensor's samples"],
  [32_844, 'LogL samples'],
  [32_845, 'LogLuv samples'],
]);

const RGB = 2;
const SEPARATED = 5;
/** CIE L*a*b* and ICC L*a*b*. */
const CIELAB: ReadonlySet<number> = new Set([8, 9]);

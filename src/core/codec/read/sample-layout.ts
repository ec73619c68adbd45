import type { Metadata } from 'sharp';
import { UpreelError } from '../../errors.ts';
import { iccColourSpace } from '../metadata/metadata.ts';
import { oddSamplesOf } from '../tiff/odd-samples.ts';
import type { TiffPageFacts } from '../tiff/tiff-page-facts.ts';

/** How a page's samples lie in the file and how they will be decoded. */
export interface SampleLayout {
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  /**
   * Not multiplied into the colour: libvips divides it out of a TIFF's "associated" alpha, and upreel out of AVIF's.
   */
  readonly alpha: boolean;
  /** What the samples were if they must be converted to sRGB ("CMYK", "CIELAB"); null if they stay as they are. */
  readonly converted: string | null;
  /** libvips converts them, through the file's profile. */
  readonly throughProfile: boolean;
  /** Bits in use, at the upper end of 16-bit samples. */
  readonly bitsUsed: number;
}

/**
 * Decides from libvips' header, and for TIFF from the page's tags, what the samples are.
 * @throws UpreelError `input-unsupported` for samples that are no 8-bit or 16-bit gray, RGB, CMYK or CIELAB.
 */
export function describeSamples(
  header: Metadata,
  { path, facts }: { path: string; facts: TiffPageFacts | undefined },
): SampleLayout {
  const { space, depth } = header;
  const isInk = space === 'cmyk';
  const made = facts === undefined ? null : oddSamplesOf(facts);
  const converted = isInk ? 'CMYK' : made === 'packed' ? null : made;
  const gray = space === 'b-w' || space === 'grey16';
  if (!isInk && !gray && space !== 'srgb' && space !== 'rgb' && space !== 'rgb16' && space !== 'scrgb') {
    throw unsupported(path, `holds ${header.channels} channels that are neither gray nor RGB`);
  }
  if (depth !== 'uchar' && depth !== 'ushort') {
    throw unsupported(path, `has ${DEPTH_NAMES[depth] ?? depth} samples; upreel takes 8-bit and 16-bit ones`);
  }
  const bytesPerSample = depth === 'ushort' ? 2 : 1;
  return {
    channels: gray ? 1 : 3,
    bytesPerSample,
    alpha: header.hasAlpha && isRealAlpha(converted !== null, facts),
    converted,
    throughProfile: isInk && header.icc !== undefined && iccColourSpace(header.icc) === 'CMYK',
    bitsUsed: header.format === 'heif' && bytesPerSample === 2 ? (header.bitsPerSample ?? 16) : bytesPerSample * 8,
  };
}

const DEPTH_NAMES: Readonly<Record<string, string>> = {
  char: 'signed 8-bit',
  short: 'signed 16-bit',
  uint: '32-bit',
  int: 'signed 32-bit',
  float: 'floating-point',
  double: 'double-precision',
  complex: 'complex',
  dpcomplex: 'complex',
};

function isRealAlpha(converted: boolean, facts: TiffPageFacts | undefined): boolean {
  if (facts === undefined) return true;
  const [meaning] = facts.extraSamples;
  // libtiff adds an opaque alpha to the YCbCr pictures that it converts; an unnamed fifth ink is not alpha.
  if (meaning === undefined) return facts.samplesPerPixel === 2 || facts.samplesPerPixel === 4;
  return meaning !== 0 || !converted;
}

function unsupported(path: string, what: string): UpreelError {
  return new UpreelError('input-unsupported', `${path} ${what}.`, {
    hint: 'Save it as 16-bit PNG or TIFF first, for example in GIMP.',
  });
}

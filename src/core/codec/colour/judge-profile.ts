import { iccColourSpace } from '../metadata/metadata.ts';

interface JudgedSamples {
  /** What they are if they are converted to sRGB ("CMYK", "CIELAB"); null: they stay as they are. */
  readonly converted: string | null;
  readonly channels: 1 | 3;
}

/**
 * Whether a profile goes on to the result, and what is to be said of it.
 * @param icc as libvips gives it; `dropped`: libpng left out what there is, since it does not suit or is damaged
 */
export function judgeProfile(
  path: string,
  icc: Uint8Array | 'dropped' | null,
  { converted, channels }: JudgedSamples,
): { readonly fits: boolean; readonly warning: string | null } {
  const space = icc === null || icc === 'dropped' ? '' : iccColourSpace(icc);
  if (converted === 'CMYK') {
    const how = space === 'CMYK' ? 'through its profile' : 'as printed by a usual press';
    const why = space === 'CMYK' ? '' : icc === null ? ' without a profile' : ' with a profile that is not for it';
    return { fits: false, warning: `${path} is CMYK${why}: it was converted to sRGB ${how}.` };
  }
  if (converted !== null) return { fits: false, warning: `${path} is ${converted}: it was converted to sRGB.` };
  if (icc === null) return { fits: false, warning: null };
  // A gray picture with an RGB profile is common and means what it says where the target can hold it.
  if (space === 'RGB' || (space === 'GRAY' && channels === 1)) return { fits: true, warning: null };
  const fault =
    icc === 'dropped'
      ? 'a colour profile that is damaged or does not suit its pixels'
      : space === ''
        ? 'a damaged colour profile'
        : 'a colour profile that does not suit its pixels';
  return { fits: false, warning: `${path} has ${fault}: it was left out.` };
}

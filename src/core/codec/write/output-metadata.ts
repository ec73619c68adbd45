import type { Size } from '../../pixels/geometry.ts';
import { isSrgbProfile } from '../colour/srgb-profile.ts';
import type { PreparedMetadata } from '../definition/written-format.ts';
import { FORMATS, type OutputFormat } from '../formats/list.ts';
import { densityExif, updateExif } from '../metadata/exif.ts';
import { addIptcToXmp } from '../metadata/iptc-xmp.ts';
import { iccColourSpace, type PictureMetadata, uprightXmp } from '../metadata/metadata.ts';
import { addMade } from '../metadata/xmp-made.ts';
import { abilitiesOf, writtenFormat } from './output-format.ts';

export interface MetadataTarget {
  readonly format: OutputFormat;
  readonly channels: 1 | 3;
  /** Of the first page, as written. */
  readonly size: Size;
  /** Leave out EXIF, XMP, IPTC and density. What the samples mean (profile) and an animation's timing stay. */
  readonly strip: boolean;
  /** How the result is made, in a line; null: that is not told. */
  readonly made: string | null;
}

/** A source's metadata as the target can hold it, and a sentence for each thing that it cannot. */
export async function prepareMetadata(source: PictureMetadata, target: MetadataTarget): Promise<PreparedMetadata> {
  const { format, size } = target;
  const { name, pages } = abilitiesOf(format);
  const { places } = writtenFormat(format);
  const { most } = places;
  const given = target.strip ? { ...source, exif: null, xmp: null, iptc: null, density: null } : source;
  const warnings: string[] = [];
  const keep = <T>(value: T | null, refusal: string | null): T | null => {
    if (value === null || refusal === null) return value;
    warnings.push(refusal);
    return null;
  };
  const fits = (bytes: Uint8Array | null, limit: number | undefined, what: string) =>
    limit !== undefined && bytes !== null && bytes.length > limit
      ? `${what} is too long for ${name}: it was left out.`
      : null;

  const exif = given.exif === null ? null : await updateExif(given.exif, size);
  if (exif === null && given.exif !== null) warnings.push('The EXIF data is damaged: it was left out.');
  const upright = given.xmp === null ? null : uprightXmp(given.xmp);
  const { xmp, lost } =
    places.iptc === 'xmp' && given.iptc !== null ? addIptcToXmp(upright, given.iptc) : { xmp: upright, lost: [] };
  const homeless = [
    ...(exif === null || places.exif ? [] : ['EXIF']),
    ...(xmp === null || places.xmp ? [] : ['XMP']),
    ...(given.iptc === null || places.iptc !== false ? [] : ['IPTC']),
    ...(lost.length === 0 ? [] : [`IPTC's fields ${lost.join(', ')}`]),
    // 72 is what is written where nobody knows.
    ...(given.density === null || places.density !== false || given.density.x === 72 ? [] : ['the density']),
  ];
  if (homeless.length > 0) warnings.push(`${name} has no place for ${listed(homeless)}: left out.`);
  const { icc, pngColour } = given;
  if (!places.pngColour && icc === null && pngColour.some(isMeaningful)) {
    warnings.push(`${name} cannot say what colours the samples mean (PNG's cICP or gAMA): they will look different.`);
  }
  if (pages === 'sheaf' && given.delaysMs.length > 1) {
    warnings.push(`${name} has pages but no timing: write .webp to keep the animation.`);
  }
  const exifWithDensity =
    exif ?? (places.density === 'exif' && given.density !== null ? densityExif(given.density) : null);
  return {
    metadata: {
      ...given,
      icc: keep(icc, refuseProfile(icc, target) ?? fits(icc, most?.icc, 'The colour profile')),
      exif: places.exif ? keep(exifWithDensity, fits(exifWithDensity, most?.exif, 'The EXIF data')) : null,
      xmp: places.xmp ? withMade(keep(xmp, fits(xmp, most?.xmp, 'The XMP data')), target) : null,
      iptc: places.iptc === true ? given.iptc : null,
      pngColour: places.pngColour ? pngColour : [],
    },
    warnings,
  };
}

/** What the source says counts for more: where there is no room for both, it stays alone. */
function withMade(xmp: Uint8Array | null, { made, format }: MetadataTarget): Uint8Array | null {
  if (made === null) return xmp;
  const told = addMade(xmp, made);
  const { most } = writtenFormat(format).places;
  return most !== undefined && told !== null && told.length > most.xmp ? xmp : told;
}

function listed(things: readonly string[]): string {
  return [things.slice(0, -1).join(', '), ...things.slice(-1)].filter((part) => part !== '').join(' and ');
}

/** Why the target cannot hold the profile, or null. Without one, samples are taken for sRGB. */
function refuseProfile(icc: Uint8Array | null, { format, channels }: MetadataTarget): string | null {
  if (icc === null) return null;
  const { name } = FORMATS[format];
  const { places } = writtenFormat(format);
  const isForGray = iccColourSpace(icc) === 'GRAY';
  if (!places.icc) {
    return isSrgbProfile(icc) ? null : `${name} has no place for the colour profile: the colours will look different.`;
  }
  if (places.gray === 'gray-profile' && channels === 1 && !isForGray) {
    return `A gray ${name} cannot hold an RGB profile: it was left out.`;
  }
  const isColoured = channels === 3 || places.gray === 'as-rgb';
  return isColoured && isForGray ? `${name} holds RGB here: the gray profile was left out.` : null;
}

/** Chunks that change how samples look; a gamma of 1/2.2 is what everyone assumes anyway. */
function isMeaningful({ type, data }: PictureMetadata['pngColour'][number]): boolean {
  if (type !== 'gAMA') return type === 'cICP';
  const gamma = data.length === 4 ? Buffer.from(data).readUInt32BE(0) : 0;
  return Math.abs(gamma - 45_455) > 500;
}

import type { Size } from '../geometry.ts';
import { densityExif, updateExif } from './exif.ts';
import { MAX_JPEG_EXIF_BYTES, MAX_JPEG_ICC_BYTES, MAX_JPEG_XMP_BYTES } from './jpeg.ts';
import { iccColourSpace, type PictureMetadata } from './metadata.ts';
import { FORMAT_ABILITIES, type OutputFormat } from './output-format.ts';

export interface MetadataTarget {
  readonly format: OutputFormat;
  readonly channels: 1 | 3;
  /** Of the first page, as written. */
  readonly size: Size;
  /** Leave out EXIF, XMP, IPTC and density. What the samples mean (profile) and an animation's timing stay. */
  readonly strip: boolean;
}

/** A source's metadata as the target can hold it, and a sentence for each thing that it cannot. */
export async function prepareMetadata(
  metadata: PictureMetadata,
  target: MetadataTarget,
): Promise<{ metadata: PictureMetadata; warnings: string[] }> {
  const { format, size, strip } = target;
  const { name } = FORMAT_ABILITIES[format];
  const warnings: string[] = [];
  const keep = <T>(value: T | null, refusal: string | null): T | null => {
    if (value === null || refusal === null) return value;
    warnings.push(refusal);
    return null;
  };
  const fits = (bytes: Uint8Array | null, limit: number, what: string) =>
    format === 'jpeg' && bytes !== null && bytes.length > limit
      ? `${what} is too long for JPEG: it was left out.`
      : null;

  const density = strip ? null : metadata.density;
  const updated = strip || metadata.exif === null ? null : await updateExif(metadata.exif, size);
  if (updated === null && metadata.exif !== null && !strip) warnings.push('The EXIF data is damaged: it was left out.');
  const densityInExif = density !== null && (format === 'webp' || format === 'avif');
  const exif = updated ?? (densityInExif ? densityExif(density) : null);
  const xmp = strip ? null : metadata.xmp;
  const iptc = strip ? null : metadata.iptc;
  const holdsIptc = format === 'jpeg' || format === 'tiff';
  const { icc, pngColour } = metadata;
  const grayWithRgb = format === 'png' && target.channels === 1 && icc !== null && iccColourSpace(icc) !== 'GRAY';
  if (format !== 'png' && icc === null && pngColour.some(isMeaningful)) {
    warnings.push(`${name} cannot say what colours the samples mean (PNG's cICP or gAMA): they will look different.`);
  }
  if (format === 'tiff' && metadata.delaysMs.length > 1) {
    warnings.push('TIFF has pages but no timing: write .webp to keep the animation.');
  }
  return {
    metadata: {
      ...metadata,
      icc: keep(
        icc,
        grayWithRgb
          ? 'A gray PNG cannot hold an RGB profile: it was left out.'
          : fits(icc, MAX_JPEG_ICC_BYTES, 'The colour profile'),
      ),
      exif: keep(
        exif,
        format === 'gif'
          ? 'GIF has no place for EXIF data: it was left out.'
          : fits(exif, MAX_JPEG_EXIF_BYTES, 'The EXIF data'),
      ),
      xmp: keep(xmp, fits(xmp, MAX_JPEG_XMP_BYTES, 'The XMP data')),
      iptc: keep(iptc, holdsIptc ? null : `${name} has no place for IPTC data: it was left out.`),
      density,
      pngColour: format === 'png' ? pngColour : [],
    },
    warnings,
  };
}

/** Chunks that change how samples look; a gamma of 1/2.2 is what everyone assumes anyway. */
function isMeaningful({ type, data }: PictureMetadata['pngColour'][number]): boolean {
  if (type !== 'gAMA') return type === 'cICP';
  const gamma = data.length === 4 ? Buffer.from(data).readUInt32BE(0) : 0;
  return Math.abs(gamma - 45_455) > 500;
}

import type { Density } from './exif.ts';

/** Everything in a picture file that is not pixels and that upreel keeps. All null or empty: nothing known. */
export interface PictureMetadata {
  /** The colour profile, bit for bit. null if there is none, or if the pixels were converted to sRGB. */
  readonly icc: Uint8Array | null;
  /**
   * An EXIF block from its "II" or "MM" on, as the file has it (its orientation describes the file, not our pixels).
   */
  readonly exif: Uint8Array | null;
  /** An XMP packet. */
  readonly xmp: Uint8Array | null;
  /** Photoshop resources ("8BIM" first), IPTC records among them. */
  readonly iptc: Uint8Array | null;
  /** Dots per inch of the pixels as they stand after orientation. */
  readonly density: Density | null;
  /** PNG chunks that say what the samples mean: cICP, gAMA, cHRM, sRGB, mDCV, cLLI. */
  readonly pngColour: readonly { readonly type: string; readonly data: Uint8Array }[];
  /** How long each page of an animation shows, in milliseconds; empty for the others. */
  readonly delaysMs: readonly number[];
  /** How often an animation runs, 0 for ever; null for the others. */
  readonly loop: number | null;
}

export const NO_METADATA: PictureMetadata = {
  icc: null,
  exif: null,
  xmp: null,
  iptc: null,
  density: null,
  pngColour: [],
  delaysMs: [],
  loop: null,
};

/**
 * Which samples a profile is for: "RGB", "GRAY", "CMYK", "Lab", ... (ICC.1 section 7.2.6), "" if it is no profile, or
 * not the whole of one.
 */
export function iccColourSpace(icc: Uint8Array): string {
  const buffer = Buffer.from(icc.buffer, icc.byteOffset, icc.byteLength);
  const isProfile = buffer.length >= 132 && buffer.toString('latin1', 36, 40) === 'acsp';
  return isProfile && buffer.readUInt32BE(0) <= buffer.length ? buffer.toString('latin1', 16, 20).trim() : '';
}

/** Whether a profile can describe samples of `channels`: a gray picture with an RGB profile is common. */
export function profileSuits(icc: Uint8Array, channels: 1 | 3): boolean {
  const space = iccColourSpace(icc);
  return space === 'RGB' || (space === 'GRAY' && channels === 1);
}

export function unsuitedNote(path: string): string {
  return `${path} has a colour profile that does not suit its pixels: it was left out.`;
}

/** ISO/IEC 23091-2: ColourPrimaries and TransferCharacteristics. */
export interface CodePoints {
  readonly primaries: number;
  readonly transfer: number;
}

/** Code points of full-range RGB as PNG's cICP chunk, where they are not plain sRGB. */
export function cicpChunk(colour: CodePoints | null): PictureMetadata['pngColour'] {
  if (colour === null) return [];
  const { primaries, transfer } = colour;
  const plain = (primaries === 1 || primaries === 2) && [1, 2, 6, 13].includes(transfer);
  return plain || primaries > 255 || transfer > 255
    ? []
    : [{ type: 'cICP', data: Buffer.from([primaries, transfer, 0, 1]) }];
}

/** One sentence on what a file holds beside its picture, none for nothing. */
export function leftOutNote(path: string, besides: readonly string[]): string[] {
  const last = besides.at(-1);
  if (last === undefined) return [];
  const before = besides.slice(0, -1).join(', ');
  return [`${path} also holds ${before === '' ? last : `${before} and ${last}`}: left out.`];
}

/** EXIF without the "Exif\0\0" that JPEG and libvips put before it. */
export function bareExif(exif: Uint8Array): Uint8Array {
  const prefix = Buffer.from('Exif\0\0', 'latin1');
  return prefix.equals(exif.subarray(0, 6)) ? exif.subarray(6) : exif;
}

/** Photoshop resources from what libvips calls IPTC: a JPEG's APP13 as it is, or bare IPTC records of a TIFF. */
export function photoshopResources(iptc: Uint8Array): Uint8Array | null {
  const buffer = Buffer.from(iptc.buffer, iptc.byteOffset, iptc.byteLength);
  if (buffer.subarray(0, PHOTOSHOP_MARK.length).equals(PHOTOSHOP_MARK)) return buffer.subarray(PHOTOSHOP_MARK.length);
  if (buffer.toString('latin1', 0, 4) === '8BIM') return buffer;
  if (buffer[0] !== IPTC_MARK) return null;
  const head = Buffer.alloc(12);
  head.write('8BIM', 'latin1');
  head.writeUInt16BE(IPTC_RESOURCE, 4);
  head.writeUInt32BE(buffer.length, 8);
  return Buffer.concat([head, buffer, Buffer.alloc(buffer.length % 2)]);
}

/** The IPTC records inside Photoshop resources, or null. */
export function iptcRecords(resources: Uint8Array): Buffer | null {
  const buffer = Buffer.from(resources.buffer, resources.byteOffset, resources.byteLength);
  let at = 0;
  while (at + 12 <= buffer.length && buffer.toString('latin1', at, at + 4) === '8BIM') {
    const nameBytes = 1 + buffer.readUInt8(at + 6);
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2);
    if (sizeAt + 4 > buffer.length) return null;
    const size = buffer.readUInt32BE(sizeAt);
    const data = buffer.subarray(sizeAt + 4, sizeAt + 4 + size);
    if (buffer.readUInt16BE(at + 4) === IPTC_RESOURCE) return data.length === size ? data : null;
    at = sizeAt + 4 + size + (size % 2);
  }
  return null;
}

export const PHOTOSHOP_MARK = Buffer.from('Photoshop 3.0\0', 'latin1');
const IPTC_RESOURCE = 0x0404;
const IPTC_MARK = 0x1c;

/** XMP whose tiff:Orientation says "upright", for pixels that were turned. The length stays the same. */
export function uprightXmp(xmp: Uint8Array): Uint8Array {
  const text = Buffer.from(xmp.buffer, xmp.byteOffset, xmp.byteLength).toString('latin1');
  const upright = text.replace(/(?<=tiff:Orientation(?:\s*=\s*["']|>))[2-8](?=["'<])/g, '1');
  return Buffer.from(upright, 'latin1');
}

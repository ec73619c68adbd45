import { type Density, makeDensity } from '../../metadata/exif.ts';
import { iccColourSpace } from '../../metadata/metadata.ts';

export interface PhotoshopFacts {
  readonly icc: Uint8Array | null;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  /** The resource with IPTC records, as JPEG files hold it. */
  readonly iptc: Uint8Array | null;
  readonly density: Density | null;
  readonly hasMergedPicture: boolean;
}

/**
 * What a document's resources say, as far as they are whole.
 * @see Adobe Photoshop File Formats, "Image Resource IDs"
 */
export function readPhotoshopResources(bytes: Buffer): PhotoshopFacts {
  const found = new Map<number, { data: Buffer; whole: Buffer }>();
  for (let at = 0; at + 12 <= bytes.length && bytes.toString('latin1', at, at + 4) === '8BIM'; ) {
    const nameBytes = 1 + bytes[at + 6]!;
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2);
    if (sizeAt + 4 > bytes.length) break;
    const size = bytes.readUInt32BE(sizeAt);
    const end = sizeAt + 4 + size + (size % 2);
    const data = bytes.subarray(sizeAt + 4, sizeAt + 4 + size);
    if (data.length === size) found.set(bytes.readUInt16BE(at + 4), { data, whole: bytes.subarray(at, end) });
    at = end;
  }
  const icc = found.get(RESOURCE.icc)?.data ?? null;
  const version = found.get(RESOURCE.version)?.data;
  return {
    icc: icc !== null && ['RGB', 'GRAY'].includes(iccColourSpace(icc)) ? icc : null,
    exif: found.get(RESOURCE.exif)?.data ?? null,
    xmp: found.get(RESOURCE.xmp)?.data ?? null,
    iptc: found.get(RESOURCE.iptc)?.whole ?? null,
    density: readResolution(found.get(RESOURCE.resolution)?.data),
    hasMergedPicture: version === undefined || version.length < 5 || version[4] !== 0,
  };
}

const RESOURCE = { resolution: 1005, iptc: 1028, icc: 1039, version: 1057, exif: 1058, xmp: 1060 } as const;

/** Pixels per inch with 16 bits before the point and 16 behind it; the unit beside it is that of the display. */
function readResolution(data: Buffer | undefined): Density | null {
  if (data === undefined || data.length < 16) return null;
  return makeDensity(data.readUInt32BE(0) / 65_536, data.readUInt32BE(8) / 65_536);
}

import type { ByteSource } from '../bytes/byte-source.ts';
import { TAG } from '../metadata/exif.ts';
import { entryNumbers, findEntry, type Ifd, type TiffLayout } from '../metadata/ifd.ts';

/** How the raw files of cameras are refused: most of what is in them only a raw converter can turn into a picture. */
export const CAMERA_RAW = {
  what: "a camera's raw file",
  hint: 'Develop it first (darktable-cli RAW out.tif), or take the preview in it (exiftool -b -PreviewImage RAW > out.jpg).',
} as const;

/** First bytes of those that are no TIFF file: Fuji, Olympus and OM, Panasonic and Leica, Sigma, old Canon, Minolta. */
export const RAW_MARKS = ['FUJIFILMCCD-RAW', 'IIRO', 'IIRS', 'MMOR', 'IIU\0', 'FOVb', /^II.{4}HEAPCCDR/s, '\0MRM'];

/** Whether a TIFF file is a camera's: DNG, NEF, ARW, PEF, SRW, CR2, IIQ, ... @param page the first */
export async function isCameraRaw(source: ByteSource, page: Ifd, layout: TiffLayout): Promise<boolean> {
  const number = (tag: number) => entryNumbers(findEntry(page, tag), layout.littleEndian)[0] ?? 0;
  // A thumbnail with the picture behind it.
  if (number(TAG.newSubfileType) === 1 && findEntry(page, TAG.subIfds) !== undefined) return true;
  if (findEntry(page, TAG.dngVersion) !== undefined) return true;
  if (RAW_PHOTOMETRIC.has(number(PHOTOMETRIC)) || RAW_COMPRESSION.has(number(COMPRESSION))) return true;
  // Canon and Phase One leave a mark between the head and the first directory.
  return /^(CR|IIII|MMMM)/.test((await source.read(8, 4)).toString('latin1'));
}

const COMPRESSION = 0x103;
const PHOTOMETRIC = 0x106;
/** Colour filter array, and linear raw (DNG 1.7, "PhotometricInterpretation"). */
const RAW_PHOTOMETRIC: ReadonlySet<number> = new Set([32_803, 34_892]);
/** Sony, Samsung, Nikon, Kodak, Pentax. */
const RAW_COMPRESSION: ReadonlySet<number> = new Set([32_767, 32_770, 34_713, 65_000, 65_535]);

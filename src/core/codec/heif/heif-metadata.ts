import type { ByteSource } from '../bytes/byte-source.ts';
import { EXIF_BUDGET_BYTES, exifFacts } from '../metadata/exif.ts';
import {
  bareExif,
  cicpChunk,
  NO_METADATA,
  type PictureMetadata,
  profileSuits,
  unsuitedNote,
  uprightXmp,
} from '../metadata/metadata.ts';
import { dropClaims } from '../metadata/xmp-claims.ts';
import { type HeifItem, type HeifMeta, readItem } from './heif-boxes.ts';
import type { HeifPicture } from './heif-picture.ts';

/** Profile, EXIF and XMP of the primary picture. What cannot be read is left out, with a warning. */
export async function readHeifMetadata(
  source: ByteSource,
  meta: HeifMeta,
  picture: HeifPicture,
  path: string,
): Promise<{ metadata: PictureMetadata; warnings: string[] }> {
  const { exif, xmp, warnings } = await readDescriptions(source, meta, path);
  const { icc, channels, codePoints, colour } = picture;
  const sideways = colour.steps.filter(({ transform }) => transform >= 4).length % 2 === 1;
  const fits = icc !== null && profileSuits(icc, channels);
  if (icc !== null && !fits) warnings.push(unsuitedNote(path));
  const density = exif === null ? null : (await exifFacts(exif)).density;
  const metadata: PictureMetadata = {
    ...NO_METADATA,
    icc: fits ? icc : null,
    exif,
    // The decoder turns by the file's own description, whatever an orientation in EXIF or XMP says.
    xmp: xmp === null ? null : dropClaims(uprightXmp(xmp)),
    density: density !== null && sideways ? { x: density.y, y: density.x } : density,
    pngColour: cicpChunk(codePoints),
  };
  return { metadata, warnings };
}

/** EXIF ("II" or "MM" first) and XMP, each as it stands in the file, that describe the primary picture. */
export async function readDescriptions(
  source: ByteSource,
  meta: HeifMeta,
  path: string,
): Promise<{ exif: Uint8Array | null; xmp: Buffer | null; warnings: string[] }> {
  const warnings: string[] = [];
  const unreadable = (name: string) => `The ${name} data of ${path} cannot be read: they were left out.`;
  const read = async (name: string, isIt: (item: HeifItem) => boolean) => {
    const item = describing(meta, isIt);
    if (item === null) return null;
    const data = await readItem(source, meta, item, EXIF_BUDGET_BYTES);
    if (data === null) warnings.push(unreadable(name));
    return data;
  };
  const block = await read('EXIF', ({ type }) => type === 'Exif');
  const exif = block === null ? null : exifOf(block);
  if (block !== null && exif === null) warnings.push(unreadable('EXIF'));
  return { exif, xmp: await read('XMP', ({ contentType }) => contentType === 'application/rdf+xml'), warnings };
}

/** The item that says something of the primary picture ("cdsc": content describes). */
function describing({ primaryId, items, references }: HeifMeta, isIt: (item: HeifItem) => boolean): HeifItem | null {
  const found = references.filter(({ type, to }) => type === 'cdsc' && to.some((id) => id === primaryId));
  return found.map(({ from }) => items.get(from)).find((item) => item !== undefined && isIt(item)) ?? null;
}

/** Four bytes say how many more there are in front of the "II" or "MM" (ISO/IEC 23008-12, A.2.1). */
function exifOf(block: Buffer): Uint8Array | null {
  const start = block.length < 4 ? block.length : 4 + block.readUInt32BE(0);
  return start >= block.length ? null : bareExif(block.subarray(start));
}

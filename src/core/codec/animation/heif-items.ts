import type { ByteSource } from '../byte-source.ts';
import { type Box, boxesOf, readBox } from '../iso-boxes.ts';

/** EXIF ("II" or "MM" first) and XMP among the items that a `meta` box describes. @see ISO/IEC 14496-12, 8.11 */
export async function readItems(
  source: ByteSource,
  meta: Box,
): Promise<{ readonly exif: Uint8Array | null; readonly xmp: Uint8Array | null }> {
  const boxes = new Map<string, Box>();
  for await (const box of boxesOf(source, meta.start + FULL_BOX_BYTES, meta.end)) boxes.set(box.type, box);
  const content = async (type: string) => {
    const box = boxes.get(type);
    return box === undefined ? null : await readBox(source, box, MAX_BYTES);
  };
  const [iinf, iloc, idat] = [boxes.get('iinf'), await content('iloc'), boxes.get('idat')];
  if (iinf === undefined || iloc === null) return { exif: null, xmp: null };
  const places = readPlaces(iloc);
  const types = await itemTypes(source, iinf);
  const read = async (type: string) => {
    const place = places.get(types.get(type) ?? -1);
    if (place === undefined || place.bytes > MAX_BYTES) return null;
    const base = place.inItem ? (idat?.start ?? Number.NaN) : 0;
    const data = Number.isNaN(base) ? Buffer.alloc(0) : await source.read(base + place.offset, place.bytes);
    return data.length === place.bytes ? data : null;
  };
  const exif = await read('Exif');
  const start = exif === null || exif.length < 12 ? null : 4 + exif.readUInt32BE(0);
  return { exif: start === null ? null : exif!.subarray(start), xmp: await read('application/rdf+xml') };
}

const FULL_BOX_BYTES = 4;
const MAX_BYTES = 16 * 1024 * 1024;

/** By type, or by what a `mime` item is, the number of the first such item. */
async function itemTypes(source: ByteSource, iinf: Box): Promise<Map<string, number>> {
  const types = new Map<string, number>();
  const version = (await source.read(iinf.start, 1))[0];
  for await (const box of boxesOf(source, iinf.start + FULL_BOX_BYTES + (version === 0 ? 2 : 4), iinf.end)) {
    const infe = await readBox(source, box, 4096);
    if (infe === null || infe.length < 12 || infe[0]! < 2) continue;
    const wide = infe[0] === 3 ? 2 : 0;
    const id = wide === 0 ? infe.readUInt16BE(4) : infe.readUInt32BE(4);
    const type = infe.toString('latin1', 8 + wide, 12 + wide);
    // Behind the type come a name and, of a mime item, what it is.
    const [, mime = ''] = infe.toString('latin1', 12 + wide).split('\0');
    const name = type === 'mime' ? mime : type;
    if (!types.has(name)) types.set(name, id);
  }
  return types;
}

interface Place {
  readonly offset: number;
  readonly bytes: number;
  /** Counted from the `idat` box, not from the file's beginning. */
  readonly inItem: boolean;
}

/** Of items that lie in one piece. */
function readPlaces(iloc: Buffer): Map<number, Place> {
  const places = new Map<number, Place>();
  const [version, sizes, more] = [iloc[0]!, iloc[4] ?? 0, iloc[5] ?? 0];
  const [offsetBytes, lengthBytes, baseBytes, indexBytes] = [
    sizes >> 4,
    sizes & 15,
    more >> 4,
    version === 0 ? 0 : more & 15,
  ];
  let at = 6;
  const take = (bytes: number): number => {
    at += bytes;
    if (bytes === 0 || at > iloc.length) return 0;
    return bytes === 8 ? Number(iloc.readBigUInt64BE(at - 8)) : iloc.readUIntBE(at - bytes, bytes);
  };
  const count = take(version < 2 ? 2 : 4);
  for (let item = 0; item < count && at < iloc.length; item++) {
    const id = take(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : take(2) & 15;
    take(2);
    const base = take(baseBytes);
    const extents = take(2);
    for (let extent = 0; extent < extents && at < iloc.length; extent++) {
      take(indexBytes);
      const [offset, bytes] = [take(offsetBytes), take(lengthBytes)];
      if (extents === 1 && method <= 1) places.set(id, { offset: base + offset, bytes, inItem: method === 1 });
    }
  }
  return places;
}

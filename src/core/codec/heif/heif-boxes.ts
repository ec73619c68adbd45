import type { ByteSource } from '../bytes/byte-source.ts';
import { boxesIn, boxesOf, type HeldBox } from '../bytes/iso-boxes.ts';

/** A picture, or what belongs to one (EXIF, XMP), in a HEIF file (ISO/IEC 23008-12). */
export interface HeifItem {
  readonly id: number;
  /** "hvc1", "av01", "grid", "Exif", "mime", ... */
  readonly type: string;
  /** Of a "mime" item that is not compressed; else ''. */
  readonly contentType: string;
  readonly hidden: boolean;
  /** In the order in which they apply. */
  readonly properties: readonly HeldBox[];
  readonly data: ItemData | null;
}

export interface ItemData {
  /** The offsets count from the start of the file, or of the description's own "idat" box. */
  readonly from: 'file' | 'idat';
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

export interface HeifReference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
}

/** What the "meta" box of a file says. */
export interface HeifMeta {
  readonly primaryId: number | null;
  readonly items: ReadonlyMap<number, HeifItem>;
  readonly references: readonly HeifReference[];
  readonly idat: Buffer;
}

export interface HeifFile {
  /** null: none, or none that makes sense. */
  readonly meta: HeifMeta | null;
  /** Types of the boxes that stand side by side in the file. */
  readonly boxes: readonly string[];
}

/** Reads the description of a HEIF or AVIF file. What is cut off or forged is left out; nothing is thrown. */
export async function readHeifFile(source: ByteSource): Promise<HeifFile> {
  const boxes: string[] = [];
  let meta: HeifMeta | null = null;
  for await (const box of boxesOf(source, 0, source.size)) {
    boxes.push(box.type);
    const bytes = box.end - box.start;
    if (box.type === 'meta' && meta === null && bytes <= MAX_META_BYTES) {
      meta = parseMeta(await source.read(box.start, bytes));
    }
    if (boxes.length === MAX_TOP_BOXES) break;
  }
  return { meta, boxes };
}

const MAX_TOP_BOXES = 1000;
/** Tens of thousands of items; a phone's description has some kilobytes. */
const MAX_META_BYTES = 16 * 1024 * 1024;

/** The data of an item, or null where it lies outside the file, is larger than `limit` or is put together otherwise. */
export async function readItem(source: ByteSource, meta: HeifMeta, item: HeifItem, limit: number) {
  if (item.data === null) return null;
  const { from, extents } = item.data;
  if (extents.reduce((sum, { length }) => sum + length, 0) > limit) return null;
  const parts: Buffer[] = [];
  for (const { offset, length } of extents) {
    const part = from === 'idat' ? meta.idat.subarray(offset, offset + length) : await source.read(offset, length);
    if (part.length < length) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseMeta(bytes: Buffer): HeifMeta | null {
  const described = boxesIn(bytes.subarray(FULL_BOX_BYTES));
  const find = (type: string) => described.find((box) => box.type === type)?.body ?? Buffer.alloc(0);
  try {
    const properties = parseProperties(find('iprp'));
    const data = parseLocations(find('iloc'));
    const items = new Map<number, HeifItem>();
    for (const entry of parseItems(find('iinf'))) {
      if (items.has(entry.id)) continue;
      items.set(entry.id, {
        ...entry,
        properties: properties.get(entry.id) ?? [],
        data: data.get(entry.id) ?? null,
      });
    }
    const pitm = fields(find('pitm'));
    const primaryId = pitm.left < 2 ? null : pitm.uint(pitm.version === 0 ? 2 : 4);
    return { primaryId, items, references: parseReferences(find('iref')), idat: find('idat') };
  } catch (error) {
    // A length that points beyond its box.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Version and flags of a box. */
const FULL_BOX_BYTES = 4;

/**
 * Reads numbers one after the other from a box that starts with a version and flags; throws RangeError past its end.
 */
function fields(body: Buffer) {
  let at = Math.min(FULL_BOX_BYTES, body.length);
  return {
    version: body[0] ?? 0,
    flags: body.length < FULL_BOX_BYTES ? 0 : body.readUIntBE(1, 3),
    get left() {
      return body.length - at;
    },
    /** `bytes`: 0 to 8; 0 gives 0. */
    uint(bytes: number): number {
      if (at + bytes > body.length) throw new RangeError('Expected more of a box.');
      const value = bytes === 0 ? 0 : bytes === 8 ? Number(body.readBigUInt64BE(at)) : body.readUIntBE(at, bytes);
      at += bytes;
      return value;
    },
    rest: () => body.subarray(at),
  };
}

function* parseItems(body: Buffer): Iterable<Pick<HeifItem, 'id' | 'type' | 'contentType' | 'hidden'>> {
  const list = fields(body);
  if (list.left < 2) return;
  list.uint(list.version === 0 ? 2 : 4);
  for (const { type: boxType, body: entry } of boxesIn(list.rest())) {
    const infe = fields(entry);
    // Versions 0 and 1 have no item types.
    if (boxType !== 'infe' || infe.version < 2) continue;
    const id = infe.uint(infe.version === 2 ? 2 : 4);
    infe.uint(2);
    const rest = infe.rest().toString('latin1');
    const [type, hidden] = [rest.slice(0, 4), (infe.flags & 1) === 1];
    // Of a "mime" item: its name, its kind, and how it is compressed.
    const [, kind = '', encoding = ''] = rest.slice(4).split('\0', 3);
    yield { id, type, contentType: type === 'mime' && encoding === '' ? kind : '', hidden };
  }
}

function parseReferences(body: Buffer): HeifReference[] {
  const { version, rest } = fields(body);
  return boxesIn(rest()).flatMap(({ type, body: entry }) => {
    const bytes = version === 0 ? 2 : 4;
    // Not a full box: the numbers start at once.
    const list = fields(Buffer.concat([Buffer.alloc(FULL_BOX_BYTES), entry]));
    if (list.left < bytes + 2) return [];
    const from = list.uint(bytes);
    const count = list.uint(2);
    return [{ type, from, to: Array.from({ length: count }, () => list.uint(bytes)) }];
  });
}

/** Where the data of each item lie, by the content of an "iloc" box. @see ISO/IEC 14496-12, 8.11.3 */
export function parseLocations(body: Buffer): Map<number, ItemData> {
  const found = new Map<number, ItemData>();
  const list = fields(body);
  if (list.left < 4) return found;
  const sizes = list.uint(2);
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = list.version === 0 ? 0 : sizes & 15;
  const idBytes = list.version < 2 ? 2 : 4;
  for (let left = list.uint(idBytes); left > 0; left--) {
    const id = list.uint(idBytes);
    const method = list.version === 0 ? 0 : list.uint(2) & 15;
    const fileIndex = list.uint(2);
    const base = list.uint(baseBytes);
    if (indexBytes + offsetBytes + lengthBytes === 0) throw new RangeError('Expected extents of some bytes.');
    const extents = Array.from({ length: list.uint(2) }, () => {
      list.uint(indexBytes);
      return { offset: base + list.uint(offsetBytes), length: list.uint(lengthBytes) };
    });
    // Method 2 builds an item of others' data, an index names another file: nobody writes those.
    if (method < 2 && fileIndex === 0) found.set(id, { from: method === 0 ? 'file' : 'idat', extents });
  }
  return found;
}

/** The properties of each item (ISO/IEC 23008-12, 9.3). */
function parseProperties(body: Buffer): Map<number, HeldBox[]> {
  const parts = boxesIn(body);
  const all = boxesIn(parts.find(({ type }) => type === 'ipco')?.body ?? Buffer.alloc(0));
  const found = new Map<number, HeldBox[]>();
  for (const { type, body: table } of parts) {
    const list = fields(table);
    if (type !== 'ipma' || list.left < 4) continue;
    for (let left = list.uint(4); left > 0; left--) {
      const id = list.uint(list.version === 0 ? 2 : 4);
      const own: HeldBox[] = found.get(id) ?? [];
      for (let count = list.uint(1); count > 0; count--) {
        // The first bit says "essential".
        const index = (list.flags & 1) === 1 ? list.uint(2) & 0x7fff : list.uint(1) & 0x7f;
        const property = all[index - 1];
        if (property !== undefined) own.push(property);
      }
      found.set(id, own);
    }
  }
  return found;
}

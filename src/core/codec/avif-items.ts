import { makeBox, uints } from './box-bytes.ts';
import type { ByteSource } from './byte-source.ts';
import type { PictureMetadata } from './metadata.ts';
import type { Piece } from './rewrite.ts';

/**
 * An AVIF file of libheif's with EXIF and XMP as items of its own that describe the picture, byte for byte: libheif
 * would take EXIF from libvips alone, which writes it anew.
 * @see ISO/IEC 14496-12, 8.11 (items); ISO/IEC 23008-12, annex A (Exif and XMP)
 */
export async function avifPieces(source: ByteSource, { exif, xmp }: PictureMetadata): Promise<Piece[]> {
  const items: NewItem[] = [
    // Where in it the EXIF block starts.
    ...(exif === null ? [] : [{ kind: 'Exif\0', data: Buffer.concat([Buffer.alloc(4), exif]) }]),
    ...(xmp === null ? [] : [{ kind: 'mime\0application/rdf+xml\0', data: xmp }]),
  ];
  const { start, end, boxes } = await findMeta(source);
  if (items.length === 0) return [{ start: 0, end: source.size }];
  const draft = (shift: number) => metaWith(boxes, items, { end, shift, data: source.size + shift + 8 });
  // The offsets in it take the same bytes whatever they are.
  const meta = draft(draft(0).length - (end - start));
  const data = makeBox('mdat', ...items.map((item) => item.data));
  return [{ start: 0, end: start }, meta, { start: end, end: source.size }, data];
}

interface NewItem {
  /** Type, an empty name, and the kind of a "mime" item. */
  readonly kind: string;
  readonly data: Uint8Array;
}

interface Box {
  readonly type: string;
  readonly body: Buffer;
}

/** Where the "meta" box lies, and what is in it. */
async function findMeta(source: ByteSource): Promise<{ start: number; end: number; boxes: readonly Box[] }> {
  for (let at = 0; at < source.size; ) {
    const head = await source.read(at, 8);
    const length = head.length < 8 ? 0 : head.readUInt32BE(0);
    if (length < 8) break;
    if (head.toString('latin1', 4, 8) === 'meta') {
      const bytes = await source.read(at, length);
      return { start: at, end: at + length, boxes: boxesIn(bytes.subarray(8 + FULL_BOX_BYTES)) };
    }
    at += length;
  }
  throw new Error('Expected a "meta" box in an AVIF file from libheif.');
}

/** Version and flags. */
const FULL_BOX_BYTES = 4;

function boxesIn(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (length < 8) throw new Error('Expected boxes of known lengths from libheif.');
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + length) });
    at += length;
  }
  return boxes;
}

interface Move {
  /** What lies from here on ... */
  readonly end: number;
  /** ... comes so much later. */
  readonly shift: number;
  /** Where the first new item's data come. */
  readonly data: number;
}

function metaWith(boxes: readonly Box[], items: readonly NewItem[], move: Move): Buffer {
  const body = (type: string) => boxes.find((box) => box.type === type)?.body ?? null;
  const locations = parseLocations(needed(body('iloc')));
  const firstId = Math.max(...locations.map(({ id }) => id)) + 1;
  const primary = needed(body('pitm')).readUInt16BE(FULL_BOX_BYTES);
  const iinf = withItems(needed(body('iinf')), items, firstId);
  const iref = withReferences(body('iref'), items, { firstId, primary });
  const iloc = makeBox('iloc', serialiseLocations([...moved(locations, move), ...placed(items, firstId, move.data)]));
  const kept = boxes.filter(({ type }) => !['iinf', 'iref', 'iloc'].includes(type));
  return makeBox('meta', Buffer.alloc(4), ...kept.map(({ type, body: own }) => makeBox(type, own)), iinf, iref, iloc);
}

function needed(body: Buffer | null): Buffer {
  if (body === null) throw new Error('Expected pitm, iinf and iloc boxes from libheif.');
  return body;
}

function withItems(iinf: Buffer, items: readonly NewItem[], firstId: number): Buffer {
  const entries = items.map(({ kind }, index) => {
    const type = Buffer.from(kind, 'latin1');
    // Version 2: number, no protection.
    return makeBox('infe', uints([2, 1], [0, 3], [firstId + index, 2], [0, 2]), type);
  });
  const countBytes = iinf[0] === 0 ? 2 : 4;
  const head = Buffer.from(iinf.subarray(0, FULL_BOX_BYTES + countBytes));
  head.writeUIntBE(head.readUIntBE(FULL_BOX_BYTES, countBytes) + items.length, FULL_BOX_BYTES, countBytes);
  return makeBox('iinf', head, iinf.subarray(head.length), ...entries);
}

/** Each new item describes ("cdsc") the primary one. */
function withReferences(
  iref: Buffer | null,
  items: readonly NewItem[],
  { firstId, primary }: { firstId: number; primary: number },
): Buffer {
  const own = iref ?? Buffer.alloc(FULL_BOX_BYTES);
  const idBytes = own[0] === 0 ? 2 : 4;
  const added = items.map((_, index) => {
    return makeBox('cdsc', uints([firstId + index, idBytes], [1, 2], [primary, idBytes]));
  });
  return makeBox('iref', own, ...added);
}

interface Location {
  readonly id: number;
  /** 0: offsets in the file; 1: in the "idat" box. */
  readonly method: number;
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

function moved(locations: readonly Location[], { end, shift }: Move): Location[] {
  return locations.map((location) => {
    if (location.method !== 0) return location;
    const extents = location.extents.map(({ offset, length }) => {
      return { offset: offset >= end ? offset + shift : offset, length };
    });
    return { ...location, extents };
  });
}

function placed(items: readonly NewItem[], firstId: number, start: number): Location[] {
  let offset = start;
  return items.map(({ data: { length } }, index) => {
    const location = { id: firstId + index, method: 0, extents: [{ offset, length }] };
    offset += length;
    return location;
  });
}

function parseLocations(iloc: Buffer): Location[] {
  const version = iloc[0]!;
  let at = FULL_BOX_BYTES;
  const uint = (bytes: number): number => {
    at += bytes;
    return bytes === 0 ? 0 : bytes === 8 ? Number(iloc.readBigUInt64BE(at - 8)) : iloc.readUIntBE(at - bytes, bytes);
  };
  const sizes = uint(2);
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version === 0 ? 0 : sizes & 15;
  const idBytes = version < 2 ? 2 : 4;
  return Array.from({ length: uint(idBytes) }, () => {
    const id = uint(idBytes);
    const method = version === 0 ? 0 : uint(2) & 15;
    uint(2);
    const base = uint(baseBytes);
    const extents = Array.from({ length: uint(2) }, () => {
      uint(indexBytes);
      return { offset: base + uint(offsetBytes), length: uint(lengthBytes) };
    });
    return { id, method, extents };
  });
}

/** Version 1, with 4 bytes for each offset and length. */
function serialiseLocations(locations: readonly Location[]): Buffer {
  const entries = locations.map(({ id, method, extents }) => {
    const places = extents.map(({ offset, length }) => uints([offset, 4], [length, 4]));
    return Buffer.concat([uints([id, 2], [method, 2], [0, 2], [extents.length, 2]), ...places]);
  });
  return Buffer.concat([uints([1, 1], [0, 3], [0x4400, 2], [locations.length, 2]), ...entries]);
}

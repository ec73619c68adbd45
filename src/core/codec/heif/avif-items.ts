import { box, fullBox, u16, u32 } from '../bytes/box-bytes.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { boxesIn, boxesOf, type HeldBox } from '../bytes/iso-boxes.ts';
import type { Piece } from '../bytes/rewrite.ts';
import type { PictureMetadata } from '../metadata/metadata.ts';
import { type ItemData, parseLocations } from './heif-boxes.ts';

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
  const data = box('mdat', ...items.map((item) => item.data));
  return [{ start: 0, end: start }, meta, { start: end, end: source.size }, data];
}

interface NewItem {
  /** Type, an empty name, and the kind of a "mime" item. */
  readonly kind: string;
  readonly data: Uint8Array;
}

/** Where the "meta" box lies, and what is in it. */
async function findMeta(source: ByteSource): Promise<{ start: number; end: number; boxes: readonly HeldBox[] }> {
  for await (const { type, start, end } of boxesOf(source, 0, source.size)) {
    if (type !== 'meta') continue;
    const bytes = await source.read(start, end - start);
    return { start: start - BOX_HEAD_BYTES, end, boxes: boxesIn(bytes.subarray(FULL_BOX_BYTES)) };
  }
  throw new Error('Expected a "meta" box in an AVIF file from libheif.');
}

const BOX_HEAD_BYTES = 8;
/** Version and flags. */
const FULL_BOX_BYTES = 4;

interface Move {
  /** What lies from here on ... */
  readonly end: number;
  /** ... comes so much later. */
  readonly shift: number;
  /** Where the first new item's data come. */
  readonly data: number;
}

function metaWith(boxes: readonly HeldBox[], items: readonly NewItem[], move: Move): Buffer {
  const body = (type: string) => boxes.find((held) => held.type === type)?.body ?? null;
  const locations = parseLocations(needed(body('iloc')));
  const firstId = Math.max(...locations.keys()) + 1;
  const primary = needed(body('pitm')).readUInt16BE(FULL_BOX_BYTES);
  const changed = [
    withItems(needed(body('iinf')), items, firstId),
    withReferences(body('iref'), items, { firstId, primary }),
    locationBox([...moved(locations, move), ...placed(items, firstId, move.data)]),
  ];
  const kept = boxes.filter(({ type }) => !['iinf', 'iref', 'iloc'].includes(type));
  return fullBox('meta', 0, 0, ...kept.map(({ type, body: own }) => box(type, own)), ...changed);
}

function needed(body: Buffer | null): Buffer {
  if (body === null) throw new Error('Expected pitm, iinf and iloc boxes from libheif.');
  return body;
}

function withItems(iinf: Buffer, items: readonly NewItem[], firstId: number): Buffer {
  // Number, no protection, type.
  const entries = items.map(({ kind }, index) =>
    fullBox('infe', 2, 0, u16(firstId + index, 0), Buffer.from(kind, 'latin1')),
  );
  const countBytes = iinf[0] === 0 ? 2 : 4;
  const head = Buffer.from(iinf.subarray(0, FULL_BOX_BYTES + countBytes));
  head.writeUIntBE(head.readUIntBE(FULL_BOX_BYTES, countBytes) + items.length, FULL_BOX_BYTES, countBytes);
  return box('iinf', head, iinf.subarray(head.length), ...entries);
}

/** Each new item describes ("cdsc") the primary one. */
function withReferences(
  iref: Buffer | null,
  items: readonly NewItem[],
  { firstId, primary }: { firstId: number; primary: number },
): Buffer {
  const own = iref ?? Buffer.alloc(FULL_BOX_BYTES);
  const id = own[0] === 0 ? u16 : u32;
  return box('iref', own, ...items.map((_, index) => box('cdsc', id(firstId + index), u16(1), id(primary))));
}

type Location = readonly [id: number, data: ItemData];

function moved(locations: ReadonlyMap<number, ItemData>, { end, shift }: Move): Location[] {
  return [...locations].map(([id, data]) => {
    const move = ({ offset, length }: Extent) => ({ offset: offset >= end ? offset + shift : offset, length });
    return [id, data.from === 'idat' ? data : { ...data, extents: data.extents.map(move) }];
  });
}

type Extent = ItemData['extents'][number];

function placed(items: readonly NewItem[], firstId: number, start: number): Location[] {
  let offset = start;
  return items.map(({ data: { length } }, index) => {
    const extents = [{ offset, length }];
    offset += length;
    return [firstId + index, { from: 'file', extents }];
  });
}

/** Version 1, with 4 bytes for each offset and length. */
function locationBox(locations: readonly Location[]): Buffer {
  const entries = locations.map(([id, { from, extents }]) => {
    const places = extents.map(({ offset, length }) => u32(offset, length));
    return Buffer.concat([u16(id, from === 'file' ? 0 : 1, 0, extents.length), ...places]);
  });
  return fullBox('iloc', 1, 0, u16(0x4400, locations.length), ...entries);
}

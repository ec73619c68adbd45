import type { Size } from '../geometry.ts';
import type { ByteSource } from './byte-source.ts';
import { type HeifItem, type HeifMeta, readItem } from './heif-boxes.ts';
import { damaged } from './libvips.ts';
import type { CodePoints } from './metadata.ts';

/** The primary picture of a HEIF file, as its description has it. */
export interface HeifPicture {
  /** After cropping and turning. */
  readonly size: Size;
  /** Everything that a decoder allocates on the way: the parts of a grid, its canvas, the picture before it is cropped. */
  readonly decodedSizes: readonly Size[];
  /** Its turns exchange width and height. */
  readonly sideways: boolean;
  readonly channels: 1 | 3;
  readonly bitsPerSample: number;
  readonly alpha: boolean;
  readonly premultiplied: boolean;
  readonly icc: Buffer | null;
  readonly codePoints: CodePoints | null;
}

/** How the primary picture is coded: the type of the item, or of a grid's parts; null: there is none. */
export function codecOf(meta: HeifMeta): string | null {
  const primary = primaryItem(meta);
  return primary === null ? null : (codedParts(meta, primary)[0]?.type ?? primary.type);
}

/**
 * What the primary picture will be when it is decoded.
 * @throws UpreelError `input-damaged` where the description does not hold together.
 */
export async function describeHeif(source: ByteSource, meta: HeifMeta, path: string): Promise<HeifPicture> {
  const primary = primaryItem(meta);
  const stored = primary === null ? null : sizeOf(primary);
  if (primary === null || stored === null) throw damaged(path);
  const parts = codedParts(meta, primary);
  const layouts = parts.map((part) => hevcLayout(part));
  const [layout] = layouts;
  if (layout === undefined || layouts.some((other) => other === null) || layout === null) throw damaged(path);
  const canvas = primary.type === 'grid' ? await gridSize(source, meta, primary) : null;
  const partSizes = parts.map(sizeOf);
  if (partSizes.includes(null)) throw damaged(path);
  const { size, sideways } = transform(primary, stored, path);
  const alphaId = auxiliaries(meta, primary.id).find((item) => ALPHA_TYPES.has(auxiliaryType(item)))?.id;
  return {
    size,
    decodedSizes: [stored, ...(canvas === null ? [] : [canvas]), ...partSizes.filter((part) => part !== null)],
    sideways,
    channels: layout.gray ? 1 : 3,
    bitsPerSample: layout.bitsPerSample,
    alpha: alphaId !== undefined,
    premultiplied: isPremultiplied(meta),
    icc: profileOf(primary) ?? profileOf(parts[0]!),
    codePoints: codePoints(primary) ?? codePoints(parts[0]!),
  };
}

export function primaryItem(meta: HeifMeta): HeifItem | null {
  return meta.primaryId === null ? null : (meta.items.get(meta.primaryId) ?? null);
}

/** The items whose data a decoder is given: the item itself, or what it is put together of. Rings end. */
function codedParts(meta: HeifMeta, item: HeifItem): HeifItem[] {
  const seen = new Set<number>();
  const parts: HeifItem[] = [];
  const visit = ({ id, type }: HeifItem, depth: number): void => {
    if (seen.has(id) || depth > MAX_DEPTH) return;
    seen.add(id);
    const own = meta.items.get(id)!;
    if (!DERIVED_TYPES.has(type)) parts.push(own);
    else for (const part of derivedFrom(meta, id)) visit(part, depth + 1);
  };
  visit(item, 0);
  return parts;
}

const DERIVED_TYPES = new Set(['grid', 'iovl', 'iden', 'tmap']);
const MAX_DEPTH = 8;

function derivedFrom(meta: HeifMeta, id: number): HeifItem[] {
  const ids = meta.references.filter(({ type, from }) => type === 'dimg' && from === id).flatMap(({ to }) => to);
  return ids.flatMap((part) => meta.items.get(part) ?? []);
}

/** Image spatial extents (ISO/IEC 23008-12, 6.5.3). */
function sizeOf({ properties }: HeifItem): Size | null {
  const body = properties.find(({ type }) => type === 'ispe')?.body;
  return body === undefined || body.length < 12 ? null : { width: body.readUInt32BE(4), height: body.readUInt32BE(8) };
}

/** The canvas of a grid (ISO/IEC 23008-12, 6.6.2.3). */
async function gridSize(source: ByteSource, meta: HeifMeta, grid: HeifItem): Promise<Size | null> {
  const data = await readItem(source, meta, grid, 1024);
  if (data === null || data.length < 8) return null;
  const isLong = (data.readUInt8(1) & 1) === 1;
  if (data.length < (isLong ? 12 : 8)) return null;
  return isLong
    ? { width: data.readUInt32BE(4), height: data.readUInt32BE(8) }
    : { width: data.readUInt16BE(4), height: data.readUInt16BE(6) };
}

/** From the decoder's configuration (ISO/IEC 14496-15, 8.3.3.1.2). */
function hevcLayout({ properties }: HeifItem) {
  const body = properties.find(({ type }) => type === 'hvcC')?.body;
  if (body === undefined || body.length < 23) return null;
  const chroma = body.readUInt8(16) & 3;
  const luma = (body.readUInt8(17) & 7) + 8;
  return { gray: chroma === 0, bitsPerSample: chroma === 0 ? luma : Math.max(luma, (body.readUInt8(18) & 7) + 8) };
}

/** Crops, then turns, in the order of the properties. Mirroring changes no size. */
function transform({ properties }: HeifItem, stored: Size, path: string): { size: Size; sideways: boolean } {
  let size = stored;
  let sideways = false;
  for (const { type, body } of properties) {
    if (type === 'clap') size = crop(body, size, path);
    if (type !== 'irot' || ((body[0] ?? 0) & 1) === 0) continue;
    size = { width: size.height, height: size.width };
    sideways = !sideways;
  }
  return { size, sideways };
}

/** The clean aperture (ISO/IEC 14496-12, 12.1.4): fractions for the size and the shift of the centre, in whole pixels. */
function crop(body: Buffer, size: Size, path: string): Size {
  if (body.length < 32) throw damaged(path);
  const along = (at: number, full: number) => {
    const [size, sizeOver, shift, shiftOver] = [0, 4, 16, 20].map((field) => body.readInt32BE(at + field));
    if (!(sizeOver! > 0 && shiftOver! > 0)) throw damaged(path);
    const kept = size! / sizeOver!;
    const first = Math.floor(shift! / shiftOver! + (full - 1) / 2 - (kept - 1) / 2);
    const last = Math.round(kept - 1 + first);
    return Math.min(last, full - 1) - Math.max(first, 0) + 1;
  };
  return { width: along(0, size.width), height: along(8, size.height) };
}

/** Pictures beside a picture that say more of it: alpha, depth, a gain map. */
function auxiliaries(meta: HeifMeta, id: number): HeifItem[] {
  const ids = meta.references.filter(({ type, to }) => type === 'auxl' && to.includes(id)).map(({ from }) => from);
  return ids.flatMap((from) => meta.items.get(from) ?? []);
}

/** A URN, '' if there is none. */
export function auxiliaryType({ properties }: HeifItem): string {
  const body = properties.find(({ type }) => type === 'auxC')?.body;
  return body?.toString('latin1', 4).split('\0', 1)[0] ?? '';
}

const ALPHA_TYPES = new Set(['urn:mpeg:mpegB:cicp:systems:auxiliary:alpha', 'urn:mpeg:hevc:2015:auxid:1']);

/** ISO/IEC 23008-12 (HEIF), 6.6.2.1.2: a reference of the type "prem" from the colour to its alpha. */
export function isPremultiplied({ primaryId, references }: HeifMeta): boolean {
  return references.some(({ type, from }) => type === 'prem' && from === primaryId);
}

/** A colour profile among an item's properties (ISO/IEC 14496-12, 12.1.5). */
function profileOf(item: HeifItem): Buffer | null {
  return colourBoxes(item).find(({ kind }) => kind === 'prof' || kind === 'rICC')?.body ?? null;
}

/** ISO/IEC 23091-2 code points among an item's properties. */
export function codePoints(item: HeifItem): CodePoints | null {
  const body = colourBoxes(item).find(({ kind }) => kind === 'nclx')?.body;
  return body === undefined || body.length < 4
    ? null
    : { primaries: body.readUInt16BE(0), transfer: body.readUInt16BE(2) };
}

function colourBoxes({ properties }: HeifItem): { kind: string; body: Buffer }[] {
  return properties
    .filter(({ type }) => type === 'colr')
    .map(({ body }) => ({ kind: body.toString('latin1', 0, 4), body: body.subarray(4) }));
}

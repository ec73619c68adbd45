import type { Size } from '../../pixels/geometry.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { damagedPicture } from '../libvips.ts';
import type { CodePoints } from '../metadata/metadata.ts';
import type { HeifItem, HeifMeta } from './heif-boxes.ts';
import { type HeifLayout, layOut } from './heif-layout.ts';
import type { YcbcrCoding } from './ycbcr.ts';

/** The primary picture of a HEIF file with HEVC inside, as its description has it. */
export interface HeifPicture {
  readonly size: Size;
  readonly colour: HeifLayout;
  readonly alpha: HeifLayout | null;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  readonly premultiplied: boolean;
  readonly icc: Buffer | null;
  readonly codePoints: CodePoints | null;
  /** null: as the coded picture has it. */
  readonly coding: YcbcrCoding | null;
}

/**
 * What the primary picture will be when it is decoded.
 * @throws UpreelError `input-damaged` where the description does not hold together.
 */
export async function describeHeif(source: ByteSource, meta: HeifMeta, path: string): Promise<HeifPicture> {
  const primary = primaryItem(meta);
  const colour = primary === null ? null : await layOut(source, meta, primary);
  if (primary === null || colour === null) throw damagedPicture(path);
  const alphaItem = auxiliaries(meta, primary.id).find((item) => ALPHA_TYPES.has(auxiliaryType(item)));
  const alpha = alphaItem === undefined ? null : turnAlike(await layOut(source, meta, alphaItem), colour);
  if (alphaItem !== undefined && alpha === null) throw damagedPicture(path);
  const [first] = colour.parts;
  const describedBy = [primary, first!.item];
  return {
    size: colour.size,
    colour,
    alpha,
    channels: first!.config.gray ? 1 : 3,
    bytesPerSample: first!.config.bitsPerSample > 8 ? 2 : 1,
    premultiplied: alpha !== null && isPremultiplied(meta),
    icc: firstOf(describedBy, profileOf),
    codePoints: firstOf(describedBy, codePoints),
    coding: firstOf(describedBy, codingOf),
  };
}

/** Alpha as large as its picture, turned as the file says, else as the picture is; null: neither fits. */
function turnAlike(alpha: HeifLayout | null, { canvas, steps, size }: HeifLayout): HeifLayout | null {
  const isSize = (a: Size, b: Size) => a.width === b.width && a.height === b.height;
  if (alpha === null || isSize(alpha.size, size)) return alpha;
  return alpha.steps.length === 0 && isSize(alpha.canvas, canvas) ? { ...alpha, steps, size } : null;
}

export function primaryItem(meta: HeifMeta): HeifItem | null {
  return meta.primaryId === null ? null : (meta.items.get(meta.primaryId) ?? null);
}

function firstOf<T>(items: readonly HeifItem[], find: (item: HeifItem) => T | null): T | null {
  return items.map(find).find((found) => found !== null) ?? null;
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
  const body = nclxOf(item);
  return body === null ? null : { primaries: body.readUInt16BE(0), transfer: body.readUInt16BE(2) };
}

function codingOf(item: HeifItem): YcbcrCoding | null {
  const body = nclxOf(item);
  return body === null ? null : { matrix: body.readUInt16BE(4), fullRange: (body.readUInt8(6) & 0x80) !== 0 };
}

function nclxOf(item: HeifItem): Buffer | null {
  return colourBoxes(item).find(({ kind, body }) => kind === 'nclx' && body.length >= 7)?.body ?? null;
}

function colourBoxes({ properties }: HeifItem): { kind: string; body: Buffer }[] {
  return properties
    .filter(({ type }) => type === 'colr')
    .map(({ body }) => ({ kind: body.toString('latin1', 0, 4), body: body.subarray(4) }));
}

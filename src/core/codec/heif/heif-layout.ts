import type { Transform } from '../../pixels/dihedral.ts';
import { transformedSize } from '../../pixels/dihedral.ts';
import type { Rect, Size } from '../../pixels/geometry.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { type HeifItem, type HeifMeta, readItem } from './heif-boxes.ts';
import { type HevcConfig, parseHevcConfig } from './hevc-config.ts';

/** How a picture is put together of coded ones: laid on a canvas row by row, then cropped and turned. */
export interface HeifLayout {
  readonly canvas: Size;
  /** In a row of the canvas; the last ones may reach beyond it. */
  readonly columns: number;
  readonly partSize: Size;
  readonly parts: readonly HevcPart[];
  /** One after the other. */
  readonly steps: readonly TurnStep[];
  /** After the steps. */
  readonly size: Size;
}

export interface HevcPart {
  readonly item: HeifItem;
  readonly config: HevcConfig;
}

/** A part of the picture so far, and how it is laid then. */
export interface TurnStep {
  readonly part: Rect;
  readonly transform: Transform;
}

/** The item that a decoder is given first: the item itself, or the first that it is put together of. Rings end. */
export function codedItem(meta: HeifMeta, item: HeifItem, depth = 0): HeifItem {
  const [first] = DERIVED_TYPES.has(item.type) && depth < MAX_DEPTH ? partsOf(meta, item) : [];
  return first === undefined ? item : codedItem(meta, first, depth + 1);
}

/** A grid, a copy with other turns, and a picture with a gain map, of which the first part is the picture without. */
const DERIVED_TYPES = new Set(['grid', 'iden', 'tmap']);
const MAX_DEPTH = 8;

/** null where the description does not hold together. */
export async function layOut(
  source: ByteSource,
  meta: HeifMeta,
  item: HeifItem,
  depth = 0,
): Promise<HeifLayout | null> {
  const untransformed = await layOutCanvas(source, meta, item, depth);
  if (untransformed === null) return null;
  return item.properties.reduce<HeifLayout | null>(
    (layout, property) => (layout === null ? null : addStep(layout, property)),
    untransformed,
  );
}

async function layOutCanvas(
  source: ByteSource,
  meta: HeifMeta,
  item: HeifItem,
  depth: number,
): Promise<HeifLayout | null> {
  if (item.type === 'hvc1') {
    const size = sizeOf(item);
    const part = size && hevcPart(item, size);
    return part && { canvas: size, columns: 1, partSize: size, parts: [part], steps: [], size };
  }
  const inside = partsOf(meta, item);
  if (item.type === 'grid') return await layOutGrid(source, meta, item, inside);
  return inside[0] === undefined || depth === MAX_DEPTH ? null : await layOut(source, meta, inside[0], depth + 1);
}

async function layOutGrid(source: ByteSource, meta: HeifMeta, item: HeifItem, tiles: readonly HeifItem[]) {
  const grid = await readGrid(source, meta, item);
  const partSize = tiles[0] === undefined ? null : sizeOf(tiles[0]);
  if (grid === null || partSize === null || tiles.length !== grid.rows * grid.columns) return null;
  const { canvas, columns, rows } = grid;
  if (columns * partSize.width < canvas.width || rows * partSize.height < canvas.height) return null;
  const parts = tiles.map((tile) => hevcPart(tile, partSize)).filter((part) => part !== null);
  return parts.length < tiles.length ? null : { canvas, columns, partSize, parts, steps: [], size: canvas };
}

/** "dimg": derived from. */
function partsOf({ items, references }: HeifMeta, { id }: HeifItem): HeifItem[] {
  const ids = references.filter(({ type, from }) => type === 'dimg' && from === id).flatMap(({ to }) => to);
  return ids.flatMap((part) => items.get(part) ?? []);
}

/** Image spatial extents (ISO/IEC 23008-12, 6.5.3). */
function sizeOf({ properties }: HeifItem): Size | null {
  const body = properties.find(({ type }) => type === 'ispe')?.body;
  return body === undefined || body.length < 12 ? null : { width: body.readUInt32BE(4), height: body.readUInt32BE(8) };
}

/** null: not HEVC, not of the stated size, or coded as something far larger, which would only cost memory. */
function hevcPart(item: HeifItem, { width, height }: Size): HevcPart | null {
  const body = item.type === 'hvc1' ? item.properties.find(({ type }) => type === 'hvcC')?.body : undefined;
  const config = body === undefined ? null : parseHevcConfig(body);
  const own = sizeOf(item);
  if (config === null || own?.width !== width || own.height !== height) return null;
  const isNear = config.size.width <= width + MARGIN_PX && config.size.height <= height + MARGIN_PX;
  return isNear ? { item, config } : null;
}

/** Coders fill up to whole blocks, of 64 pixels at most. */
const MARGIN_PX = 64;

/** ISO/IEC 23008-12, 6.6.2.3.2. */
async function readGrid(source: ByteSource, meta: HeifMeta, item: HeifItem) {
  const data = await readItem(source, meta, item, 64);
  const bytes = ((data?.[1] ?? 0) & 1) === 1 ? 4 : 2;
  if (data === null || data.length < 4 + 2 * bytes) return null;
  return {
    rows: data.readUInt8(2) + 1,
    columns: data.readUInt8(3) + 1,
    canvas: { width: data.readUIntBE(4, bytes), height: data.readUIntBE(4 + bytes, bytes) },
  };
}

/** What a property crops or turns (ISO/IEC 23008-12, 6.5.10 and 6.5.12; 14496-12, 12.1.4); others leave it as it is. */
function addStep(layout: HeifLayout, { type, body }: { type: string; body: Buffer }): HeifLayout | null {
  const [mode = 0] = body;
  const whole = { x: 0, y: 0, ...layout.size };
  switch (type) {
    case 'clap': {
      const part = aperture(body, layout.size);
      return part && withStep(layout, { part, transform: 0 });
    }
    case 'irot':
      return withStep(layout, { part: whole, transform: QUARTER_TURNS[mode & 3]! });
    case 'imir':
      return withStep(layout, { part: whole, transform: (mode & 1) === 1 ? 1 : 2 });
    default:
      return layout;
  }
}

/** By the number of quarter turns anticlockwise. */
const QUARTER_TURNS = [0, 5, 3, 6] as const satisfies readonly Transform[];

function withStep(layout: HeifLayout, step: TurnStep): HeifLayout {
  return { ...layout, steps: [...layout.steps, step], size: transformedSize(step.part, step.transform) };
}

/**
 * The clean aperture: fractions for its size and for the shift of its centre, here in whole pixels inside the picture.
 */
function aperture(body: Buffer, size: Size): Rect | null {
  if (body.length < 32) return null;
  const along = (at: number, full: number): { first: number; length: number } => {
    const [kept = 0, shift = 0] = [at, at + 16].map((field) => body.readInt32BE(field) / body.readInt32BE(field + 4));
    const first = Math.floor(shift + (full - 1) / 2 - (kept - 1) / 2);
    const last = Math.min(Math.round(first + kept - 1), full - 1);
    return { first: Math.max(first, 0), length: last - Math.max(first, 0) + 1 };
  };
  const [across, down] = [along(0, size.width), along(8, size.height)];
  // Also false for what divisions by zero leave.
  const isInside = across.length >= 1 && down.length >= 1 && across.first >= 0 && down.first >= 0;
  return isInside ? { x: across.first, y: down.first, width: across.length, height: down.length } : null;
}

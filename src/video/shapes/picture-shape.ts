import { greatestCommonDivisor } from '../../core/pixels/divisors.ts';
import type { Size } from '../../core/pixels/geometry.ts';
import { parseRational, type Rational } from '../rational.ts';
import type { ColourTags } from '../source/video-info.ts';

/** What a decoded picture says of itself. */
export interface PictureShape {
  /** As coded: before rotation. */
  readonly size: Size;
  /** Shape of a pixel; 1:1 also where nothing is said. */
  readonly sampleAspectRatio: Rational;
  readonly pixelFormat: string;
  readonly colour: ColourTags;
  /** Counter-clockwise; null where the picture itself says nothing of it. */
  readonly rotationDegrees: number | null;
}

/** From this time on, in ticks of the stream, pictures have this shape. */
export interface ShapeRun {
  readonly startTicks: number;
  readonly shape: PictureShape;
}

/** Gathers shapes in the order in which they are shown, and keeps where they change. */
export class ShapeRuns {
  readonly runs: ShapeRun[] = [];
  #last = '';

  add(startTicks: number, shape: PictureShape): void {
    const text = JSON.stringify(shape);
    if (text === this.#last) return;
    this.#last = text;
    this.runs.push({ startTicks, shape });
  }
}

/** What ffprobe is asked of every frame. */
export const FRAME_ENTRIES =
  'frame=pts,best_effort_timestamp,width,height,sample_aspect_ratio,pix_fmt,color_range,color_space,' +
  'color_primaries,color_transfer,chroma_location:frame_side_data=rotation';

/** @param fields of one of its lines; null: it tells of no picture. */
export function parseShape(fields: ReadonlyMap<string, string>): PictureShape | null {
  const [width, height] = [Number(fields.get('width')), Number(fields.get('height'))];
  const pixelFormat = known(fields, 'pix_fmt');
  if (!(width > 0 && height > 0) || pixelFormat === null) return null;
  const range = known(fields, 'color_range');
  const rotation = Number(fields.get('rotation') ?? Number.NaN);
  return {
    size: { width, height },
    sampleAspectRatio: reduce(parseRational(fields.get('sample_aspect_ratio')) ?? { num: 1, den: 1 }),
    pixelFormat,
    colour: {
      matrix: known(fields, 'color_space'),
      range: range === 'tv' || range === 'pc' ? range : null,
      primaries: known(fields, 'color_primaries'),
      transfer: known(fields, 'color_transfer'),
      chromaLocation: known(fields, 'chroma_location'),
    },
    rotationDegrees: Number.isNaN(rotation) ? null : rotation,
  };
}

/** NaN if it has none. */
export function frameTicks(fields: ReadonlyMap<string, string>): number {
  const pts = Number(fields.get('pts') ?? Number.NaN);
  return Number.isNaN(pts) ? Number(fields.get('best_effort_timestamp') ?? Number.NaN) : pts;
}

function reduce({ num, den }: Rational): Rational {
  const divisor = greatestCommonDivisor(num, den);
  return { num: num / divisor, den: den / divisor };
}

function known(fields: ReadonlyMap<string, string>, name: string): string | null {
  const value = fields.get(name);
  return value === undefined || ['unknown', 'unspecified', 'reserved', 'N/A', ''].includes(value) ? null : value;
}

import type { Rect, Size } from './geometry.ts';

/**
 * The eight ways to lay a picture on its grid (four turns, each mirrored or not), numbered 0 to 7: bit 0 mirrors left
 * to right, bit 1 top to bottom, bit 2 swaps the axes afterwards. 0 leaves it as it is.
 */
export const TRANSFORMS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export type Transform = (typeof TRANSFORMS)[number];

type Samples = Uint8Array | Uint16Array | Uint32Array;

/** Interleaved samples with their row length in pixels. */
export interface SampleGrid<T extends Samples = Samples> {
  readonly samples: T;
  readonly width: number;
  readonly channels: number;
}

export function transformedSize({ width, height }: Size, transform: Transform): Size {
  return swapsAxes(transform) ? { width: height, height: width } : { width, height };
}

/** Writes a part of `source`, transformed and multiplied by `factor`, row by row into `target`. */
export function readTransformed(
  target: Samples,
  source: SampleGrid,
  part: Rect,
  transform: Transform,
  factor: number,
): void {
  const { width, height } = transformedSize(part, transform);
  const { start, stepX, stepY } = walk(source, part, transform);
  const { samples, channels } = source;
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = start + y * stepY;
    for (let x = 0; x < width; x++, from += stepX) {
      for (let channel = 0; channel < channels; channel++) target[to++] = samples[from + channel]! * factor;
    }
  }
}

/** Adds a transformed picture to `sum` (of `size`, not transformed), each sample where it came from. */
export function addTransformed(
  sum: SampleGrid<Uint32Array>,
  size: Size,
  transformed: Samples,
  transform: Transform,
): void {
  const { width, height } = transformedSize(size, transform);
  const { start, stepX, stepY } = walk(sum, { x: 0, y: 0, ...size }, transform);
  const { samples, channels } = sum;
  let from = 0;
  for (let y = 0; y < height; y++) {
    let to = start + y * stepY;
    for (let x = 0; x < width; x++, to += stepX) {
      for (let channel = 0; channel < channels; channel++) samples[to + channel]! += transformed[from++]!;
    }
  }
}

/** How the upright grid is walked while the transformed one is walked row by row. */
function walk(
  { width, channels }: SampleGrid,
  part: Rect,
  transform: Transform,
): { readonly start: number; readonly stepX: number; readonly stepY: number } {
  const mirrorX = (transform & 1) !== 0;
  const mirrorY = (transform & 2) !== 0;
  const firstX = part.x + (mirrorX ? part.width - 1 : 0);
  const firstY = part.y + (mirrorY ? part.height - 1 : 0);
  const along = (mirrorX ? -1 : 1) * channels;
  const down = (mirrorY ? -1 : 1) * channels * width;
  const start = (firstY * width + firstX) * channels;
  return swapsAxes(transform) ? { start, stepX: down, stepY: along } : { start, stepX: along, stepY: down };
}

function swapsAxes(transform: Transform): boolean {
  return (transform & 4) !== 0;
}

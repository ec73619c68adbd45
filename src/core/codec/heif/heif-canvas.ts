import type { Size } from '../../pixels/geometry.ts';
import type { SamplePlane } from './ycbcr.ts';

/** Equal parts side by side, row by row; what reaches beyond the canvas is cut off. */
export interface Grid {
  readonly canvas: Size;
  readonly columns: number;
  readonly partSize: Size;
}

/**
 * The planes of a canvas, from those of its parts, which are decoded as they are needed.
 * @returns null where a part fails or is not like the first, or has another size than the grid says.
 */
export function composePlanes(
  { canvas, columns, partSize }: Grid,
  count: number,
  decode: (part: number) => readonly SamplePlane[] | null,
): SamplePlane[] | null {
  let composed: SamplePlane[] | null = null;
  for (let part = 0; part < count; part++) {
    const planes = decode(part);
    if (planes === null || !hasSize(planes, partSize)) return null;
    // Of a picture that is not a grid nothing has to be copied.
    if (count === 1 && partSize.width === canvas.width && partSize.height === canvas.height) return [...planes];
    composed ??= planes.map((plane) => makePlane(canvas, partSize, plane));
    if (planes.length !== composed.length) return null;
    for (const [index, plane] of planes.entries()) {
      if (!isLike(plane, composed[index]!, partSize, canvas)) return null;
      paste(composed[index]!, plane, {
        x: (part % columns) * plane.width,
        y: Math.floor(part / columns) * plane.height,
      });
    }
  }
  return composed;
}

/** Luma of this size, chroma of the whole or half of it. */
function hasSize([luma, ...chroma]: readonly SamplePlane[], { width, height }: Size): boolean {
  const fits = (own: number, full: number) => own === full || own === (full + 1) >> 1;
  return (
    luma?.width === width &&
    luma.height === height &&
    chroma.every((plane) => fits(plane.width, width) && fits(plane.height, height))
  );
}

function makePlane(canvas: Size, partSize: Size, like: SamplePlane): SamplePlane {
  const width = scaled(canvas.width, like.width, partSize.width);
  const height = scaled(canvas.height, like.height, partSize.height);
  const samples = like.bits > 8 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  return { width, height, bits: like.bits, stride: width, samples };
}

/** As many samples of a canvas as its parts have of theirs: all, or half of them. */
function scaled(canvas: number, own: number, full: number): number {
  return own === full ? canvas : (canvas + 1) >> 1;
}

function isLike(plane: SamplePlane, composed: SamplePlane, partSize: Size, canvas: Size): boolean {
  // Halves of odd parts would not meet.
  const isEven = (own: number, full: number) => own === full || full % 2 === 0;
  return (
    plane.bits === composed.bits &&
    scaled(canvas.width, plane.width, partSize.width) === composed.width &&
    scaled(canvas.height, plane.height, partSize.height) === composed.height &&
    isEven(plane.width, partSize.width) &&
    isEven(plane.height, partSize.height)
  );
}

function paste(target: SamplePlane, source: SamplePlane, to: { x: number; y: number }): void {
  const width = Math.min(source.width, target.width - to.x);
  const height = Math.min(source.height, target.height - to.y);
  for (let row = 0; row < height && width > 0; row++) {
    const from = row * source.stride;
    target.samples.set(source.samples.subarray(from, from + width), (to.y + row) * target.stride + to.x);
  }
}

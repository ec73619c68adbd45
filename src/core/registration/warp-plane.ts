import type { Size } from '../pixels/geometry.ts';

/**
 * What a plane shows `x` pixels to the right and `y` below of each pixel, by cubic convolution (Keys, "Cubic
 * convolution interpolation for digital image processing", 1981; a = -0.5), its border repeated. Whole shifts copy.
 * @param between of the same size: what lies between the two passes
 */
export function warpPlane(
  from: Float32Array,
  into: Float32Array,
  between: Float32Array,
  { width, height }: Size,
  shift: { readonly x: number; readonly y: number },
): void {
  const [across, down] = [Math.floor(shift.x), Math.floor(shift.y)];
  const [a, b, c, d] = cubicTaps(shift.x - across);
  const inner = { first: Math.max(0, 1 - across), end: Math.min(width, width - 2 - across) };
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const at = (x: number) => from[row + Math.min(width - 1, Math.max(0, x + across))]!;
    const edge = (x: number) => {
      between[row + x] = a * at(x - 1) + b * at(x) + c * at(x + 1) + d * at(x + 2);
    };
    for (let x = 0; x < Math.min(width, inner.first); x++) edge(x);
    for (let x = inner.first, place = row + inner.first + across; x < inner.end; x++, place++) {
      between[row + x] = a * from[place - 1]! + b * from[place]! + c * from[place + 1]! + d * from[place + 2]!;
    }
    for (let x = Math.max(0, inner.end); x < width; x++) edge(x);
  }
  const [e, f, g, h] = cubicTaps(shift.y - down);
  for (let y = 0; y < height; y++) {
    const rowAt = (offset: number) => Math.min(height - 1, Math.max(0, y + down + offset)) * width;
    const [above, here, below, farther] = [rowAt(-1), rowAt(0), rowAt(1), rowAt(2)];
    for (let x = 0, place = y * width; x < width; x++, place++) {
      into[place] =
        e * between[above + x]! + f * between[here + x]! + g * between[below + x]! + h * between[farther + x]!;
    }
  }
}

function cubicTaps(t: number): [number, number, number, number] {
  return [
    ((-0.5 * t + 1) * t - 0.5) * t,
    (1.5 * t - 2.5) * t * t + 1,
    ((-1.5 * t + 2) * t + 0.5) * t,
    (0.5 * t - 0.5) * t * t,
  ];
}

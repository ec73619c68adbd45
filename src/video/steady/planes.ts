import { type Raster, samplesOf } from '../../core/pixels/raster.ts';

/** Of the source, on each side: small enough for thin things that move, large enough to tell them from noise. */
export const CELL_PX = 4;

/** A frame of the source: fourfold luma (R + 2 G + B), R - G and B - G of every pixel, in levels of 255. */
export interface Planes {
  readonly luma: Float32Array;
  readonly red: Float32Array;
  readonly blue: Float32Array;
}

export function makePlanes(pixels: number): Planes {
  return { luma: new Float32Array(pixels), red: new Float32Array(pixels), blue: new Float32Array(pixels) };
}

/** @param raster RGB, of 8 or 16 bits */
export function splitPlanes(raster: Raster, { luma, red, blue }: Planes): void {
  const samples = samplesOf(raster);
  const unit = raster.bytesPerSample === 2 ? 1 / 257 : 1;
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += 3) {
    const r = samples[at]! * unit;
    const g = samples[at + 1]! * unit;
    const b = samples[at + 2]! * unit;
    luma[pixel] = r + 2 * g + b;
    red[pixel] = r - g;
    blue[pixel] = b - g;
  }
}

/** Moves what a plane shows by whole places to the right and down; what comes in at the sides stays as it was. */
export function movePlane<Plane extends Float32Array | Uint16Array>(
  plane: Plane,
  rowLength: number,
  right: number,
  down: number,
): void {
  const rows = plane.length / rowLength;
  const kept = rowLength - Math.abs(right);
  if (kept <= 0 || Math.abs(down) >= rows) return;
  const [from, to] = [Math.max(0, -right), Math.max(0, right)];
  for (let step = 0; step < rows - Math.abs(down); step++) {
    // From the side that it moves to, so that nothing is overwritten before it is read.
    const row = down > 0 ? rows - 1 - down - step : step - down;
    plane.copyWithin((row + down) * rowLength + to, row * rowLength + from, row * rowLength + from + kept);
  }
}

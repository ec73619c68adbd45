import type { Raster } from '../core/raster.ts';

/** One channel as float64, row by row, 0..255. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** One channel of a raster; 16-bit samples are scaled to 0..255. */
export function channelPlane(raster: Raster, channel: number): Plane {
  const { width, height, channels, bytesPerSample, data } = raster;
  const wide = bytesPerSample === 2;
  const samples = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  const plane = new Float64Array(width * height);
  for (let i = 0; i < plane.length; i++) plane[i] = samples[i * channels + channel]! / (wide ? 257 : 1);
  return { width, height, data: plane };
}

/**
 * Luma as the super-resolution papers take it: ITU-R BT.601 in studio range, 16..235, not rounded (MATLAB's rgb2ycbcr,
 * BasicSR's `to_y_channel`). A gray raster counts as R = G = B.
 */
export function lumaPlane(raster: Raster): Plane {
  const [red, green, blue] =
    raster.channels === 1
      ? [0, 0, 0].map((c) => channelPlane(raster, c))
      : [0, 1, 2].map((c) => channelPlane(raster, c));
  const luma = red!.data.map(
    (value, i) => 16 + (65.481 * value + 128.553 * green!.data[i]! + 24.966 * blue!.data[i]!) / 255,
  );
  return { ...red!, data: luma };
}

/** Without `border` pixels on each side; networks and resamplers differ there most, so papers leave out `scale` pixels. */
export function shave(plane: Plane, border: number): Plane {
  const width = plane.width - 2 * border;
  const height = plane.height - 2 * border;
  if (width < 1 || height < 1) return plane;
  const data = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y + border) * plane.width + border;
    data.set(plane.data.subarray(from, from + width), y * width);
  }
  return { width, height, data };
}

import { type Raster, samplesOf } from '../core/pixels/raster.ts';

/** One channel as float64, row by row, 0..255. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** One channel of a raster; 16-bit samples are scaled to 0..255. */
export function channelPlane(raster: Raster, channel: number): Plane {
  const { width, height, channels } = raster;
  const samples = samplesOf(raster);
  const unit = levelsPerUnit(raster);
  const plane = new Float64Array(width * height);
  for (let i = 0; i < plane.length; i++) plane[i] = samples[i * channels + channel]! / unit;
  return { width, height, data: plane };
}

/** Whether luma is rounded to the picture's own depth (MATLAB's papers) or not at all (BasicSR's). */
export type LumaRounding = 'rounded' | 'exact';

/**
 * Luma as the super-resolution papers take it: ITU-R BT.601 in studio range, 16..235 (MATLAB's rgb2ycbcr, BasicSR's
 * `to_y_channel`). A gray raster counts as R = G = B.
 */
export function lumaPlane(raster: Raster, rounding: LumaRounding): Plane {
  const [red, green, blue] = [0, 1, 2].map((channel) => channelPlane(raster, Math.min(channel, raster.channels - 1)));
  const unit = levelsPerUnit(raster);
  const luma = red!.data.map((value, i) => {
    const level = 16 + (65.481 * value + 128.553 * green!.data[i]! + 24.966 * blue!.data[i]!) / 255;
    return rounding === 'rounded' ? Math.round(level * unit) / unit : level;
  });
  return { ...red!, data: luma };
}

/** Levels of a raster's samples to one level of 255. */
export function levelsPerUnit({ bytesPerSample }: Raster): 1 | 257 {
  return bytesPerSample === 1 ? 1 : 257;
}

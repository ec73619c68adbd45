/**
 * Pixels of one picture or of a part of one: interleaved (NHWC), rows tightly packed, top row first,
 * gray or RGB, sRGB-like samples 0..255 or 0..65535 in the machine's byte order. Alpha travels as a gray raster of its
 * own.
 */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly bytesPerSample: 1 | 2;
  /** width * height * channels * bytesPerSample bytes. */
  readonly data: Uint8Array<ArrayBuffer>;
}

export type RasterFormat = Pick<Raster, 'channels' | 'bytesPerSample'>;

export function rasterBytes(width: number, height: number, format: RasterFormat): number {
  return width * height * format.channels * format.bytesPerSample;
}

export function makeRaster(width: number, height: number, format: RasterFormat): Raster {
  const { channels, bytesPerSample } = format;
  return { width, height, channels, bytesPerSample, data: new Uint8Array(rasterBytes(width, height, format)) };
}

/**
 * The samples in bytes that a raster holds, or would: a view, nothing is copied. Typed arrays cut fractions off as they
 * store.
 */
export function samplesOf({ data, bytesPerSample }: Pick<Raster, 'bytesPerSample'> & { readonly data: Uint8Array }) {
  return bytesPerSample === 1 ? data : new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

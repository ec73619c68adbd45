import { makeRaster, type Raster, type RasterFormat } from '../../src/core/pixels/raster.ts';
import { seededRandom } from '../core/model/writers/random-networks.ts';

export const RGB8: RasterFormat = { channels: 3, bytesPerSample: 1 };

/** Slopes, edges and noise: a picture on which a seam would show. The same for the same seed. */
export function testPicture(width: number, height: number, format: RasterFormat = RGB8, seed = 1): Raster {
  const raster = makeRaster(width, height, format);
  const random = seededRandom(seed);
  const samples = samplesOf(raster);
  const unit = format.bytesPerSample === 1 ? 1 : 257;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (Math.floor(x / 11) + Math.floor(y / 7)) % 2 === 0 ? 60 : 0;
      for (let c = 0; c < format.channels; c++) {
        const level = 60 + edge + ((x * (c + 2) + y * 3) % 97) + 30 * random();
        samples[(y * width + x) * format.channels + c] = Math.round(level) * unit;
      }
    }
  }
  return raster;
}

/** The samples as numbers: 8 or 16 bit. */
export function samplesOf({ data, bytesPerSample }: Raster): Uint8Array | Uint16Array {
  return bytesPerSample === 1 ? data : new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

/** Largest difference between two rasters of one size, in their own levels. */
export function maxDifference(a: Raster, b: Raster): number {
  const [left, right] = [samplesOf(a), samplesOf(b)];
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = 0; i < left.length; i++) max = Math.max(max, Math.abs(left[i]! - right[i]!));
  return max;
}

export function stackBands(bands: readonly Raster[]): Raster {
  const first = bands[0]!;
  const whole = makeRaster(
    first.width,
    bands.reduce((rows, { height }) => rows + height, 0),
    first,
  );
  let offset = 0;
  for (const { data } of bands) {
    whole.data.set(data, offset);
    offset += data.length;
  }
  return whole;
}

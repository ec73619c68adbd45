import { makeRaster, type Raster } from '../core/pixels/raster.ts';

/**
 * Half as wide and high, rounded up: each pixel the mean of the four that it stands for, colour weighed by alpha. At an
 * odd border the last column or row counts twice.
 * @param colour 8 bits; `alpha` of its size, or null
 */
export function halved(
  colour: Raster,
  alpha: Raster | null,
): { readonly colour: Raster; readonly alpha: Raster | null } {
  if (alpha === null) return { colour: halvedPlain(colour), alpha: null };
  const small = makeRaster(Math.ceil(colour.width / 2), Math.ceil(colour.height / 2), colour);
  const { channels } = colour;
  eachFour(colour, (at, four) => {
    const weights = four.map((pixel) => alpha.data[pixel]!);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let channel = 0; channel < channels; channel++) {
      const sum = four.reduce((so, pixel, k) => so + colour.data[pixel * channels + channel]! * weights[k]!, 0);
      small.data[at * channels + channel] = total === 0 ? 0 : Math.round(sum / total);
    }
  });
  return { colour: small, alpha: halvedPlain(alpha) };
}

function halvedPlain(raster: Raster): Raster {
  const { width, height, channels, data } = raster;
  const small = makeRaster(Math.ceil(width / 2), Math.ceil(height / 2), raster);
  let to = 0;
  for (let y = 0; y < height; y += 2) {
    const upper = y * width;
    const lower = Math.min(y + 1, height - 1) * width;
    for (let x = 0; x < width; x += 2) {
      const right = Math.min(x + 1, width - 1);
      for (let channel = 0; channel < channels; channel++, to++) {
        const sum =
          data[(upper + x) * channels + channel]! +
          data[(upper + right) * channels + channel]! +
          data[(lower + x) * channels + channel]! +
          data[(lower + right) * channels + channel]!;
        small.data[to] = (sum + 2) >> 2;
      }
    }
  }
  return small;
}

function eachFour({ width, height }: Raster, visit: (at: number, four: readonly number[]) => void): void {
  let at = 0;
  for (let y = 0; y < height; y += 2) {
    const lower = Math.min(y + 1, height - 1);
    for (let x = 0; x < width; x += 2, at++) {
      const right = Math.min(x + 1, width - 1);
      visit(at, [y * width + x, y * width + right, lower * width + x, lower * width + right]);
    }
  }
}

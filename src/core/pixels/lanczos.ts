import { makeRaster, type Raster, samplesOf } from './raster.ts';

/** Lobes of the kernel: a result sample sees so many source samples on either side. */
const LOBES = 3;

/**
 * Enlarges one channel by a whole factor with Lanczos (three lobes), borders repeated, by bands of source rows from top
 * to bottom. Done here and not by libvips, which enlarges by bicubic whatever kernel it is told. Flat areas stay
 * exactly flat.
 * @param bandHeights heights of the bands in source rows; they sum to the source's height
 */
export async function* enlargeByLanczos(
  source: Raster,
  scale: number,
  bandHeights: Iterable<number>,
): AsyncIterable<Raster> {
  const wide = widenRows(source, scale);
  const taps = tapsOf(scale);
  const levels = source.bytesPerSample === 1 ? 255 : 65535;
  const width = source.width * scale;
  let top = 0;
  for (const height of bandHeights) {
    const band = makeRaster(width, height * scale, source);
    const samples = samplesOf(band);
    for (let y = 0; y < height * scale; y++) {
      const { first, weights } = taps[y % scale]!;
      const rows = Array.from(weights, (_, tap) =>
        wide(clamp(top + Math.floor(y / scale) + first + tap, source.height)),
      );
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let tap = 0; tap < rows.length; tap++) sum += weights[tap]! * rows[tap]![x]!;
        samples[y * width + x] = Math.min(levels, Math.max(0, Math.round(sum)));
      }
    }
    top += height;
    yield band;
  }
}

/** Gives a source row, enlarged along itself; the few that a result row sees are remembered. */
function widenRows(source: Raster, scale: number): (row: number) => Float64Array {
  const taps = tapsOf(scale);
  const samples = samplesOf(source);
  const known = new Map<number, Float64Array>();
  return (row) => {
    let wide = known.get(row);
    if (wide !== undefined) return wide;
    wide = new Float64Array(source.width * scale);
    for (let x = 0; x < wide.length; x++) {
      const { first, weights } = taps[x % scale]!;
      const left = Math.floor(x / scale) + first;
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        sum += weights[tap]! * samples[row * source.width + clamp(left + tap, source.width)]!;
      }
      wide[x] = sum;
    }
    known.set(row, wide);
    for (const old of known.keys()) if (old < row - 2 * LOBES) known.delete(old);
    return wide;
  };
}

interface Taps {
  /** Of the first source sample, from the one that the result sample lies in. */
  readonly first: number;
  readonly weights: Float64Array;
}

/** For each of the `scale` places that a result sample can have in a source sample. */
function tapsOf(scale: number): readonly Taps[] {
  return Array.from({ length: scale }, (_, place) => {
    const centre = (place + 0.5) / scale - 0.5;
    const first = Math.floor(centre) - LOBES + 1;
    const raw = Float64Array.from({ length: 2 * LOBES }, (_, tap) => lanczos(centre - (first + tap)));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}

/** sinc(x) sinc(x / 3) within three samples of the centre, 0 beyond. */
function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / angle ** 2;
}

function clamp(index: number, length: number): number {
  return index < 0 ? 0 : index >= length ? length - 1 : index;
}

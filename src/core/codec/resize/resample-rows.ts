import type { Size } from '../../pixels/geometry.ts';
import { samplesOf } from '../../pixels/raster.ts';
import type { CarrierSamples } from '../carrier.ts';

/**
 * Resamples a picture row by row, colour weighed by alpha, by the kernels of libvips: Lanczos (three lobes) where a
 * side shrinks, bicubic (Catmull-Rom) where it grows, edges repeated. For what libvips gets wrong: it rounds and clips
 * multiplied colours before it divides alpha out of them again, which is off by tens of levels where alpha is faint or
 * overshoots, while here both wait as floats, so that one colour stays that colour at every rim; and what it enlarges
 * is displaced by half a pixel of the result (8.18).
 * @param rows whole rows, interleaved, alpha last @yields rows of `to`, one by one
 */
export async function* resampleRows(
  rows: AsyncIterable<Uint8Array>,
  samples: CarrierSamples,
  from: Size,
  to: Size,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const { bands, bytesPerSample } = samples;
  const across = weighAll(from.width, to.width);
  const down = weighAll(from.height, to.height);
  const known = new Map<number, Float64Array>();
  const rowBytes = from.width * bands * bytesPerSample;
  let [read, made] = [0, 0];
  for await (const block of rows) {
    for (let at = 0; at < block.length; at += rowBytes, read++) {
      const row = samplesOf({ data: block.subarray(at, at + rowBytes), bytesPerSample });
      known.set(read, resampleRow(multiplied(row, samples), bands, across));
      for (; made < to.height && down[made]!.last <= read; made++) {
        yield finishRow(sumRows(known, down[made]!), samples);
        const needed = down[made + 1]?.first ?? from.height;
        for (const old of known.keys()) if (old < needed) known.delete(old);
      }
    }
  }
}

/** What a result sample is the sum of. */
interface Taps {
  /** Source samples, the last included, and how much of each. */
  readonly first: number;
  readonly last: number;
  readonly weights: Float64Array;
}

function weighAll(from: number, to: number): readonly Taps[] {
  const factor = from / to;
  const stretch = Math.max(1, factor);
  const [kernel, support] = factor > 1 ? [lanczos, LOBES] : [cubic, 2];
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * factor - 0.5;
    const [lowest, highest] = [Math.ceil(centre - support * stretch), Math.floor(centre + support * stretch)];
    const [first, last] = [clamp(lowest, from - 1), clamp(highest, from - 1)];
    const weights = new Float64Array(last - first + 1);
    for (let at = lowest; at <= highest; at++) {
      weights[clamp(at, from - 1) - first]! += kernel((at - centre) / stretch);
    }
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, last, weights: weights.map((weight) => weight / sum) };
  });
}

const LOBES = 3;

/** sinc(x) sinc(x / 3) within three lobes, 0 beyond. */
function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / angle ** 2;
}

/** Catmull-Rom: R. Keys, "Cubic convolution interpolation" (1981), a = -1/2. */
function cubic(x: number): number {
  const away = Math.abs(x);
  if (away >= 2) return 0;
  return away < 1 ? 1 + away ** 2 * (1.5 * away - 2.5) : 2 + away * (-4 + away * (2.5 - 0.5 * away));
}

function clamp(index: number, last: number): number {
  return Math.min(last, Math.max(0, index));
}

function multiplied(row: Uint8Array | Uint16Array, { bands, bytesPerSample, alpha }: CarrierSamples): Float64Array {
  const floats = new Float64Array(row);
  if (!alpha) return floats;
  const top = bytesPerSample === 1 ? 255 : 65_535;
  for (let at = 0; at < floats.length; at += bands) {
    const opacity = floats[at + bands - 1]! / top;
    for (let band = 0; band < bands - 1; band++) floats[at + band]! *= opacity;
  }
  return floats;
}

function resampleRow(row: Float64Array, bands: number, across: readonly Taps[]): Float64Array {
  const wide = new Float64Array(across.length * bands);
  let to = 0;
  for (const { first, weights } of across) {
    for (let band = 0; band < bands; band++, to++) {
      let sum = 0;
      for (let tap = 0, from = first * bands + band; tap < weights.length; tap++, from += bands) {
        sum += weights[tap]! * row[from]!;
      }
      wide[to] = sum;
    }
  }
  return wide;
}

function sumRows(rows: ReadonlyMap<number, Float64Array>, { first, weights }: Taps): Float64Array {
  const sums = new Float64Array(rows.get(first)!.length);
  for (let tap = 0; tap < weights.length; tap++) {
    const [weight, row] = [weights[tap]!, rows.get(first + tap)!];
    if (weight !== 0) for (let at = 0; at < sums.length; at++) sums[at]! += weight * row[at]!;
  }
  return sums;
}

/** Divides alpha out, as it is before it is clipped, and rounds to the nearest level. */
function finishRow(sums: Float64Array, { bands, bytesPerSample, alpha }: CarrierSamples): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(sums.length * bytesPerSample);
  const row = samplesOf({ data, bytesPerSample });
  const top = bytesPerSample === 1 ? 255 : 65_535;
  for (let at = 0; at < sums.length; at += bands) {
    const opacity = alpha ? sums[at + bands - 1]! / top : 1;
    // What shows nothing has no colour.
    for (let band = 0; opacity > 0 && band < bands; band++) {
      const level = alpha && band < bands - 1 ? sums[at + band]! / opacity : sums[at + band]!;
      row[at + band] = Math.min(top, Math.max(0, level)) + 0.5;
    }
  }
  return data;
}

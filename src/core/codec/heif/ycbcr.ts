/** One plane of samples as a decoder left them, of 1 byte or, above 8 bits, 2 bytes (little-endian). */
export interface SamplePlane {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  /** Samples from one row to the next. */
  readonly stride: number;
  readonly samples: Uint8Array | Uint16Array;
}

/** ISO/IEC 23091-2 (ITU-T H.273): MatrixCoefficients and VideoFullRangeFlag. */
export interface YcbcrCoding {
  readonly matrix: number;
  readonly fullRange: boolean;
}

/** Samples of 8 or 16 bits, of which all levels are used. */
type Target = Uint8Array | Uint16Array;

/** Luma or alpha over all levels of `target`, rounded to the nearest. @param fullRange false: 16 to 235, at 8 bits. */
export function spreadPlane(
  { bits, width, height, stride, samples }: SamplePlane,
  fullRange: boolean,
  target: Target,
): void {
  const top = topLevel(target);
  const { scale, zero } = lumaRange(bits, fullRange);
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * stride;
    for (let x = 0; x < width; x++) target[to++] = toLevel((samples[row + x]! - zero) * scale * top, top);
  }
}

/**
 * Y, Cb and Cr as interleaved red, green and blue over all levels of `target`, rounded once, at the end. Chroma of half
 * the width or height is interpolated linearly, as lying in the middle of its luma samples.
 * @returns false, with nothing written, for a matrix that is not known.
 */
export function ycbcrToRgb(
  [luma, cb, cr]: readonly [SamplePlane, SamplePlane, SamplePlane],
  coding: YcbcrCoding,
  target: Target,
): boolean {
  const matrix = toRgb(coding.matrix);
  if (matrix === null) return false;
  const top = topLevel(target);
  const [ry, ru, rv, gy, gu, gv, by, bu, bv] = matrix.map((weight) => weight * top) as unknown as NineNumbers;
  const { scale, zero } = lumaRange(luma.bits, coding.fullRange);
  const [uRow, vRow] = [cb, cr].map((plane) => openChroma(plane, luma, coding)) as [ChromaRows, ChromaRows];
  for (let y = 0, to = 0; y < luma.height; y++) {
    const [us, vs] = [uRow(y), vRow(y)];
    const row = y * luma.stride;
    for (let x = 0; x < luma.width; x++, to += 3) {
      const l = (luma.samples[row + x]! - zero) * scale;
      const [u, v] = [us[x]!, vs[x]!];
      target[to] = toLevel(ry * l + ru * u + rv * v, top);
      target[to + 1] = toLevel(gy * l + gu * u + gv * v, top);
      target[to + 2] = toLevel(by * l + bu * u + bv * v, top);
    }
  }
  return true;
}

type NineNumbers = readonly [number, number, number, number, number, number, number, number, number];

/** H.273, 8.3: red, green and blue, each from Y (0 to 1), Cb and Cr (-0.5 to 0.5; for IDENTITY 0 to 1). */
function toRgb(matrix: number): NineNumbers | null {
  if (matrix === IDENTITY) return [0, 0, 1, 1, 0, 0, 0, 1, 0];
  if (matrix === YCGCO) return [1, -1, 1, 1, 1, 0, 1, -1, -1];
  const weights = LUMA_WEIGHTS[matrix];
  if (weights === undefined) return null;
  const [red, blue] = weights;
  const [forRed, forBlue] = [2 * (1 - red), 2 * (1 - blue)];
  const green = 1 - red - blue;
  return [1, 0, forRed, 1, (-blue * forBlue) / green, (-red * forRed) / green, 1, forBlue, 0];
}

const IDENTITY = 0;
const YCGCO = 8;

/** KR and KB of H.273, table 4. 2, "unspecified", is taken for 6, as in JPEG and HEIF. */
const LUMA_WEIGHTS: Readonly<Record<number, readonly [red: number, blue: number]>> = {
  1: [0.2126, 0.0722],
  2: [0.299, 0.114],
  4: [0.3, 0.11],
  5: [0.299, 0.114],
  6: [0.299, 0.114],
  7: [0.212, 0.087],
  9: [0.2627, 0.0593],
};

function lumaRange(bits: number, fullRange: boolean): { scale: number; zero: number } {
  const step = 2 ** (bits - 8);
  return fullRange ? { scale: 1 / (2 ** bits - 1), zero: 0 } : { scale: 1 / (219 * step), zero: 16 * step };
}

function chromaRange(bits: number, { matrix, fullRange }: YcbcrCoding): { scale: number; zero: number } {
  if (matrix === IDENTITY) return lumaRange(bits, fullRange);
  const scale = fullRange ? 1 / (2 ** bits - 1) : 1 / (224 * 2 ** (bits - 8));
  return { scale, zero: 2 ** (bits - 1) };
}

/** A row of chroma as wide as luma; valid until the next call. */
type ChromaRows = (y: number) => Float32Array;

function openChroma(chroma: SamplePlane, luma: SamplePlane, coding: YcbcrCoding): ChromaRows {
  const { samples, stride } = chroma;
  const { scale, zero } = chromaRange(chroma.bits, coding);
  const halfWidth = chroma.width < luma.width;
  const halfHeight = chroma.height < luma.height;
  const narrow = new Float32Array(chroma.width);
  const wide = halfWidth ? new Float32Array(luma.width) : narrow;
  return (y) => {
    // The nearer sample has 3/4 of the weight; at the rim both are the same.
    const own = halfHeight ? y >> 1 : y;
    const other = halfHeight ? clamp(own + (y % 2 === 0 ? -1 : 1), chroma.height - 1) : own;
    for (let x = 0; x < chroma.width; x++) {
      const value = 0.75 * samples[own * stride + x]! + 0.25 * samples[other * stride + x]!;
      narrow[x] = (value - zero) * scale;
    }
    for (let x = 0; halfWidth && x < luma.width; x++) {
      const beside = clamp((x >> 1) + (x % 2 === 0 ? -1 : 1), chroma.width - 1);
      wide[x] = 0.75 * narrow[x >> 1]! + 0.25 * narrow[beside]!;
    }
    return wide;
  };
}

function clamp(index: number, last: number): number {
  return index < 0 ? 0 : index > last ? last : index;
}

function topLevel(target: Target): number {
  return target.BYTES_PER_ELEMENT === 1 ? 255 : 65_535;
}

function toLevel(value: number, top: number): number {
  return value <= 0 ? 0 : value >= top ? top : Math.floor(value + 0.5);
}

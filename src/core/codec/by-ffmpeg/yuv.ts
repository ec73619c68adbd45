import { endianness } from 'node:os';
import { type Raster, samplesOf } from '../../pixels/raster.ts';
import type { YuvFormat } from './pixel-format.ts';

/** What luma and chroma mean. */
export interface YuvMeaning {
  /** ffmpeg's name, such as bt709; unknown is taken as Rec. 601, as MIAF (ISO/IEC 23000-22) has it. */
  readonly matrix: string;
  readonly fullRange: boolean;
}

/**
 * Luma and chroma as RGB, each sample rounded once (ISO/IEC 23091-2). Chroma that was halved is interpolated linearly
 * between its samples, which lie amid those of luma.
 */
export function unpackYuv(
  frame: Uint8Array<ArrayBuffer>,
  format: YuvFormat,
  { colour, alpha }: { colour: Raster; alpha: Raster | null },
  meaning: YuvMeaning,
): void {
  const { width, height } = colour;
  const { bits, shiftX, shiftY } = format;
  if (bits > 8 && format.bigEndian === (endianness() === 'LE')) Buffer.from(frame.buffer).swap16();
  const source = bits > 8 ? new Uint16Array(frame.buffer) : frame;
  const chroma = { width: Math.ceil(width / 2 ** shiftX), height: Math.ceil(height / 2 ** shiftY) };
  const planes = [width * height, width * height + chroma.width * chroma.height] as const;
  const full = format.fullRange || meaning.fullRange;
  const unit = 2 ** (bits - 8);
  const peak = 2 ** bits - 1;
  const [black, lumaSpan, chromaSpan] = full ? [0, peak, peak] : [16 * unit, 219 * unit, 224 * unit];
  const top = colour.bytesPerSample === 1 ? 255 : 65_535;
  const matrix = matrixOf(meaning.matrix);
  const samples = samplesOf(colour);
  const columns = taps(width, chroma.width, shiftX);
  const rows = taps(height, chroma.height, shiftY);
  const chromaAt = (start: number, x: number, y: number) => {
    const [left, right, part] = [columns.first[x]!, columns.second[x]!, columns.part[x]!];
    const [upper, lower] = [start + rows.first[y]! * chroma.width, start + rows.second[y]! * chroma.width];
    const above = source[upper + left]! * (1 - part) + source[upper + right]! * part;
    const below = source[lower + left]! * (1 - part) + source[lower + right]! * part;
    return (above + (below - above) * rows.part[y]! - 128 * unit) / chromaSpan;
  };
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const luma = (source[pixel]! - black) / lumaSpan;
      const [cb, cr] = [chromaAt(planes[0], x, y), chromaAt(planes[1], x, y)];
      samples[3 * pixel] = level(luma + matrix.redOfCr * cr, top);
      samples[3 * pixel + 1] = level(luma + matrix.greenOfCb * cb + matrix.greenOfCr * cr, top);
      samples[3 * pixel + 2] = level(luma + matrix.blueOfCb * cb, top);
    }
  }
  if (alpha === null) return;
  const opacity = samplesOf(alpha);
  const start = planes[1] + chroma.width * chroma.height;
  // Alpha is of full range, whatever luma is.
  for (let pixel = 0; pixel < opacity.length; pixel++) opacity[pixel] = level(source[start + pixel]! / peak, top);
}

function level(value: number, top: number): number {
  return Math.round(top * Math.min(1, Math.max(0, value)));
}

/** For each sample of luma the two of chroma that it lies between, and how near it is to the second (0..1). */
function taps(count: number, chromaCount: number, shift: number) {
  const [first, second, part] = [new Uint32Array(count), new Uint32Array(count), new Float64Array(count)];
  for (let index = 0; index < count; index++) {
    const place = Math.min(chromaCount - 1, Math.max(0, (index + 0.5) / 2 ** shift - 0.5));
    first[index] = Math.floor(place);
    second[index] = Math.min(chromaCount - 1, first[index]! + 1);
    part[index] = place - first[index]!;
  }
  return { first, second, part };
}

interface Matrix {
  readonly redOfCr: number;
  readonly greenOfCb: number;
  readonly greenOfCr: number;
  readonly blueOfCb: number;
}

function matrixOf(name: string): Matrix {
  const [red, blue] = LUMA_WEIGHTS[name] ?? LUMA_WEIGHTS.smpte170m!;
  const green = 1 - red - blue;
  return {
    redOfCr: 2 * (1 - red),
    greenOfCb: (-2 * (1 - blue) * blue) / green,
    greenOfCr: (-2 * (1 - red) * red) / green,
    blueOfCb: 2 * (1 - blue),
  };
}

/** Shares of red and blue in luma. */
const LUMA_WEIGHTS: Readonly<Record<string, readonly [number, number]>> = {
  bt709: [0.2126, 0.0722],
  fcc: [0.3, 0.11],
  bt470bg: [0.299, 0.114],
  smpte170m: [0.299, 0.114],
  smpte240m: [0.212, 0.087],
  bt2020nc: [0.2627, 0.0593],
};

/** Whether luma and chroma of this matrix can be turned into RGB: constant luminance, YCgCo and ICtCp cannot. */
export function isKnownMatrix(name: string): boolean {
  return name === 'unknown' || name in LUMA_WEIGHTS;
}

import { endianness } from 'node:os';
import type { Size } from '../../pixels/geometry.ts';
import { makeRaster, type Raster, samplesOf } from '../../pixels/raster.ts';
import { openLightEncoder } from '../colour/float-light.ts';
import type { StillPixels } from '../definition/still-picture.ts';
import { divideByAlpha } from '../samples.ts';
import { spreadTable } from '../spread.ts';
import { type PackedFormat, type PixelFormat, rasterFormatOf } from './pixel-format.ts';
import { unpackYuv, type YuvMeaning } from './yuv.ts';

/** What the samples of a frame mean, where the pixel format does not say. */
export interface FrameMeaning extends YuvMeaning {
  readonly path: string;
  /** Of each band (in the pixel format's order) that holds fewer bits than it could, at the upper end; null: all. */
  readonly upperBits: readonly number[] | null;
  /** How alpha lies in the colours; `none`: what looks like alpha is none. */
  readonly alpha: 'straight' | 'multiplied' | 'none';
}

/** A frame as rasters. @param frame becomes this function's own */
export function unpackFrame(
  frame: Uint8Array<ArrayBuffer>,
  format: PixelFormat,
  size: Size,
  meaning: FrameMeaning,
): StillPixels {
  const shape = rasterFormatOf(format);
  const colour = makeRaster(size.width, size.height, shape);
  const hasAlpha = shape.alpha && meaning.alpha !== 'none';
  const alpha = hasAlpha ? makeRaster(size.width, size.height, { ...shape, channels: 1 }) : null;
  const warnings = unpackInto(frame, format, { colour, alpha }, meaning);
  // Of light alpha was divided out before it became sRGB.
  const isLight = format.kind === 'samples' && format.float;
  if (alpha !== null && meaning.alpha === 'multiplied' && !isLight) divideByAlpha(colour, alpha);
  return { colour, alpha, warnings };
}

interface Target {
  readonly colour: Raster;
  readonly alpha: Raster | null;
}

function unpackInto(
  frame: Uint8Array<ArrayBuffer>,
  format: PixelFormat,
  target: Target,
  meaning: FrameMeaning,
): string[] {
  switch (format.kind) {
    case 'bits': {
      const { width, height, data } = target.colour;
      const rowBytes = Math.ceil(width / 8);
      for (let y = 0, to = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const bit = (frame[y * rowBytes + (x >> 3)]! >> (7 - (x & 7))) & 1;
          data[to++] = (bit === 1) === format.oneIsWhite ? 255 : 0;
        }
      }
      return [];
    }
    case 'yuv':
      unpackYuv(frame, format, target, meaning);
      return [];
    case 'samples':
      if (format.float) return unpackLight(floatsOf(frame, format), format, target, meaning);
      unpackSamples(frame, format, target, meaning);
      return [];
  }
}

function unpackSamples(
  frame: Uint8Array<ArrayBuffer>,
  format: PackedFormat,
  target: Target,
  meaning: FrameMeaning,
): void {
  const source = format.bytes === 1 ? frame : wordsOf(frame, format.bigEndian);
  const top = format.bytes === 1 ? 255 : 65_535;
  forBands(format, target, (band, { from, step, to, toStep, samples, pixels }) => {
    const upper = meaning.upperBits?.[band] ?? null;
    const shift = upper === null ? 0 : format.bytes * 8 - upper;
    const max = 2 ** (upper ?? format.bits) - 1;
    // Gray of a film begins above 0 and ends below the greatest value.
    const isNarrow = format.order === 'y' && !meaning.fullRange;
    const table = isNarrow ? narrowTable(max, top) : spreadTable(max, top);
    for (let pixel = 0, at = from, place = to; pixel < pixels; pixel++, at += step, place += toStep) {
      samples[place] = table[Math.min(max, source[at]! >>> shift)]!;
    }
  });
}

/** 16 to 235 of 8 bits, as ISO/IEC 23091-2 has it, spread over all levels. */
function narrowTable(max: number, top: number): Uint16Array {
  const unit = (max + 1) / 256;
  return Uint16Array.from({ length: max + 1 }, (_, value) =>
    Math.round(top * Math.min(1, Math.max(0, (value - 16 * unit) / (219 * unit)))),
  );
}

/** Linear light: alpha is not light, and what was multiplied is divided while it is still exact. */
function unpackLight(
  source: Float32Array,
  format: PackedFormat,
  target: Target,
  { path, alpha }: FrameMeaning,
): string[] {
  const light = openLightEncoder();
  const pixels = target.colour.width * target.colour.height;
  const opacity = format.order.indexOf('a');
  const place = format.planar ? { at: opacity * pixels, step: 1 } : { at: opacity, step: format.order.length };
  const divides = alpha === 'multiplied' && opacity >= 0;
  forBands(format, target, (band, { from, step, to, toStep, samples }) => {
    const isAlpha = band === opacity;
    for (let pixel = 0, at = from, out = to; pixel < pixels; pixel++, at += step, out += toStep) {
      const value = source[at]!;
      if (isAlpha) samples[out] = Math.round(65_535 * Math.min(1, Math.max(0, value || 0)));
      else {
        const own = divides ? source[place.at + pixel * place.step]! : 1;
        samples[out] = light.encode(own > 0 ? value / own : value);
      }
    }
  });
  return light.report(path);
}

interface Band {
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly toStep: number;
  readonly samples: Uint8Array | Uint16Array;
  readonly pixels: number;
}

function forBands(
  { order, planar }: PackedFormat,
  { colour, alpha }: Target,
  visit: (index: number, band: Band) => void,
): void {
  const pixels = colour.width * colour.height;
  for (const [index, letter] of [...order].entries()) {
    const place = planar ? { from: index * pixels, step: 1 } : { from: index, step: order.length };
    if (letter === 'a' && alpha !== null)
      visit(index, { ...place, to: 0, toStep: 1, samples: samplesOf(alpha), pixels });
    const channel = letter === 'y' ? 0 : 'rgb'.indexOf(letter);
    if (channel >= 0)
      visit(index, { ...place, to: channel, toStep: colour.channels, samples: samplesOf(colour), pixels });
  }
}

/** In place. */
export function wordsOf(frame: Uint8Array<ArrayBuffer>, bigEndian: boolean): Uint16Array {
  if (bigEndian === (endianness() === 'LE')) Buffer.from(frame.buffer).swap16();
  return new Uint16Array(frame.buffer);
}

function floatsOf(frame: Uint8Array<ArrayBuffer>, { bigEndian }: PackedFormat): Float32Array {
  if (bigEndian === (endianness() === 'LE')) Buffer.from(frame.buffer).swap32();
  return new Float32Array(frame.buffer);
}

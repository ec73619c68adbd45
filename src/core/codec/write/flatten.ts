import { makeRaster, type Raster, samplesOf } from '../../pixels/raster.ts';

/** A colour as #rrggbb in levels of 0..255. */
export function colourLevels(colour: string): readonly [number, number, number] {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return [red!, green!, blue!];
}

export function isGrayColour(colour: string): boolean {
  const [red, green, blue] = colourLevels(colour);
  return red === green && green === blue;
}

/**
 * Puts a colour behind a transparent picture: sample * alpha + colour * (1 - alpha), rounded half up once. At 16 bits
 * the colour's levels are multiplied by 257, so that #ffffff is 65535. A gray picture becomes RGB where the colour is
 * none of its grays.
 * @param alpha one channel, of the colour's size and depth; null: opaque @returns a new raster
 */
export function flattenOn(colour: Raster, alpha: Raster | null, background: string): Raster {
  const channels = colour.channels === 1 && isGrayColour(background) ? 1 : 3;
  const flat = makeRaster(colour.width, colour.height, { channels, bytesPerSample: colour.bytesPerSample });
  const [source, target, opacity] = [samplesOf(colour), samplesOf(flat), alpha === null ? null : samplesOf(alpha)];
  const top = colour.bytesPerSample === 1 ? 255 : 65_535;
  const ground = colourLevels(background).map((level) => (level * top) / 255);
  const step = colour.channels === 1 ? 0 : 1;
  for (let pixel = 0, from = 0, to = 0; to < target.length; pixel++, from += colour.channels) {
    const own = opacity === null ? top : opacity[pixel]!;
    const rest = top - own;
    for (let channel = 0; channel < channels; channel++, to++) {
      // Whole numbers below 2 ** 53; typed arrays cut fractions off as they store.
      target[to] = (source[from + channel * step]! * own + ground[channel]! * rest + (top - 1) / 2) / top;
    }
  }
  return flat;
}

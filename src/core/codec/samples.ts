import { type Raster, samplesOf } from '../pixels/raster.ts';

/** Splits interleaved samples: `colour` of the `channels` in front, and alpha from the last of `bands`. */
export function splitAlpha(
  interleaved: Uint8Array<ArrayBuffer>,
  picture: { width: number; height: number; bands: number; channels: 1 | 3; bytesPerSample: 1 | 2 },
): { colour: Raster; alpha: Raster } {
  const { width, height, bands, channels, bytesPerSample } = picture;
  const source = samplesOf({ data: interleaved, bytesPerSample });
  const pixels = width * height;
  const colour = new Uint8Array(pixels * channels * bytesPerSample);
  const alpha = new Uint8Array(pixels * bytesPerSample);
  const toColour = samplesOf({ data: colour, bytesPerSample });
  const toAlpha = samplesOf({ data: alpha, bytesPerSample });
  if (channels === 3) {
    for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += bands, to += 3) {
      toColour[to] = source[from]!;
      toColour[to + 1] = source[from + 1]!;
      toColour[to + 2] = source[from + 2]!;
      toAlpha[pixel] = source[from + bands - 1]!;
    }
  } else {
    for (let pixel = 0, from = 0; pixel < pixels; pixel++, from += bands) {
      toColour[pixel] = source[from]!;
      toAlpha[pixel] = source[from + bands - 1]!;
    }
  }
  return {
    colour: { width, height, channels, bytesPerSample, data: colour },
    alpha: { width, height, channels: 1, bytesPerSample, data: alpha },
  };
}

/** Divides alpha out of colours that were multiplied with it, in place, rounded to the nearest level. */
export function divideByAlpha(colour: Raster, alpha: Raster): void {
  const [samples, opacity] = [samplesOf(colour), samplesOf(alpha)];
  const levels = colour.bytesPerSample === 1 ? 255 : 65_535;
  for (let pixel = 0, at = 0; pixel < opacity.length; pixel++) {
    const own = opacity[pixel]!;
    for (const end = at + colour.channels; at < end; at++) {
      if (own > 0 && own < levels) samples[at] = Math.min(levels, (samples[at]! * levels) / own + 0.5);
    }
  }
}

export function multipliedNote(path: string): string {
  return `The colours of ${path} are multiplied with its alpha: it was divided out, and the result is written without.`;
}

/** Interleaves colour and alpha rows of one size. */
export function joinAlpha(colour: Raster, alpha: Raster): Uint8Array<ArrayBuffer> {
  const { width, height, channels, bytesPerSample } = colour;
  const pixels = width * height;
  const joined = new Uint8Array(pixels * (channels + 1) * bytesPerSample);
  const target = samplesOf({ data: joined, bytesPerSample });
  const fromColour = samplesOf(colour);
  const fromAlpha = samplesOf(alpha);
  if (channels === 3) {
    for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += 3, to += 4) {
      target[to] = fromColour[from]!;
      target[to + 1] = fromColour[from + 1]!;
      target[to + 2] = fromColour[from + 2]!;
      target[to + 3] = fromAlpha[pixel]!;
    }
  } else {
    for (let pixel = 0, to = 0; pixel < pixels; pixel++, to += 2) {
      target[to] = fromColour[pixel]!;
      target[to + 1] = fromAlpha[pixel]!;
    }
  }
  return joined;
}

/** Whether alpha, the last of interleaved bands, hides nothing anywhere. */
export function isOpaque(
  data: Uint8Array,
  { bands, bytesPerSample }: { bands: number; bytesPerSample: 1 | 2 },
): boolean {
  const samples = samplesOf({ data, bytesPerSample });
  const top = bytesPerSample === 1 ? 255 : 65_535;
  for (let at = bands - 1; at < samples.length; at += bands) if (samples[at] !== top) return false;
  return true;
}

/**
 * 16-bit rows as 8-bit ones, rounded to the nearest level (libvips cuts the low byte off, which darkens by half a
 * level).
 */
export function narrowSamples(raster: Raster): Raster {
  if (raster.bytesPerSample === 1) return raster;
  const source = samplesOf(raster);
  const data = new Uint8Array(source.length);
  for (let index = 0; index < data.length; index++) data[index] = (source[index]! * 255 + 32_895) >>> 16;
  return { ...raster, bytesPerSample: 1, data };
}

/**
 * 16-bit samples of which only the upper `bits` are used, in place over the whole range: white becomes 65535.
 * AVIF has 10 or 12 bits, which libvips shifts up.
 */
export function fillLowBits(bytes: Uint8Array<ArrayBuffer>, bits: number): void {
  const samples = samplesOf({ data: bytes, bytesPerSample: 2 });
  for (let index = 0; index < samples.length; index++) samples[index] = samples[index]! | (samples[index]! >>> bits);
}

/** The span of values that 16 bits stand for. */
export interface FloatSpan {
  readonly low: number;
  readonly high: number;
}

/** Values farther out are cut off: a wider span would leave the visible part too few of the 65,536 levels. */
const WIDEST: FloatSpan = { low: -1, high: 8 };

/**
 * 0..1, or wider where the colour samples are (high dynamic range). Alpha, the last channel if any, never widens it.
 */
export function spanOf(samples: Float32Array, channels: 1 | 2 | 3 | 4): FloatSpan {
  const colours = channels === 2 || channels === 4 ? channels - 1 : channels;
  let low = 0;
  let high = 1;
  for (let pixel = 0; pixel < samples.length; pixel += channels) {
    for (let channel = 0; channel < colours; channel++) {
      const value = samples[pixel + channel]!;
      if (value < low) low = value;
      else if (value > high) high = value;
    }
  }
  return { low: Math.max(low, WIDEST.low), high: Math.min(high, WIDEST.high) };
}

/** Floats as 16-bit samples; what is not a number becomes the lowest one. */
export function quantise(samples: Float32Array, channels: 1 | 2 | 3 | 4, span: FloatSpan): Uint16Array<ArrayBuffer> {
  const quantised = new Uint16Array(samples.length);
  const alphaAt = channels === 2 || channels === 4 ? channels - 1 : -1;
  const factor = 65_535 / (span.high - span.low);
  for (let index = 0; index < samples.length; index++) {
    const value = index % channels === alphaAt ? samples[index]! * 65_535 : (samples[index]! - span.low) * factor;
    // NaN fails both comparisons.
    quantised[index] = value >= 65_535 ? 65_535 : value > 0 ? Math.round(value) : 0;
  }
  return quantised;
}

/** The inverse of `quantise`. */
export function dequantise(samples: Uint16Array, channels: 1 | 2 | 3 | 4, span: FloatSpan): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(samples.length);
  const alphaAt = channels === 2 || channels === 4 ? channels - 1 : -1;
  const factor = (span.high - span.low) / 65_535;
  for (let index = 0; index < samples.length; index++) {
    floats[index] = index % channels === alphaAt ? samples[index]! / 65_535 : samples[index]! * factor + span.low;
  }
  return floats;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the nearest half-precision number, ties to even; for 0 to 65504. @see IEEE 754, binary16 */
export function halfBits(value: number): number {
  // Below the smallest normal number steps are even: 2^-24.
  if (value < 2 ** -14) return roundToEven(value * 2 ** 24);
  float[0] = value;
  // The exponent's bias falls from 127 to 15; 13 bits of the fraction fall away, and what they carry goes up by itself.
  return roundToEven((bits[0]! - (112 << 23)) / 2 ** 13);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

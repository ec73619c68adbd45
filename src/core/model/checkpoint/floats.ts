/**
 * Little-endian IEEE 754 half-precision values as float32 (exact). By a table: a reader call per value takes 1.5 s for
 * a network of 1.2 million weights, this takes milliseconds.
 */
export function decodeFloat16(bytes: Uint8Array, count: number): Float32Array<ArrayBuffer> {
  floatOfHalf ??= tabulate();
  const values = new Float32Array(count);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < count; i++) bits[i] = floatOfHalf[(bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8)]!;
  return values;
}

/** By the bits of a half, those of the float32 with its value. */
let floatOfHalf: Uint32Array | undefined;

function tabulate(): Uint32Array {
  const table = new Uint32Array(65536);
  const values = new Float32Array(table.buffer);
  for (let half = 0; half < table.length; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) values[half] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24;
    else table[half] = (sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13)) >>> 0;
  }
  return table;
}

/** Neither NaN nor an infinity: both times 0 are NaN. */
export function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  return sum === 0;
}

/** Little-endian bfloat16 values, the upper half of a float32 each, as float32 (exact). */
export function decodeBfloat16(bytes: Uint8Array, count: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < count; i++) bits[i] = ((bytes[2 * i] ?? 0) << 16) | ((bytes[2 * i + 1] ?? 0) << 24);
  return values;
}

/**
 * The nearest half-precision values, half to even, little-endian; what is larger than 65,504 becomes infinite.
 */
export function encodeFloat16(values: Float32Array): Uint8Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  const one = new Float32Array(1);
  const bits = new Uint32Array(one.buffer);
  values.forEach((value, index) => {
    one[0] = value;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const magnitude = bits[0]! & 0x7fffffff;
    if (magnitude >= INFINITE) halves[index] = sign | (magnitude > INFINITE ? 0x7e00 : 0x7c00);
    else if (magnitude < SMALLEST_NORMAL_HALF) {
      // Below 2^-14 halves are multiples of 2^-24: adding 0.5 leaves float32 just these steps.
      one[0] = Math.abs(value) + 0.5;
      halves[index] = sign | (bits[0]! - ONE_HALF);
    } else {
      // 13 bits of the fraction go; a carry runs on into the exponent, up to infinity.
      const rounded = magnitude - EXPONENT_SHIFT + 0xfff + ((magnitude >>> 13) & 1);
      halves[index] = sign | Math.min(rounded >>> 13, 0x7c00);
    }
  });
  return new Uint8Array(halves.buffer);
}

/** Bits of float32: infinity, 2^-14, 0.5, and the exponents' different zero (112 << 23). */
const INFINITE = 0x7f800000;
const SMALLEST_NORMAL_HALF = 0x38800000;
const ONE_HALF = 0x3f000000;
const EXPONENT_SHIFT = 0x38000000;

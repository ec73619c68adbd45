/**
 * Little-endian IEEE 754 half-precision values as float32 (exact). By bit arithmetic on a shared buffer: a reader
 * call per value takes 1.5 s for a network of 1.2 million weights, this takes milliseconds.
 */
export function decodeFloat16(bytes: Uint8Array, count: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < count; i++) {
    const half = (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8);
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) values[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24;
    else bits[i] = (sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13)) >>> 0;
  }
  return values;
}

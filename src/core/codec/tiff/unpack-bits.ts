import { makeSamples, type PlainSamples } from './plain-samples.ts';

/**
 * Samples of 2 to 15 bits that lie one behind the other, the highest bit first, each row from a new byte on (TIFF 6.0),
 * spread over 8 or 16 bits: the highest value becomes 255 or 65535, the others the nearest level.
 */
export function unpackBits(
  packed: Uint8Array,
  { width, height, depth, samplesPerPixel }: { width: number; height: number; depth: number; samplesPerPixel: number },
): PlainSamples {
  const rowSamples = width * samplesPerPixel;
  const rowBytes = Math.ceil((rowSamples * depth) / 8);
  const made = makeSamples(rowSamples * height, depth < 8 ? 1 : 2);
  const levels = Array.from({ length: 2 ** depth }, (_, value) => Math.round((value * made.top) / (2 ** depth - 1)));
  for (let row = 0, to = 0; row < height; row++) {
    let [at, held, bits] = [row * rowBytes, 0, 0];
    for (const end = to + rowSamples; to < end; to++) {
      for (; bits < depth; bits += 8) held = ((held << 8) | packed[at++]!) & 0xff_ffff;
      bits -= depth;
      made.samples[to] = levels[(held >>> bits) & (2 ** depth - 1)]!;
    }
  }
  return { data: made.data, bands: samplesPerPixel, bytesPerSample: made.bytesPerSample };
}

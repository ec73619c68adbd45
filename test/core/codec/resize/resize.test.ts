import { expect, test } from 'vitest';
import { resize } from '../../../../src/core/codec/index.ts';
import { makeNoise, samplesOf } from '../pictures.ts';

test('a flat picture stays flat at any size, in every layout', async () => {
  for (const channels of [1, 3] as const) {
    for (const bytesPerSample of [1, 2] as const) {
      const flat = makeNoise(11, 7, channels, bytesPerSample);
      flat.data.fill(90);
      for (const size of [
        { width: 5, height: 20 },
        { width: 33, height: 3 },
      ]) {
        const resized = await resize(flat, size);
        expect(resized).toMatchObject({ ...size, channels, bytesPerSample });
        // libvips weighs 16-bit samples with 12-bit coefficients.
        const [value, tolerance] = bytesPerSample === 1 ? [90, 0] : [0x5a5a, 20];
        expect(Math.max(...samplesOf(resized).map((sample) => Math.abs(sample - value)))).toBeLessThanOrEqual(
          tolerance,
        );
      }
    }
  }
});

test('the same size gives the same picture', async () => {
  const noise = makeNoise(8, 8, 3, 2);
  expect(await resize(noise, { width: 8, height: 8 })).toBe(noise);
});

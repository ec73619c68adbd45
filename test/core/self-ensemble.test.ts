import { describe, expect, test } from 'vitest';
import { makeRaster } from '../../src/core/raster.ts';
import { selfEnsemble } from '../../src/core/self-ensemble.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';

describe('a self-ensemble', () => {
  test.each([
    [3, 1],
    [1, 2],
  ] as const)(
    'of a network that only repeats pixels is that network: %i channels, %i bytes',
    async (channels, bytes) => {
      const source = makeRaster(5, 3, { channels, bytesPerSample: bytes });
      source.data.forEach((_, index) => {
        source.data[index] = (index * 37) % 251;
      });
      const tiles: number[] = [];
      const ensemble = selfEnsemble(nearestUpscaler(2));
      const got = await ensemble.upscale(source, { onTile: (pixels) => tiles.push(pixels) });
      expect(got).toEqual(await nearestUpscaler(2).upscale(source));
      expect(tiles).toHaveLength(8);
      expect(tiles.reduce((sum, pixels) => sum + pixels)).toBe(10 * 6);
    },
  );
});

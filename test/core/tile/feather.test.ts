import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRaster, type Raster, type RasterFormat } from '../../../src/core/pixels/raster.ts';
import { blendAcross, blendDown } from '../../../src/core/tile/feather.ts';
import { samplesOf } from '../../support/rasters.ts';

const GRAY8: RasterFormat = { channels: 1, bytesPerSample: 1 };
const GRAY16: RasterFormat = { channels: 1, bytesPerSample: 2 };

describe('a feathered seam', () => {
  test('is a straight slope from one tile to the other', () => {
    const target = flat(4, 1, GRAY8, 0);
    blendAcross(target, { x: 0, y: 0, width: 4, height: 1 }, flat(4, 1, GRAY8, 80), { x: 0, y: 0 }, 'after');
    expect([...target.data]).toEqual([10, 30, 50, 70]);
  });

  test('is the same whichever tile comes first', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(level(), level()), { minLength: 2, maxLength: 40 }), (pairs) => {
        const [width, strip] = [pairs.length, { x: 0, y: 0, width: pairs.length, height: 1 }];
        const [left, right] = [0, 1].map((side) => {
          const raster = makeRaster(width, 1, GRAY16);
          samplesOf(raster).set(pairs.map((pair) => pair[side]!));
          return raster;
        }) as [Raster, Raster];
        const [leftFirst, rightFirst] = [copy(left), copy(right)];
        blendAcross(leftFirst, strip, right, { x: 0, y: 0 }, 'after');
        blendAcross(rightFirst, strip, left, { x: 0, y: 0 }, 'before');
        expect([...leftFirst.data]).toEqual([...rightFirst.data]);
      }),
      { numRuns: 200, seed: 20260104 },
    );
  });

  test.each([
    { format: GRAY8, white: 255 },
    { format: GRAY16, white: 65_535 },
  ])('leaves equal samples equal, up to $white', ({ format, white }) => {
    for (const value of [0, 1, 127, white - 1, white]) {
      const across = flat(37, 3, format, value);
      blendAcross(across, { x: 0, y: 0, width: 37, height: 3 }, flat(37, 3, format, value), { x: 0, y: 0 }, 'before');
      const down = flat(5, 37, format, value);
      blendDown(flat(5, 37, format, value), down);
      expect(new Set([...samplesOf(across), ...samplesOf(down)])).toEqual(new Set([value]));
    }
  });

  test('touches only the rows that both tiles have', () => {
    const after = flat(3, 4, GRAY8, 200);
    blendDown(flat(3, 2, GRAY8, 100), after);
    expect([...after.data]).toEqual([...[125, 125, 125], ...[175, 175, 175], ...Array(6).fill(200)]);
  });
});

function level() {
  return fc.integer({ min: 0, max: 65_535 });
}

function flat(width: number, height: number, format: RasterFormat, value: number): Raster {
  const raster = makeRaster(width, height, format);
  samplesOf(raster).fill(value);
  return raster;
}

function copy(raster: Raster): Raster {
  return { ...raster, data: raster.data.slice() };
}

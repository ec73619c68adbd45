import { describe, expect, test } from 'vitest';
import type { FixedSize } from '../../../src/core/pixels/geometry.ts';
import type { Raster } from '../../../src/core/pixels/raster.ts';
import { cropTopLeft, padByReflection, paddedSize } from '../../../src/core/tile/align.ts';

describe('padByReflection', () => {
  test('reflects to the right and down without repeating the border', () => {
    const grown = padded(gray(3, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9]), 4);
    expect([grown.width, grown.height]).toEqual([4, 4]);
    expect([...grown.data]).toEqual([1, 2, 3, 2, 4, 5, 6, 5, 7, 8, 9, 8, 4, 5, 6, 5]);
  });

  test('gives the same raster back if it is aligned already', () => {
    const source = gray(2, 2, [1, 2, 3, 4]);
    expect(padded(source, 2)).toBe(source);
  });

  test('repeats the only pixel of a 1x1 picture', () => {
    expect([...padded(gray(1, 1, [7]), 2).data]).toEqual([7, 7, 7, 7]);
  });

  test('fills a window of fixed size by reflecting again and again, and leaves the other axis', () => {
    const grown = padded(gray(2, 2, [1, 2, 3, 4]), 1, { width: 5, height: null });
    expect([grown.width, grown.height]).toEqual([5, 2]);
    expect([...grown.data]).toEqual([1, 2, 1, 2, 1, 3, 4, 3, 4, 3]);
    expect(paddedSize({ width: 9, height: 3 }, 4, { width: 5, height: null })).toEqual({ width: 9, height: 4 });
  });

  test('is undone by cropTopLeft, two bytes a sample', () => {
    const source: Raster = { width: 1, height: 3, channels: 3, bytesPerSample: 2, data: bytes(18) };
    expect(cropTopLeft(padded(source, 4), 1, 3)).toEqual(source);
  });
});

function padded(source: Raster, alignPx: number, fixedPx: FixedSize | null = null): Raster {
  return padByReflection(source, paddedSize(source, alignPx, fixedPx));
}

function gray(width: number, height: number, samples: number[]): Raster {
  return { width, height, channels: 1, bytesPerSample: 1, data: new Uint8Array(samples) };
}

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
}

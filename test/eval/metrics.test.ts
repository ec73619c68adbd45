import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeRaster, type Raster } from '../../src/core/raster.ts';
import { bicubic } from '../../src/eval/bicubic.ts';
import { compareRasters } from '../../src/eval/index.ts';
import { psnr, ssim } from '../../src/eval/metrics.ts';
import { lumaPlane, shave } from '../../src/eval/plane.ts';

describe('compareRasters', () => {
  test('tells equal pictures by null and SSIM 1', () => {
    const picture = noise(20, 16, 1);
    expect(compareRasters(picture, picture)).toEqual({ psnr: null, psnrY: null, ssimY: 1, maxDifference: 0 });
  });

  test('gives the PSNR of a constant shift: 20 log10(255 / shift)', () => {
    const picture = flat(20, 20, 100);
    const { psnr: all, psnrY, maxDifference } = compareRasters(picture, flat(20, 20, 110));
    expect(all).toBeCloseTo(20 * Math.log10(25.5), 9);
    // Studio range squeezes a gray shift by 219/255.
    expect(psnrY).toBeCloseTo(20 * Math.log10((25.5 * 255) / 219), 9);
    expect(maxDifference).toBe(10);
  });

  test('compares a gray picture with the same one in colour, and 16 bits with 8', () => {
    const gray = { ...noise(16, 16, 2, 1) };
    const colour = makeRaster(16, 16, { channels: 3, bytesPerSample: 1 });
    for (let i = 0; i < colour.data.length; i++) colour.data[i] = gray.data[Math.floor(i / 3)]!;
    expect(compareRasters(gray, colour).psnr).toBeNull();
    const deep = makeRaster(16, 16, { channels: 1, bytesPerSample: 2 });
    new Uint16Array(deep.data.buffer).set(Array.from(gray.data, (value) => value * 257));
    expect(compareRasters(gray, deep).psnr).toBeNull();
  });
});

describe('ssim', () => {
  test('of a constant shift follows from the means alone', () => {
    const [a, b] = [lumaPlane(flat(16, 16, 50)), lumaPlane(flat(16, 16, 200))];
    const [x, y] = [a.data[0]!, b.data[0]!];
    const c1 = (0.01 * 255) ** 2;
    expect(ssim(a, b)).toBeCloseTo((2 * x * y + c1) / (x * x + y * y + c1), 9);
  });

  test('falls with noise, and never leaves -1..1', () => {
    const clean = noise(40, 40, 3);
    const scores = [4, 16, 64].map((strength) => {
      const spoilt = { ...clean, data: clean.data.map((v, i) => clamp(v + (((i * 7919) % 3) - 1) * strength)) };
      return ssim(lumaPlane(clean), lumaPlane(spoilt));
    });
    expect(scores[0]).toBeGreaterThan(scores[1]!);
    expect(scores[1]).toBeGreaterThan(scores[2]!);
    expect(scores[2]).toBeGreaterThan(-1);
  });
});

describe('shave', () => {
  test('leaves out the border, and nothing else', () => {
    const a = lumaPlane(flat(12, 10, 30));
    const bordered = { ...a, data: a.data.map((v, i) => (i % 12 < 2 || i % 12 >= 10 || i < 24 || i >= 96 ? 0 : v)) };
    expect(psnr(shave(a, 2), shave(bordered, 2))).toBe(Number.POSITIVE_INFINITY);
    expect(psnr(shave(a, 1), shave(bordered, 1))).toBeLessThan(40);
  });
});

describe('bicubic', () => {
  test('keeps flat pictures flat at every factor', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 24 }), fc.constantFrom(0.25, 1 / 3, 0.5, 2, 3, 4), (side, scale) => {
        expect(new Set(bicubic(flat(side, side, 77), scale).data)).toEqual(new Set([77]));
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  test('gives what MATLAB gives for a known row', () => {
    // imresize(uint8([0 0 0 255 255 255 0 0]), 0.5), and the same enlarged twice again, worked by hand from Keys' kernel.
    const row: Raster = {
      width: 8,
      height: 1,
      channels: 1,
      bytesPerSample: 1,
      data: new Uint8Array([0, 0, 0, 255, 255, 255, 0, 0]),
    };
    const half = bicubic(row, 0.5);
    expect([...half.data]).toEqual(handHalved([0, 0, 0, 255, 255, 255, 0, 0]));
  });
});

/** Shrinking by two with the stretched kernel: eight taps at distances 0.25, 0.75, 1.25 and 1.75 on each side. */
function handHalved(row: number[]): number[] {
  const near = 1.5 * 0.25 ** 3 - 2.5 * 0.25 ** 2 + 1;
  const next = 1.5 * 0.75 ** 3 - 2.5 * 0.75 ** 2 + 1;
  const far = -0.5 * 1.25 ** 3 + 2.5 * 1.25 ** 2 - 4 * 1.25 + 2;
  const last = -0.5 * 1.75 ** 3 + 2.5 * 1.75 ** 2 - 4 * 1.75 + 2;
  const taps = [last, far, next, near, near, next, far, last];
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  const at = (i: number): number => row[i < 0 ? -1 - i : i >= row.length ? 2 * row.length - 1 - i : i]!;
  return [0, 1, 2, 3].map((out) => {
    const value = taps.reduce((sum, tap, k) => sum + (tap / total) * at(2 * out - 3 + k), 0);
    return clamp(Math.round(value));
  });
}

function flat(width: number, height: number, level: number): Raster {
  const raster = makeRaster(width, height, { channels: 3, bytesPerSample: 1 });
  raster.data.fill(level);
  return raster;
}

function noise(width: number, height: number, seed: number, channels: 1 | 3 = 3): Raster {
  const raster = makeRaster(width, height, { channels, bytesPerSample: 1 });
  raster.data.forEach((_, i) => {
    raster.data[i] = (Math.imul(i + seed * 977, 2654435761) >>> 24) & 255;
  });
  return raster;
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, value));
}

import { describe, expect, test } from 'vitest';
import { differenceOf, psnrOf, ssim, sumOf } from '../../src/eval/metrics.ts';
import { channelPlane, lumaPlane, type Plane } from '../../src/eval/plane.ts';
import { testPicture } from '../support/rasters.ts';

describe('psnrOf', () => {
  test.each([1, 3, 10, 255])('of a constant shift by %i is 20 log10(255 / shift)', (shift) => {
    const plane = filled(7, 5, 0);
    const difference = differenceOf(plane, filled(7, 5, shift));
    expect(psnrOf(difference)).toBeCloseTo(20 * Math.log10(255 / shift), 9);
    expect(difference.largest).toBe(shift);
  });

  test('of parts together is that of the whole', () => {
    const [black, white, gray] = [0, 255, 128].map((level) => filled(4, 4, level));
    const both = sumOf([differenceOf(black!, white!), differenceOf(gray!, gray!)]);
    expect(psnrOf(both)).toBeCloseTo(10 * Math.log10(2), 9);
    expect(psnrOf(differenceOf(gray!, gray!))).toBeNull();
  });
});

describe('ssim', () => {
  test('is what its definition gives, window by window', () => {
    const a = channelPlane(testPicture(14, 13, { channels: 1, bytesPerSample: 1 }, 1), 0);
    const b = channelPlane(testPicture(14, 13, { channels: 1, bytesPerSample: 1 }, 2), 0);
    expect(ssim(a, b)).toBeCloseTo(plainSsim(a, b), 9);
    expect(ssim(a, b)).toBeLessThan(0.99);
  });

  test('of a constant shift follows from the means alone', () => {
    const c1 = (0.01 * 255) ** 2;
    const expected = (2 * 50 * 200 + c1) / (50 * 50 + 200 * 200 + c1);
    expect(ssim(filled(16, 16, 50), filled(16, 16, 200))).toBeCloseTo(expected, 9);
  });

  test('is 1 for a picture and itself, and symmetric', () => {
    const [a, b] = [1, 2].map((seed) => lumaPlane(testPicture(15, 12, undefined, seed), 'rounded'));
    expect(ssim(a!, a!)).toBe(1);
    expect(ssim(a!, b!)).toBeCloseTo(ssim(b!, a!)!, 12);
  });

  test.each([
    [11, 11, true],
    [10, 40, false],
    [40, 10, false],
  ])('of %i x %i pixels exists: %s', (width, height, exists) => {
    expect(ssim(filled(width, height, 9), filled(width, height, 9)) !== null).toBe(exists);
  });
});

describe('lumaPlane', () => {
  // MATLAB: rgb2ycbcr(uint8(reshape([255 0 0], 1, 1, 3)))(1) and so on, from the matrix in its documentation.
  test.each([
    [[0, 0, 0], 16, 16],
    [[255, 255, 255], 235, 235],
    [[255, 0, 0], 81.481, 81],
    [[0, 255, 0], 144.553, 145],
    [[0, 0, 255], 40.966, 41],
  ])('of %j is %d, rounded %d; 16 bits are rounded at their own depth', ([r, g, b], exact, rounded) => {
    const data = new Uint8Array([r!, g!, b!]);
    const pixel = { width: 1, height: 1, channels: 3, bytesPerSample: 1, data } as const;
    const deep = {
      ...pixel,
      bytesPerSample: 2,
      data: new Uint8Array(Uint16Array.from(data, (v) => v * 257).buffer),
    } as const;
    expect(lumaPlane(pixel, 'exact').data[0]).toBeCloseTo(exact, 9);
    expect(lumaPlane(pixel, 'rounded').data[0]).toBe(rounded);
    expect(lumaPlane(deep, 'rounded').data[0]).toBeCloseTo(Math.round(exact * 257) / 257, 9);
  });
});

function filled(width: number, height: number, level: number): Plane {
  return { width, height, data: new Float64Array(width * height).fill(level) };
}

/** Wang et al. 2004, equations 13 to 17, each window by itself with weights in two dimensions. */
function plainSsim(a: Plane, b: Plane): number {
  const weights: number[] = [];
  for (let y = -5; y <= 5; y++)
    for (let x = -5; x <= 5; x++) weights.push(Math.exp(-(x * x + y * y) / (2 * 1.5 * 1.5)));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const windows: number[] = [];
  for (let top = 0; top + 11 <= a.height; top++) {
    for (let left = 0; left + 11 <= a.width; left++) {
      const expectation = (value: (i: number) => number): number =>
        weights.reduce(
          (sum, w, k) => sum + (w / total) * value((top + Math.floor(k / 11)) * a.width + left + (k % 11)),
          0,
        );
      const [mA, mB] = [a, b].map(({ data }) => expectation((i) => data[i]!)) as [number, number];
      const vA = expectation((i) => (a.data[i]! - mA) ** 2);
      const vB = expectation((i) => (b.data[i]! - mB) ** 2);
      const cov = expectation((i) => (a.data[i]! - mA) * (b.data[i]! - mB));
      const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
      windows.push(((2 * mA * mB + c1) * (2 * cov + c2)) / ((mA ** 2 + mB ** 2 + c1) * (vA + vB + c2)));
    }
  }
  return windows.reduce((sum, value) => sum + value, 0) / windows.length;
}

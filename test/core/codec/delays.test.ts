import { describe, expect, test } from 'vitest';
import { commonTimescale, delayFraction, wholeDelays } from '../../../src/core/codec/animation/delays.ts';

const repeated = (count: number, delayMs: number) => new Array<number>(count).fill(delayMs);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('wholeDelays', () => {
  test.each([
    ['thirds', repeated(300, 100 / 3)],
    ['film', repeated(240, 1001 / 24)],
    ['mixed', Array.from({ length: 200 }, (_, page) => 20 + ((page * 37) % 91) / 3)],
  ])('of %s stay within half a unit of the time at every page', (_, delaysMs) => {
    const units = wholeDelays(delaysMs, { unitMs: 10, most: 65_535, floor: 2 });
    for (let page = 1; page <= delaysMs.length; page++) {
      expect(Math.abs(sum(units.slice(0, page)) * 10 - sum(delaysMs.slice(0, page)))).toBeLessThanOrEqual(5 + 1e-6);
    }
  });

  test('leave 0 and one unit alone, but give a page that lasts longer no fewer than the floor', () => {
    expect(wholeDelays([0, 10, 20, 1000 / 60, 15, 100], { unitMs: 10, most: 65_535, floor: 2 })).toEqual([
      ...[0, 1, 2, 2, 2, 10],
    ]);
    expect(wholeDelays([1e9], { unitMs: 10, most: 65_535 })).toEqual([65_535]);
  });
});

test.each([
  [0, 0, 1],
  [40, 1, 25],
  [10, 1, 100],
  [1001 / 30, 1001, 30_000],
  [1000 / 60, 1, 60],
  [33, 33, 1000],
  [65_535, 13_107, 200],
  [3_600_000, 3600, 1],
])('%d ms are %i/%i s', (delayMs, num, den) => {
  expect(delayFraction(delayMs)).toEqual({ num, den });
});

test('a common timescale holds all delays, or there is none', () => {
  expect(commonTimescale([40, 1000 / 30, 50])).toBe(300);
  expect(commonTimescale([1001 / 30, 1001 / 24])).toBe(120_000);
  expect(commonTimescale([1000 / 65_521, 1000 / 65_519])).toBeNull();
});

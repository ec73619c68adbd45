import { describe, expect, it } from 'vitest';
import {
  bytes,
  count,
  countOf,
  duration,
  elapsed,
  finishTime,
  frameRate,
  megapixels,
  percent,
} from '../../src/tui/wording.ts';

describe('wording', () => {
  it.each([
    [null, 'calculating'],
    [Number.POSITIVE_INFINITY, 'calculating'],
    [Number.NaN, 'calculating'],
    [-3, '0 s'],
    [0.4, '0 s'],
    [45, '45 s'],
    [59.7, '1 min'],
    [200, '3 min 20 s'],
    [3599.6, '1 h'],
    [7500, '2 h 5 min'],
    [86_399, '1 d'],
    [183_600, '2 d 3 h'],
    [400 * 86_400, '400 d'],
  ])('says a duration of %s seconds as "%s"', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it.each([
    [0, '0.0 s'],
    [0.84, '0.8 s'],
    [9.96, '10 s'],
    [75, '1 min 15 s'],
  ])('says %s elapsed seconds as "%s"', (seconds, words) => {
    expect(elapsed(seconds)).toBe(words);
  });

  // A Monday.
  const now = new Date(2026, 10, 23, 22, 5);
  it.each([
    [null, 'calculating'],
    [0, '22:05'],
    [3600, '23:05'],
    [7200, 'Tue 00:05'],
    [6 * 86_400, 'Sun 22:05'],
    [10 * 86_400, '2026-12-03 22:05'],
    [1e18, 'calculating'],
  ])('says a finish in %s seconds as "%s"', (seconds, words) => {
    expect(finishTime(now, seconds)).toBe(words);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [4_885_111, '4.9 MB'],
    [812_000_000, '812 MB'],
    [999_999_999, '1.0 GB'],
    [1.5e12, '1.5 TB'],
    [5e18, '5,000 PB'],
  ])('says %s bytes as "%s"', (size, words) => {
    expect(bytes(size)).toBe(words);
  });

  it.each([
    [null, 'calculating'],
    [0, 'calculating'],
    [123.4, '123 frames/s'],
    [12.34, '12.3 frames/s'],
    [0.42, '0.42 frames/s'],
    [1 / 14, '14 s per frame'],
  ])('says %s frames per second as "%s"', (rate, words) => {
    expect(frameRate(rate)).toBe(words);
  });

  it.each([
    [null, 'counting'],
    [0, '0.0 %'],
    [0.3426, '34.2 %'],
    [0.99999, '99.9 %'],
    [1, '100 %'],
    [1.7, '100 %'],
  ])('says a share of %s as "%s"', (share, words) => {
    expect(percent(share)).toBe(words);
  });

  it('groups digits and names totals', () => {
    expect(count(43_200)).toBe('43,200');
    expect(count(999)).toBe('999');
    expect(countOf(12_340, 43_200)).toBe('12,340 of 43,200');
    expect(countOf(12, null)).toBe('12');
    expect(megapixels(3_145_728, 12_582_912)).toBe('3.1 of 12.6 MP');
  });
});

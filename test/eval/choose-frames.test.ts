import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseFrames } from '../../src/eval/film/choose-frames.ts';

test('the worst frames come first, by worth; each frame once; equal frames are never the worst', () => {
  const psnr = fc.array(fc.option(fc.double({ min: 10, max: 60, noNaN: true })), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(psnr, fc.integer({ min: 4, max: 12 }), (values, count) => {
      const chosen = chooseFrames(values, count);
      const numbers = chosen.map(({ number }) => number);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.length).toBeLessThanOrEqual(count);
      expect(numbers.length).toBeGreaterThan(0);
      for (const number of numbers) expect(number).toBeLessThan(values.length);
      const worst = chosen.filter(({ rank }) => rank !== null).map(({ number }) => values[number]!);
      expect(worst).toEqual([...worst].sort((a, b) => a - b));
      expect(worst).not.toContain(null);
      const told = values.filter((value) => value !== null);
      if (told.length > 0) expect(worst[0]).toBe(Math.min(...told));
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('the worst do not crowd in one place', () => {
  const psnr = Array.from({ length: 100 }, (_, number) => (number < 20 ? 20 + number / 100 : 40));
  const worst = chooseFrames(psnr, 8).filter(({ rank }) => rank !== null);
  expect(worst.map(({ number }) => number)).toEqual([0, 3, 6, 9]);
});

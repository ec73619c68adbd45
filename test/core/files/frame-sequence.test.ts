import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeMissing,
  hasFrameName,
  isFrameOf,
  isFramePattern,
  orderFrames,
} from '../../../src/core/files/frame-sequence.ts';

describe('names of frames', () => {
  test.each([
    ['frames/%06d.dpx', true],
    ['a %d.TIF', true],
    ['100% %04d.exr', true],
    ['%d-%d.png', false],
    ['%06d/film.png', false],
    ['%06d.mp4', false],
    ['plain.png', false],
  ])('%s is a pattern of frames: %s', (path, expected) => expect(isFramePattern(path)).toBe(expected));

  test('of macOS’s own files are none', () => {
    expect(['a.png', '._a.png', '.a.png', 'a.PNG', 'a.dpx', 'a.mkv', 'png'].filter(hasFrameName)).toEqual([
      'a.png',
      'a.PNG',
      'a.dpx',
    ]);
  });

  test('are those that the pattern gives, and no others', () => {
    const names = [
      'f0001.png',
      'f12345.png',
      'f1.png',
      'f00001.png',
      'f0001.png.bak',
      'g0001.png',
      'f-001.png',
      'f.png',
    ];
    expect(names.filter((name) => isFrameOf('x/f%04d.png', name))).toEqual(['f0001.png', 'f12345.png']);
    expect(names.filter((name) => isFrameOf('x/f%d.png', name))).toEqual(['f12345.png', 'f1.png']);
  });

  test('with anything else in them are met by their pattern alone', () => {
    const text = fc.string({ maxLength: 8 }).map((raw) => raw.replace(/[%/\0\d]/g, ''));
    fc.assert(
      fc.property(text, text, fc.nat(1e7), fc.integer({ min: 1, max: 9 }), (before, after, number, width) => {
        const pattern = `${before}%0${width}d${after}.png`;
        expect(isFrameOf(pattern, `${before}${String(number).padStart(width, '0')}${after}.png`)).toBe(true);
        expect(isFrameOf(pattern, `${before}${String(number).padStart(width, '0')}x${after}.png`)).toBe(false);
      }),
    );
  });
});

describe('the order of frames', () => {
  test.each([
    ['with zeros', ['f/a0010.png', 'f/a0009.png', 'f/a0011.png'], [9, 10, 11], 1, [], 'f/a%04d.png'],
    [
      'without zeros',
      ['a10.png', 'a9.png', 'a100.png', 'a99.png'],
      [9, 10, 99, 100],
      1,
      [{ first: 11, last: 98 }],
      'a%d.png',
    ],
    ['from 0', ['0.png', '1.png'], [0, 1], 1, [], '%d.png'],
    ['with a version', ['s1_v2.0001.exr', 's1_v2.0002.exr'], [1, 2], 1, [], 's1_v2.%04d.exr'],
    ['with the number in the middle', ['a_001_v2.png', 'a_002_v2.png'], [1, 2], 1, [], 'a_%03d_v2.png'],
    ['on twos', ['1.png', '3.png', '5.png', '9.png'], [1, 3, 5, 9], 2, [{ first: 7, last: 7 }], '%d.png'],
    ['of one', ['take2_0007.png'], [7], 1, [], 'take2_%04d.png'],
    ['with uneven zeros', ['01.png', '002.png'], [1, 2], 1, [], null],
    ['with a percent sign', ['a %d 1.png', 'a %d 2.png'], [1, 2], 1, [], null],
  ])('%s is by number', (_, paths, numbers, step, missing, pattern) => {
    expect(orderFrames(paths).numbering).toEqual({ numbers, step, missing, pattern });
  });

  test.each([
    ['no number', ['b.png', 'a.png'], ['a.png', 'b.png']],
    [
      'dates and times',
      ['I_20230102_090000.jpg', 'I_20230101_235959.jpg'],
      ['I_20230101_235959.jpg', 'I_20230102_090000.jpg'],
    ],
    [
      'numbers of 19 digits',
      ['1700000000000000002.png', '1700000000000000001.png'],
      ['1700000000000000001.png', '1700000000000000002.png'],
    ],
  ])('of names with %s has no gaps', (_, paths, expected) => {
    expect(orderFrames(paths)).toEqual({ paths: expected, numbering: null });
  });

  test.each([
    ['layers', ['beauty.0001.exr', 'depth.0001.exr', 'beauty.0002.exr'], 'several sequences'],
    ['shots', ['shot1_01.png', 'shot1_02.png', 'shot2_01.png'], 'several sequences'],
    ['folders', ['a/1.png', 'b/2.png'], '2 folders'],
    ['a number twice', ['1.png', '01.png', '2.png'], 'one number'],
  ])('of %s is refused', (_, paths, message) => expect(() => orderFrames(paths)).toThrow(message));

  test('of any numbers names exactly what is missing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300), { minLength: 2 }), (numbers) => {
        const { numbering, paths } = orderFrames(numbers.map((number) => `f${number}.png`));
        const there = [...numbers].sort((a, b) => a - b);
        const { step, missing } = numbering!;
        expect(paths).toEqual(there.map((number) => `f${number}.png`));
        const gaps = missing.flatMap(({ first, last }) =>
          Array.from({ length: (last - first) / step + 1 }, (_, index) => first + index * step),
        );
        const all = Array.from(
          { length: (there.at(-1)! - there[0]!) / step + 1 },
          (_, index) => there[0]! + index * step,
        );
        expect([...there, ...gaps].sort((a, b) => a - b)).toEqual(all);
      }),
    );
  });

  test('of a hundred thousand takes little time', () => {
    const paths = Array.from({ length: 100_000 }, (_, index) => `frames/f${(index * 7919) % 100_003}.dpx`);
    const before = performance.now();
    expect(orderFrames(paths).paths.length).toBe(100_000);
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  test('tells a long list of gaps in short', () => {
    const missing = [1, 3, 5, 7, 9, 11, 13].map((number) => ({ first: number, last: number }));
    expect(describeMissing(missing, 1)).toBe('1, 3, 5, 7, 9, 11 and 1 more');
    expect(describeMissing([{ first: 4, last: 9 }], 1)).toBe('4 to 9');
  });
});

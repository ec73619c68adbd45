import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUpscaleFlags, targetOf } from '../../src/cli/flags/upscale-options.ts';
import { isResultName, outputPath, type Target, targetSize } from '../../src/core/files/output-name.ts';

describe('the size of a result', () => {
  const landscape = { width: 300, height: 200 };
  const portrait = { width: 200, height: 300 };
  const sizes = (raw: Record<string, unknown>) => {
    const target = targetOf(parseUpscaleFlags(raw));
    return [landscape, portrait].map((source) => Object.values(targetSize(source, target, 4)).join('x'));
  };

  test.each([
    [{}, ['1200x800', '800x1200']],
    [{ scale: 1.5 }, ['450x300', '300x450']],
    [{ size: '1920x1080' }, ['1620x1080', '720x1080']],
    [{ size: '1920x' }, ['1920x1280', '1920x2880']],
    [{ size: 'x1080' }, ['1620x1080', '720x1080']],
    [{ shortSide: 1080 }, ['1620x1080', '1080x1620']],
    [{ size: '1x' }, ['1x1', '1x2']],
  ])('%j of 300x200 and 200x300 is %j', (raw, expected) => {
    expect(sizes(raw)).toEqual(expected);
  });

  test.each(['x', '', '0x', 'x0', '0x10', '10x0', '-1x', '5', '1.5x', '1920x1080x', '1920p', '1234567x'])(
    '--size %j is refused',
    (size) => {
      expect(() => sizes({ size })).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringContaining('--size') }),
      );
    },
  );

  test.each([0, -1, 1.5, 1e7, Number.NaN])('--short-side %d is refused', (shortSide) => {
    expect(() => sizes({ shortSide })).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('is exact on the side that was asked for, and at least one pixel', () => {
    const px = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(px, px, px, fc.constantFrom('width', 'height', 'short'), (width, height, length, side) => {
        const result = targetSize({ width, height }, { kind: 'side', side, px: length }, 4);
        const long = Math.min(result.width, result.height);
        expect({ ...result, short: long }[side]).toBe(length);
        expect(long).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

test('results are known by their names, whatever size was asked for', () => {
  const targets: Target[] = [
    { kind: 'native' },
    { kind: 'scale', scale: 1.5 },
    { kind: 'size', size: { width: 1920, height: 1080 } },
    ...(['width', 'height', 'short'] as const).map((side) => ({ kind: 'side', side, px: 1080 }) as const),
  ];
  for (const target of targets) {
    const path = outputPath({ kind: 'derived', folder: '/a', stem: 'photo', extension: '.png' }, target, 4);
    expect([path, isResultName(path)]).toEqual([path, true]);
  }
  expect(isResultName('/a/photo.png')).toBe(false);
});

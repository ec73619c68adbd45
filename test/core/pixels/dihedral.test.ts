import { describe, expect, test } from 'vitest';
import { addTransformed, readTransformed, TRANSFORMS, transformedSize } from '../../../src/core/pixels/dihedral.ts';

/** Two rows of three pixels. */
const PICTURE = { samples: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 3, channels: 1 };
const WHOLE = { x: 0, y: 0, width: 3, height: 2 };

describe('the eight transforms', () => {
  test.each([
    { transform: 0, rows: [1, 2, 3, 4, 5, 6] },
    { transform: 1, rows: [3, 2, 1, 6, 5, 4] },
    { transform: 2, rows: [4, 5, 6, 1, 2, 3] },
    { transform: 3, rows: [6, 5, 4, 3, 2, 1] },
    { transform: 4, rows: [1, 4, 2, 5, 3, 6] },
    { transform: 5, rows: [3, 6, 2, 5, 1, 4] },
    { transform: 6, rows: [4, 1, 5, 2, 6, 3] },
    { transform: 7, rows: [6, 3, 5, 2, 4, 1] },
  ] as const)('number $transform reads $rows', ({ transform, rows }) => {
    const target = new Uint8Array(6);
    readTransformed(target, PICTURE, WHOLE, transform, 1);
    expect([...target]).toEqual(rows);
  });

  test('are undone by adding where the samples came from', () => {
    const sum = { samples: new Uint32Array(6), width: 3, channels: 1 };
    for (const transform of TRANSFORMS) {
      const turned = new Uint16Array(6);
      readTransformed(turned, PICTURE, WHOLE, transform, 257);
      addTransformed(sum, { width: 3, height: 2 }, turned, transform);
    }
    expect([...sum.samples]).toEqual([...PICTURE.samples].map((level) => level * 257 * 8));
  });

  test('read a part of a picture, with its channels together', () => {
    const samples = Uint8Array.from({ length: 4 * 3 * 2 }, (_, index) => index);
    const target = new Uint8Array(8);
    readTransformed(target, { samples, width: 4, channels: 2 }, { x: 1, y: 1, width: 2, height: 2 }, 5, 1);
    expect(transformedSize({ width: 2, height: 7 }, 5)).toEqual({ width: 7, height: 2 });
    expect([...target]).toEqual([12, 13, 20, 21, 10, 11, 18, 19]);
  });
});

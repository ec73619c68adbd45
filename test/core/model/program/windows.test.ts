import { describe, expect, it } from 'vitest';
import { cutOverlapping } from '../../../../src/core/model/program/overlap.ts';
import { cutWindows, type WindowShape } from '../../../../src/core/model/program/windows.ts';
import { placesPicture, runBlock } from './run-blocks.ts';

const CASES: readonly (readonly [string, number, number, WindowShape, number | null])[] = [
  ['square', 8, 12, { height: 4, width: 4 }, null],
  ['shifted', 8, 12, { height: 4, width: 4, shift: [2, 2] }, null],
  ['one window, shifted', 4, 4, { height: 4, width: 4, shift: [2, 2] }, null],
  ['upright, shifted', 8, 8, { height: 4, width: 2, shift: [2, 1] }, null],
  ['spread over the picture', 8, 12, { height: 4, width: 4, order: 'spread' }, null],
  ['filled up', 5, 6, { height: 2, width: 4 }, 4],
  ['filled up and shifted', 5, 6, { height: 2, width: 4, shift: [1, 2] }, 4],
];

describe('windows over a picture', () => {
  it.each(CASES)('%s: hold the places that they should', async (_name, height, width, shape, multiple) => {
    const made = await runBlock(placesPicture(1, height, width), (layers, input) => {
      const windows = cutWindows(layers, layers.sizeOf(input), shape, multiple);
      return windows.split(layers.toPixels(input));
    });
    expect([...made.data]).toEqual(placesOf(height, width, shape, multiple).map(({ value }) => value));
  });

  it.each(CASES)('%s: are joined to the same picture', async (_name, height, width, shape, multiple) => {
    const picture = placesPicture(3, height, width);
    const made = await runBlock(picture, (layers, input) => {
      const windows = cutWindows(layers, layers.sizeOf(input), shape, multiple);
      return layers.toPlanes(windows.join(windows.split(layers.toPixels(input))));
    });
    expect(made.data).toEqual(picture.data);
  });

  it.each(CASES.filter(([, , , { shift }]) => shift !== undefined))(
    '%s: the mask keeps apart what the shift has brought together',
    async (_name, height, width, shape, multiple) => {
      const made = await runBlock(placesPicture(1, height, width), (layers, input) => ({
        step: cutWindows(layers, layers.sizeOf(input), shape, multiple).mask!,
      }));
      const tokens = shape.height * shape.width;
      const places = placesOf(height, width, shape, multiple);
      expect(made.shape).toEqual([places.length / tokens, 1, tokens, tokens]);
      const expected = places.flatMap((query, index) => {
        const start = Math.floor(index / tokens) * tokens;
        return places.slice(start, start + tokens).map(({ end }) => (end === query.end ? 0 : -100));
      });
      expect([...made.data]).toEqual(expected);
    },
  );

  it('that overlap hold zeros outside of the picture', async () => {
    const [height, width, inner, outer] = [4, 6, 2, 4];
    const made = await runBlock(placesPicture(1, height, width), (layers, input) =>
      cutOverlapping(layers, layers.sizeOf(input), inner, outer)(layers.toPixels(input)),
    );
    const expected: number[] = [];
    for (let top = -1; top < height - 1; top += inner) {
      for (let left = -1; left < width - 1; left += inner) {
        for (let place = 0; place < outer ** 2; place++) {
          const [y, x] = [top + Math.floor(place / outer), left + (place % outer)];
          expected.push(y < 0 || x < 0 || y >= height || x >= width ? 0 : y * 100 + x);
        }
      }
    }
    expect([...made.data]).toEqual(expected);
  });
});

/** By torch's way: fill up, roll, cut. `end` tells which end of the picture a place is of. */
function placesOf(
  height: number,
  width: number,
  { height: h, width: w, shift = [0, 0], order = 'block' }: WindowShape,
  multiple: number | null,
): { value: number; end: string }[] {
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / (multiple ?? 1)) * (multiple ?? 1));
  const [down, right] = [rows! / h, columns! / w];
  const places: { value: number; end: string }[] = [];
  for (let window = 0; window < down * right; window++) {
    const [windowY, windowX] = [Math.floor(window / right), window % right];
    for (let token = 0; token < h * w; token++) {
      const [tokenY, tokenX] = [Math.floor(token / w), token % w];
      const [rolledY, rolledX] =
        order === 'block'
          ? [windowY * h + tokenY, windowX * w + tokenX]
          : [tokenY * down + windowY, tokenX * right + windowX];
      const [y, x] = [(rolledY + shift[0]) % rows!, (rolledX + shift[1]) % columns!];
      const value = y < height && x < width ? y * 100 + x : 0;
      places.push({ value, end: `${y < shift[0]} ${x < shift[1]}` });
    }
  }
  return places;
}

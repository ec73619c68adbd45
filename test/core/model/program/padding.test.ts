import { expect, it } from 'vitest';
import { cropToSize, padToMultiple } from '../../../../src/core/model/program/padding.ts';
import { placesPicture, runBlock } from './run-blocks.ts';

it.each([
  ['a multiple', 8, 4, 4, 1],
  ['some missing', 5, 7, 4, 1],
  ['more missing than there is', 1, 2, 8, 1],
  ['less than the least', 3, 5, 4, 12],
])('%s is filled up by reflection and by zeros, and cropped again', async (_name, height, width, multiple, least) => {
  const picture = placesPicture(3, height, width);
  const [rows, columns] = [height, width].map((side) => Math.ceil(Math.max(side, least) / multiple) * multiple);
  for (const mode of ['reflect', 'symmetric', 'zeros'] as const) {
    const padded = await runBlock(picture, (layers, input) => padToMultiple(layers, input, multiple, mode, least));
    expect(padded.shape).toEqual([1, 3, rows, columns]);
    padded.data.forEach((value, index) => {
      const [y, x] = [Math.floor(index / columns!) % rows!, index % columns!];
      const isInside = y < height && x < width;
      const place = reflect(y, height, mode) * 100 + reflect(x, width, mode);
      const channel = Math.floor(index / (rows! * columns!));
      expect(value).toBe(mode === 'zeros' && !isInside ? 0 : channel * 10_000 + place);
    });
  }
  const same = await runBlock(picture, (layers, input) => {
    const padded = padToMultiple(layers, input, multiple, 'reflect', least);
    return cropToSize(layers, padded, layers.sizeOf(input), 1);
  });
  expect(same.data).toEqual(picture.data);
});

/** Walks to and fro between the ends, on which it stays for one more step only if they are repeated. */
function reflect(steps: number, length: number, mode: string): number {
  let [place, direction] = [0, 1];
  for (let step = 0; step < steps && length > 1; step++) {
    const isEnd = place + direction < 0 || place + direction >= length;
    if (isEnd) direction = -direction;
    if (!isEnd || mode !== 'symmetric') place += direction;
  }
  return place;
}

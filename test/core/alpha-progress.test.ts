import { expect, test } from 'vitest';
import { openPicture } from '../../src/core/codec/index.ts';
import type { TaskEvent } from '../../src/core/events.ts';
import type { Raster } from '../../src/core/pixels/raster.ts';
import { cutRows } from '../../src/core/pixels/rows.ts';
import { upscaleImageFile } from '../../src/core/still/upscale-image.ts';
import { upscalePage } from '../../src/core/still/upscale-page.ts';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';
import { imageRequest } from '../support/image-request.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';
import { makeFolder, makeNoise, write } from './codec/pictures.ts';

const folder = makeFolder();
const { signal } = new AbortController();

/** By bands of 8 rows, as large pictures are. */
function bandedUpscaler(): Upscaler {
  const whole = nearestUpscaler(2);
  return {
    ...whole,
    countTiles: ({ height }) => height / 8,
    bandsOf: ({ height }) => new Array(height / 8).fill(8),
    async *upscaleBands(source: Raster, options) {
      for (let y = 0; y < source.height; y += 8) {
        yield await whole.upscale(cutRows(source, y, y + 8), options);
      }
    },
  };
}

const flat = { ...makeNoise(16, 32, 1, 1), data: new Uint8Array(16 * 32).fill(90) };
const cases = [
  { name: 'none', alpha: null, method: 'network', passes: 1 },
  { name: 'of all values', alpha: makeNoise(16, 32, 1, 1), method: 'network', passes: 2 },
  { name: 'flat', alpha: flat, method: 'network', passes: 1 },
  { name: 'by Lanczos', alpha: makeNoise(16, 32, 1, 1), method: 'lanczos', passes: 1 },
] as const;

test.each(cases)(
  'with alpha $name, work is done when it is told so, and never before',
  async ({ name, alpha, method, passes }) => {
    const input = folder.path(`${name}.png`);
    await write(input, makeNoise(16, 32, 3, 1), alpha);
    const output = folder.path(`${name}.out.png`);
    const request = imageRequest(input, output, { alpha: method });
    const events: TaskEvent[] = [];
    const onEvent = (event: TaskEvent) => void events.push(event);
    await upscaleImageFile(request, { upscaler: bandedUpscaler(), model: 'nearest', making: null, signal, onEvent });
    const told = events.flatMap((event) => (event.type === 'progress' ? [event] : []));
    const shares = told.map((event) => event.outputPixelsDone / event.outputPixelsTotal!);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(told.filter(({ stage }) => stage !== 'publish').every((_, index) => shares[index]! < 1)).toBe(true);
    expect(told.at(-1)).toMatchObject({
      ...{ outputPixelsDone: passes * 32 * 64, outputPixelsTotal: passes * 32 * 64, tilesDone: 4 },
    });
  },
);

test('colour and alpha advance together, and a tile counts when both are done', async () => {
  const { colour, alpha } = await (
    await openPicture(folder.path('of all values.png'), { maxInputMegapixels: 1 })
  ).readPage(0);
  const [work, tiles, passes]: [number[], number[], number[]] = [[], [], []];
  const context = { upscaler: bandedUpscaler(), signal, onPasses: (count: number) => passes.push(count) };
  const onTile = (pixels: number, done: number) => [work.push(pixels), tiles.push(done)];
  const bands = [];
  for await (const _ of upscalePage({ colour, alpha }, { ...context, onTile })) bands.push([...tiles]);
  expect(passes).toEqual([2]);
  expect(work).toEqual(new Array(8).fill(32 * 16));
  // Each band of colour is followed by its alpha: at half the picture, half the work is done.
  expect(bands[1]).toEqual([0, 1, 0, 1]);
});

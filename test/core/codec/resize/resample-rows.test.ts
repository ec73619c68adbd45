import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resamplePixels } from '../../../../src/core/codec/index.ts';
import { resampleRows } from '../../../../src/core/codec/resize/resample-rows.ts';
import { samplesOf } from '../../../../src/core/pixels/raster.ts';
import { makeNoise } from '../pictures.ts';

const sides = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
const layouts = fc.record({ bands: fc.constantFrom(2, 4), bytesPerSample: fc.constantFrom(1 as const, 2 as const) });

/** Rows of some at a time. */
async function* inBlocks(data: Uint8Array, rowBytes: number, rows: number) {
  for (let at = 0; at < data.length; at += rows * rowBytes) yield data.subarray(at, at + rows * rowBytes);
}

async function resampled(
  data: Uint8Array,
  layout: { bands: number; bytesPerSample: 1 | 2; alpha: boolean },
  from: Size,
  to: Size,
) {
  const rowBytes = from.width * layout.bands * layout.bytesPerSample;
  const rows = [];
  for await (const row of resampleRows(inBlocks(data, rowBytes, 3), layout, from, to)) rows.push(row);
  expect(rows).toHaveLength(to.height);
  return samplesOf({ data: new Uint8Array(Buffer.concat(rows)), bytesPerSample: layout.bytesPerSample });
}

type Size = { readonly width: number; readonly height: number };

test('one colour stays that colour wherever anything shows, whatever the outlines and sizes', async () => {
  await fc.assert(
    fc.asyncProperty(sides, sides, layouts, async (from, to, layout) => {
      const { bands, bytesPerSample } = layout;
      const { data } = makeNoise(from.width * bands, from.height, 1, bytesPerSample);
      const source = samplesOf({ data, bytesPerSample });
      const [top, colour] = bytesPerSample === 1 ? [255, [230, 120, 40]] : [65_535, [60_001, 30_002, 203]];
      for (let at = 0; at < source.length; at += bands) {
        for (let band = 0; band < bands - 1; band++) source[at + band] = colour[band]!;
        // Hard outlines, where filters overshoot, and faint ones.
        if (at % 3 !== 0) source[at + bands - 1] = source[at + bands - 1]! > top / 2 ? top : 0;
      }
      const found = await resampled(data, { ...layout, alpha: true }, from, to);
      for (let at = 0; at < found.length; at += bands) {
        if (found[at + bands - 1]! > 0)
          expect([...found.subarray(at, at + bands - 1)]).toEqual(colour.slice(0, bands - 1));
      }
    }),
    { numRuns: 60 },
  );
});

test('opaque pixels that shrink get what libvips makes of them, to two levels', async () => {
  const larger = fc.integer({ min: 24, max: 40 });
  const smaller = fc.integer({ min: 12, max: 24 });
  const layout = { bands: 3, bytesPerSample: 1, alpha: false } as const;
  await fc.assert(
    fc.asyncProperty(larger, larger, smaller, smaller, async (width, height, ...[toWidth, toHeight]) => {
      const [from, to] = [
        { width, height },
        { width: toWidth, height: toHeight },
      ];
      // Far from black and white, at which libvips clips after each direction.
      const data = makeNoise(from.width * 3, from.height, 1, 1).data.map((level) => 96 + level / 4);
      const own = await resampled(data, layout, from, to);
      const theirs = await resamplePixels(data, from, layout, to);
      expect(Math.max(...own.map((sample, at) => Math.abs(sample - theirs[at]!)))).toBeLessThanOrEqual(2);
    }),
    { numRuns: 40 },
  );
});

test('a slope stays in its place, at any larger size', async () => {
  const layout = { bands: 1, bytesPerSample: 2, alpha: false } as const;
  const from = { width: 20, height: 1 };
  const data = new Uint8Array(Uint16Array.from({ length: 20 }, (_, x) => 1000 * x).buffer);
  for (const width of [20, 21, 30, 40, 57, 80]) {
    const to = { width, height: 3 };
    const sloped = samplesOf({ data: await resamplePixels(data, from, layout, to), bytesPerSample: 2 });
    for (let x = 0; x < width; x++) {
      const place = ((x + 0.5) * 20) / width - 0.5;
      // At the ends the slope does not go on.
      if (place >= 1 && place <= 18) expect(Math.abs(sloped[x]! - 1000 * place)).toBeLessThanOrEqual(0.5 + 1e-6);
    }
  }
});

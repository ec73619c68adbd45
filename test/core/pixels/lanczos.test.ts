import fc from 'fast-check';
import { expect, test } from 'vitest';
import { enlargeByLanczos } from '../../../src/core/pixels/lanczos.ts';
import { makeRaster, type Raster } from '../../../src/core/pixels/raster.ts';

const EIGHT = { channels: 1, bytesPerSample: 1 } as const;

async function enlarge(source: Raster, scale: number, bands: readonly number[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const band of enlargeByLanczos(source, scale, bands)) {
    expect(band).toMatchObject({ width: source.width * scale, bytesPerSample: source.bytesPerSample });
    parts.push(band.data);
  }
  return Buffer.concat(parts);
}

function rasterOf(width: number, height: number, level: (x: number, y: number) => number): Raster {
  const raster = makeRaster(width, height, EIGHT);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = level(i % width, Math.floor(i / width));
  return raster;
}

test('gives, by any bands, what the textbook’s double sum gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 1e6 }),
      async (width, height, scale, seed) => {
        const source = rasterOf(width, height, (x, y) => (Math.imul(seed + x + y * 31, 2654435761) >>> 24) & 255);
        const whole = await enlarge(source, scale, [height]);
        expect(await enlarge(source, scale, new Array<number>(height).fill(1))).toEqual(whole);
        const expected = bySum(source, scale);
        whole.forEach((level, index) => {
          expect(Math.abs(level - expected[index]!)).toBeLessThanOrEqual(0.5 + 1e-6);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('keeps flat areas exactly, and overshoots beside an edge without wrapping around', async () => {
  const flat = rasterOf(7, 5, () => 201);
  expect(new Set(await enlarge(flat, 4, [2, 3]))).toEqual(new Set([201]));
  const edge = rasterOf(12, 1, (x) => (x < 6 ? 0 : 255));
  const wide = [...(await enlarge(edge, 4, [1]))].slice(0, 48);
  expect(wide.slice(0, 20).every((level) => level < 40)).toBe(true);
  expect(wide.slice(28).every((level) => level > 215)).toBe(true);
});

test('takes 16 bits', async () => {
  const deep = makeRaster(3, 3, { channels: 1, bytesPerSample: 2 });
  new Uint16Array(deep.data.buffer).fill(54_321);
  const data = await enlarge(deep, 2, [3]);
  expect(new Set(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2))).toEqual(new Set([54_321]));
});

/** Lanczos with three lobes in both directions at once, borders repeated, weights normalised, clamped. */
function bySum({ width, height, data }: Raster, scale: number): number[] {
  const kernel = (x: number) =>
    x === 0 ? 1 : Math.abs(x) >= 3 ? 0 : (3 * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / 3)) / (Math.PI * x) ** 2;
  const result: number[] = [];
  for (let Y = 0; Y < height * scale; Y++) {
    for (let X = 0; X < width * scale; X++) {
      const [cx, cy] = [(X + 0.5) / scale - 0.5, (Y + 0.5) / scale - 0.5];
      let [sum, weights] = [0, 0];
      for (let y = Math.floor(cy) - 3; y <= cy + 4; y++) {
        for (let x = Math.floor(cx) - 3; x <= cx + 4; x++) {
          const weight = kernel(cx - x) * kernel(cy - y);
          const [inX, inY] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
          sum += weight * data[inY * width + inX]!;
          weights += weight;
        }
      }
      result.push(Math.min(255, Math.max(0, sum / weights)));
    }
  }
  return result;
}

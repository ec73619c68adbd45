import { expect, test } from 'vitest';
import { makeRaster, type Raster } from '../../src/core/pixels/raster.ts';
import { cropInto } from '../../src/core/pixels/rows.ts';
import { niqeOf } from '../../src/eval/niqe/niqe.ts';
import { seededRandom } from '../core/model/writers/random-networks.ts';
import { boxBlurred, deadLeaves } from '../support/dead-leaves.ts';

const WHOLE = { border: 0, luma: 'rounded' } as const;
const leaves = deadLeaves(300, 200, 2);

// What BasicSR's calculate_niqe gives for these pictures, reckoned in float64 and with exact zeros where samples are
// all alike (docs/measuring.md).
test.each([
  ['gray', deadLeaves(200, 200, 1), 0, 7.227419351183475],
  ['gray, blocks and a rest', leaves, 0, 7.812499029799482],
  ['border left out', leaves, 4, 7.448672715436588],
  ['RGB', withChannels(leaves, 3), 0, 7.181741611366425],
  ['16 bits', deep(leaves), 0, 7.812499029799482],
])('is what the published program gives: %s', async (_, picture, border, expected) => {
  expect(await niqeOf(picture, { ...WHOLE, border })).toBeCloseTo(expected, 8);
});

test('rises with blur, and with noise', async () => {
  const worse = (pictures: readonly Raster[]) => Promise.all(pictures.map((picture) => niqeOf(picture, WHOLE)));
  for (const pictures of [
    [leaves, ...[1, 2, 3].map((reach) => boxBlurred(leaves, reach))],
    [leaves, ...[10, 20, 40, 80].map((amount) => noisy(leaves, amount))],
  ]) {
    const scores = (await worse(pictures)).map(Number);
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
    expect(scores.at(-1)! - scores[0]!).toBeGreaterThan(1);
  }
});

test('of a part is that of the part cut out, to the last bit', async () => {
  const inside = makeRaster(192, 192, leaves);
  cropInto(inside.data, leaves, { x: 4, y: 4, width: 192, height: 192 });
  const part = makeRaster(200, 200, leaves);
  cropInto(part.data, leaves, { x: 0, y: 0, width: 200, height: 200 });
  expect(await niqeOf(part, { ...WHOLE, border: 4 })).toBe(await niqeOf(inside, WHOLE));
});

test.each([
  ['96 x 96 pixels', 96, 96, 0, true],
  ['one less', 96, 95, 0, false],
  ['inside the border', 104, 104, 4, true],
  ['one less inside it', 104, 104, 5, false],
])('takes a block of 96 x 96 pixels: %s', async (_, width, height, border, isThere) => {
  expect((await niqeOf(deadLeaves(width, height), { ...WHOLE, border })) !== null).toBe(isThere);
});

test('of a flat picture there is none', async () => {
  const flat = makeRaster(192, 96, { channels: 3, bytesPerSample: 1 });
  flat.data.fill(200);
  expect(await niqeOf(flat, WHOLE)).toBeNull();
});

function withChannels(picture: Raster, channels: 3): Raster {
  const { width, height, data } = picture;
  const raster = makeRaster(width, height, { channels, bytesPerSample: 1 });
  for (const at of raster.data.keys()) raster.data[at] = data[Math.floor(at / channels)]!;
  return raster;
}

function deep({ width, height, data }: Raster): Raster {
  const samples = Uint16Array.from(data, (level) => level * 257);
  return { width, height, channels: 1, bytesPerSample: 2, data: new Uint8Array(samples.buffer) };
}

function noisy(picture: Raster, amount: number): Raster {
  const random = seededRandom(7);
  const data = picture.data.map((level) => {
    const stray = (amount * (random() + random() + random())) / 2;
    return Math.min(255, Math.max(0, Math.round(level + stray)));
  });
  return { ...picture, data };
}

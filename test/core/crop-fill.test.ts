import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createPicture, type DecodedPicture, NO_METADATA, openPicture } from '../../src/core/codec/index.ts';
import type { Size } from '../../src/core/pixels/geometry.ts';
import type { Raster } from '../../src/core/pixels/raster.ts';
import type { ImageRequest } from '../../src/core/still/image-request.ts';
import { upscaleImageFile } from '../../src/core/still/upscale-image.ts';
import { imageRequest } from '../support/image-request.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';
import { makeFolder, makeNoise, planFor, samplesOf, write } from './codec/pictures.ts';

const folder = makeFolder();

/** By a network that makes two by two of every pixel; at that scale each sample can be told. */
async function upscaled(input: string, changes: Partial<ImageRequest>, extension = 'png'): Promise<DecodedPicture[]> {
  const output = folder.path(`out-${names++}.${extension}`);
  const request = imageRequest(input, output, { lossless: true, ...changes });
  const { signal } = new AbortController();
  const { width, height } = await upscaleImageFile(request, {
    ...{ upscaler: nearestUpscaler(2), model: 'nearest', making: null, signal, onEvent: () => {} },
  });
  const pages: DecodedPicture[] = [];
  for await (const page of (await openPicture(output, { maxInputMegapixels: 1 })).pages()) pages.push(page);
  expect(pages[0]).toMatchObject({ width, height });
  return pages;
}
let names = 0;

/** Samples of a raster twice as large, read through `at`: source pixels of the result's pixels; null: padding. */
function samplesAt(source: Raster, size: Size, at: (x: number, y: number) => [number, number] | null): number[] {
  const samples = samplesOf(source);
  const { width, channels } = source;
  return Array.from({ length: size.width * size.height * channels }, (_, index) => {
    const pixel = Math.floor(index / channels);
    const from = at(pixel % size.width, Math.floor(pixel / size.width));
    return from === null ? 0 : samples[(from[1] * width + from[0]) * channels + (index % channels)]!;
  });
}

/** Under what is not seen at all, colours are filled in. */
function seen(alpha: Raster): Raster {
  const samples = alpha.bytesPerSample === 2 ? new Uint16Array(alpha.data.buffer) : alpha.data;
  samples.set(samples.map((sample) => Math.max(1, sample)));
  return alpha;
}

const half = (value: number): number => Math.floor(value / 2);

describe.each(
  ([1, 3] as const).flatMap((channels) =>
    ([1, 2] as const).flatMap((bytes) => [false, true].map((withAlpha) => [channels, bytes, withAlpha] as const)),
  ),
)('a picture of %d channels, %d bytes a sample, alpha %s', (channels, bytes, withAlpha) => {
  const make = async () => {
    const input = folder.path(`in-${names++}.png`);
    const colour = makeNoise(20, 12, channels, bytes);
    const alpha = withAlpha ? seen(makeNoise(20, 12, 1, bytes)) : null;
    await write(input, colour, alpha);
    return { input, colour, alpha };
  };

  test('is cut to the part that --crop names, sample for sample', async () => {
    const { input, colour, alpha } = await make();
    const [result] = await upscaled(input, { crop: { x: 3, y: 2, width: 9, height: 7 } });
    const at = (x: number, y: number): [number, number] => [half(x) + 3, half(y) + 2];
    expect(result).toMatchObject({ width: 18, height: 14, colour: { bytesPerSample: bytes, channels } });
    expect(samplesOf(result!.colour)).toEqual(samplesAt(colour, { width: 18, height: 14 }, at));
    if (alpha === null) expect(result!.alpha).toBeNull();
    else expect(samplesOf(result!.alpha!)).toEqual(samplesAt(alpha, { width: 18, height: 14 }, at));
  });

  test.each([
    // Twice the size without a resampling: rows are added or cut off above and below.
    ['pad', { width: 40, height: 31 }, 3],
    ['crop', { width: 40, height: 17 }, -3],
    ['pad', { width: 45, height: 24 }, 0],
    ['crop', { width: 33, height: 24 }, 0],
  ] as const)('is brought into a box by %s of %j', async (fill, size, top) => {
    const { input, colour, alpha } = await make();
    const left = { 40: 0, 45: 2, 33: -3 }[size.width];
    const [result] = await upscaled(input, { fill, target: { kind: 'size', size } });
    const at = (x: number, y: number): [number, number] | null =>
      x < left || y < top || x >= left + 40 || y >= top + 24 ? null : [half(x - left), half(y - top)];
    expect(result).toMatchObject(size);
    // Where nothing covers anything, colour means nothing, and libvips leaves it out.
    if (alpha === null) expect(samplesOf(result!.colour)).toEqual(samplesAt(colour, size, at));
    else expect(samplesOf(result!.alpha!)).toEqual(samplesAt(alpha, size, at));
  });

  test('is deformed by stretch', async () => {
    const { input } = await make();
    const [result] = await upscaled(input, {
      fill: 'stretch',
      target: { kind: 'size', size: { width: 10, height: 30 } },
    });
    expect(result).toMatchObject({ width: 10, height: 30 });
  });
});

test('an opaque picture is padded in black, one that is flattened in its colour', async () => {
  const input = folder.path('clear.png');
  await write(input, makeNoise(4, 4, 3, 1), makeNoise(4, 4, 1, 1));
  const box = { fill: 'pad', target: { kind: 'size', size: { width: 12, height: 8 } } } as const;
  const [flat] = await upscaled(input, { ...box, flatten: '#102030' });
  expect(flat!.alpha).toBeNull();
  expect(samplesOf(flat!.colour).slice(0, 3)).toEqual([0x10, 0x20, 0x30]);
  const [clear] = await upscaled(input, box);
  expect(samplesOf(clear!.alpha!).slice(0, 2)).toEqual([0, 0]);
});

test('--crop counts in the upright picture', async () => {
  const input = folder.path('turned.png');
  const noise = makeNoise(20, 12, 3, 1);
  await sharp(noise.data, { raw: { width: 20, height: 12, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(input);
  const [result] = await upscaled(input, { crop: { x: 2, y: 5, width: 3, height: 4 } });
  // Turned clockwise, its column x is row 11 - x of the file.
  const at = (x: number, y: number): [number, number] => [half(y) + 5, 11 - (half(x) + 2)];
  expect(samplesOf(result!.colour)).toEqual(samplesAt(noise, { width: 6, height: 8 }, at));
});

test('every page of an animation is cut and filled alike', async () => {
  const input = folder.path('pages.webp');
  const pages = [1, 2, 3].map(() => makeNoise(10, 8, 3, 1));
  const sizes = pages.map(({ width, height }) => ({ width, height, resizeTo: null }));
  const metadata = { ...NO_METADATA, delaysMs: [40, 80, 120] };
  const plan = planFor(pages[0]!, null, { format: 'webp', lossless: true, pages: sizes, metadata });
  const sink = await createPicture(input, plan);
  for (const colour of pages) await sink.writeRows({ colour, alpha: null });
  await sink.finish();
  const crop = { x: 1, y: 2, width: 8, height: 5 };
  const at = (x: number, y: number): [number, number] => [half(x) + 1, half(y) + 2];
  const cut = await upscaled(input, { crop }, 'webp');
  expect(cut.map(({ colour }) => samplesOf(colour))).toEqual(
    pages.map((page) => samplesAt(page, { width: 16, height: 10 }, at)),
  );
  const size = { width: 16, height: 14 };
  const padded = await upscaled(input, { crop, fill: 'pad', target: { kind: 'size', size } }, 'webp');
  expect(padded.map(({ colour }) => samplesOf(colour))).toEqual(
    pages.map((page) => samplesAt(page, size, (x, y) => (y < 2 || y >= 12 ? null : at(x, y - 2)))),
  );
  const narrow = { width: 10, height: 10 };
  const covered = await upscaled(input, { crop, fill: 'crop', target: { kind: 'size', size: narrow } }, 'webp');
  expect(covered.map(({ colour }) => samplesOf(colour))).toEqual(
    pages.map((page) => samplesAt(page, narrow, (x, y) => at(x + 3, y))),
  );
});

test.each([
  { x: 10, y: 0, width: 11, height: 1 },
  { x: 0, y: 12, width: 1, height: 1 },
  { x: -1, y: 0, width: 5, height: 5 },
  { x: 0, y: 0, width: 0, height: 5 },
  { x: 0.5, y: 0, width: 5, height: 5 },
])('a part that the picture does not have is refused: %j', async (crop) => {
  const input = folder.path('small.png');
  await write(input, makeNoise(20, 12, 3, 1), null, { overwrite: true });
  await expect(upscaled(input, { crop })).rejects.toMatchObject({ code: 'usage', hint: /20x12 pixels, upright/ });
});

test.each(['webp', 'avif', 'png', 'tiff'])('--lossless %s keeps every sample', async (extension) => {
  const input = folder.path(`for-${extension}.png`);
  const noise = makeNoise(16, 16, 3, 1);
  await write(input, noise, null);
  const [result] = await upscaled(input, {}, extension);
  const at = (x: number, y: number): [number, number] => [half(x), half(y)];
  expect(samplesOf(result!.colour)).toEqual(samplesAt(noise, { width: 32, height: 32 }, at));
});

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openPicture } from '../../../src/core/codec/index.ts';
import type { Raster } from '../../../src/core/pixels/raster.ts';
import { filterPage, passedOverIn } from '../../../src/core/still/filter-picture.ts';
import type { ImageRequest } from '../../../src/core/still/image-request.ts';
import { upscaleImageFile } from '../../../src/core/still/upscale-image.ts';
import { pictureFilters, problemOfFilters } from '../../../src/core/still/user-filters.ts';
import { imageRequest } from '../../support/image-request.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { maxDifference, samplesOf, testPicture } from '../../support/rasters.ts';
import { makeFolder, makeNoise } from '../codec/pictures.ts';

const folder = makeFolder();
const { signal } = new AbortController();

const copyOf = <R extends Raster | null>(raster: R): R => raster && { ...raster, data: raster.data.slice() };

describe.each(
  ([1, 3] as const).flatMap((channels) => ([1, 2] as const).map((bytesPerSample) => ({ channels, bytesPerSample }))),
)('a page of %j', (format) => {
  const level = format.bytesPerSample === 1 ? 1 : 257;

  // The first runs at 12 or 16 bits, the second at 8.
  test.each(['vflip,vflip', 'hue=h=0'])('is the same to the bit after %s', async (filters) => {
    const colour = makeNoise(37, 21, format.channels, format.bytesPerSample);
    const alpha = makeNoise(37, 21, 1, format.bytesPerSample);
    samplesOf(alpha).forEach((sample, at, all) => {
      all[at] = Math.max(1, sample);
    });
    const page = { colour: copyOf(colour), alpha: copyOf(alpha) };
    await filterPage(page, filters, signal);
    expect(maxDifference(page.colour, colour)).toBe(0);
    expect(maxDifference(page.alpha, alpha)).toBe(0);
  });

  test('is turned over with its transparency', async () => {
    const colour = testPicture(19, 10, format);
    const alpha = testPicture(19, 10, { ...format, channels: 1 }, 2);
    const page = { colour: copyOf(colour), alpha: copyOf(alpha) };
    await filterPage(page, 'hflip,median=radius=1:planes=0', signal);
    expect(maxDifference(page.colour, mirrored(colour))).toBeLessThan(level);
    expect(maxDifference(page.alpha, mirrored(alpha))).toBe(0);
  });

  test.each(['median', 'median,nlmeans=s=1'])('loses its dust by %s, but keeps its alpha', async (filters) => {
    const colour = flat(24, 24, format, 90 * level);
    const alpha = testPicture(24, 24, { ...format, channels: 1 });
    const page = { colour: copyOf(colour), alpha: copyOf(alpha) };
    samplesOf(page.colour).fill(250 * level, 300 * format.channels, 301 * format.channels);
    await filterPage(page, filters, signal);
    expect(maxDifference(page.colour, colour)).toBeLessThanOrEqual(level);
    expect(maxDifference(page.alpha, alpha)).toBe(0);
  });
});

test('what lies under transparent pixels does not come out beside them', async () => {
  const colour = flat(40, 20, { channels: 3, bytesPerSample: 1 }, 0);
  const alpha = flat(40, 20, { channels: 1, bytesPerSample: 1 }, 0);
  for (let pixel = 0; pixel < 800; pixel++) {
    if (pixel % 40 < 20) continue;
    colour.data.fill(200, 3 * pixel, 3 * pixel + 3);
    alpha.data[pixel] = 255;
  }
  await filterPage({ colour, alpha }, 'gblur=sigma=3', signal);
  for (let pixel = 20; pixel < 800; pixel += 40) expect(colour.data[3 * pixel]).toBeGreaterThan(195);
});

test.each([
  ['nlmeans=strongly=1', /^ffmpeg does not take --pre "nlmeans=strongly=1": .*strongly/],
  ['hqdn3d=abc', /^ffmpeg does not take --pre/],
])('%s is an error of whoever asked for it', async (filters, message) => {
  const colour = testPicture(16, 16);
  await expect(filterPage({ colour, alpha: null }, filters, signal)).rejects.toMatchObject({
    ...{ code: 'usage', message: expect.stringMatching(message) },
  });
  expect(maxDifference(colour, testPicture(16, 16))).toBe(0);
});

test('an abort is told as itself', async () => {
  const page = { colour: testPicture(8, 8), alpha: null };
  await expect(filterPage(page, 'median', AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});

test('filters that compare frames are passed over, and what is left is told apart', () => {
  expect(pictureFilters('deflicker=size=5,hflip,hqdn3d=2')).toEqual({
    ...{ chain: 'hflip,hqdn3d=2', alphaChain: 'hflip', passedOver: ['deflicker'] },
  });
  expect(pictureFilters('dedot,atadenoise')).toMatchObject({ chain: null, passedOver: ['dedot', 'atadenoise'] });
  expect(passedOverIn('deflicker,median')).toEqual(['deflicker compares frames: pictures are made without it.']);
  expect(passedOverIn(null)).toEqual([]);
});

test.each(['scale=2:2', 'crop=4:4', 'transpose', 'pad=9', 'movie=x', 'zoompan', 'rotate=1'])(
  '%s, which changes the size or opens a file, is none of the filters',
  (filter) => expect(problemOfFilters(filter, 'before')).toMatch(/is not one of/),
);

test('a file goes through them frame by frame, and keeps its profile and its EXIF', async () => {
  const gif = await sharp(Buffer.from([...dotted(0), ...dotted(5)]), {
    ...{ raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } },
  })
    .gif({ delay: [100, 100] })
    .toFile(folder.path('dots.gif'));
  expect(gif.pages).toBe(2);
  const [first, second, ...more] = await made(folder.path('dots.gif'), { format: 'apng', pre: 'median' });
  expect(more).toEqual([]);
  for (const page of [first!, second!]) expect(new Set(page.colour.data)).toEqual(new Set([100]));

  const photo = folder.path('photo.jpg');
  const raw = { width: 16, height: 16, channels: 3 } as const;
  await sharp(testPicture(16, 16).data, { raw })
    .withExif({ IFD0: { Artist: 'somebody' } })
    .withIccProfile('p3')
    .toFile(photo);
  const [page] = await made(photo, { pre: 'nlmeans=s=2' });
  const { icc, exif } = await sharp(photo).metadata();
  const result = await sharp(output).metadata();
  expect([result.icc?.equals(icc!), result.exif?.includes('somebody')]).toEqual([true, exif!.includes('somebody')]);
  expect(page).toMatchObject({ width: 32, height: 32 });
});

let output = '';

async function made(input: string, changes: Partial<ImageRequest>) {
  output = folder.path('made.png');
  const request = imageRequest(input, output, { overwrite: true, lossless: true, ...changes });
  const context = { upscaler: nearestUpscaler(2), model: 'nearest', making: null, signal, onEvent: () => {} };
  await upscaleImageFile(request, context);
  const pages = [];
  for await (const page of (await openPicture(output, { maxInputMegapixels: 1 })).pages()) pages.push(page);
  return pages;
}

/** Eight by eight gray pixels, and one that is white. */
function dotted(row: number): Uint8Array {
  const pixels = new Uint8Array(8 * 8 * 3).fill(100);
  return pixels.fill(255, (row * 8 + 3) * 3, (row * 8 + 4) * 3);
}

function flat(
  width: number,
  height: number,
  format: Pick<Raster, 'channels' | 'bytesPerSample'>,
  level: number,
): Raster {
  const raster = { ...testPicture(width, height, format) };
  samplesOf(raster).fill(level);
  return raster;
}

function mirrored(raster: Raster): Raster {
  const result = copyOf(raster);
  const { width, channels } = raster;
  const [from, to] = [samplesOf(raster), samplesOf(result)];
  for (let at = 0; at < from.length; at++) {
    const [pixel, channel] = [Math.floor(at / channels), at % channels];
    const x = pixel % width;
    to[(pixel - x + width - 1 - x) * channels + channel] = from[at]!;
  }
  return result;
}

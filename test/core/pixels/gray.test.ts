import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PICTURE_LIMITS, openPicture } from '../../../src/core/codec/index.ts';
import { type GrayMode, graynessOf } from '../../../src/core/pixels/gray.ts';
import { makeRaster, type Raster } from '../../../src/core/pixels/raster.ts';
import { upscalePage } from '../../../src/core/still/upscale-page.ts';
import { grayUpscaler } from '../../../src/core/upscaler/gray-upscaler.ts';
import { temporaryFolder } from '../../support/clips.ts';
import { fromDist } from '../../support/dist.ts';
import { modelOf } from '../../support/random-model.ts';
import { maxDifference, samplesOf, stackBands, testPicture } from '../../support/rasters.ts';
import { randomCompact } from '../model/writers/random-networks.ts';

const { openUpscaler } = await fromDist<typeof import('../../../src/core/upscaler/open-upscaler.ts')>(
  'core/upscaler/open-upscaler.js',
);

const folder = temporaryFolder();
const [WIDTH, HEIGHT] = [72, 56];
const OPTIONS = {
  device: 'cpu' as const,
  ...{ tilePx: 40, haloPx: 7, featherPx: 0, sessions: 1, threadsPerSession: 1 },
  ...{ gpus: [], ensemble: false, rerunBlank: true },
};

/** Gray, plus what `stray` gives for a channel of a pixel. */
function grayPicture(stray: (pixel: number, channel: number) => number = () => 0, bytesPerSample: 1 | 2 = 1): Raster {
  const gray = testPicture(WIDTH, HEIGHT, { channels: 1, bytesPerSample });
  const picture = makeRaster(WIDTH, HEIGHT, { channels: 3, bytesPerSample });
  const unit = bytesPerSample === 1 ? 1 : 257;
  samplesOf(picture).forEach((_, at, samples) => {
    const level = samplesOf(gray)[Math.floor(at / 3)]!;
    samples[at] = level + Math.round(stray(Math.floor(at / 3), at % 3) * unit);
  });
  return picture;
}

/** Of some levels to either side, that mean nothing together. */
function noise(levels: number) {
  return (pixel: number, channel: number) =>
    ((((Math.imul(pixel * 3 + channel + 1, 2_654_435_761) >>> 16) % 2001) - 1000) / 1000) * levels;
}

const HALF_CLEAR = makeRaster(WIDTH, HEIGHT, { channels: 1, bytesPerSample: 1 });
HALF_CLEAR.data.fill(255, HALF_CLEAR.data.length / 2);

describe('a picture stored as RGB', () => {
  const jpeg = (quality: number, chromaSubsampling = '4:2:0') =>
    ({ format: 'jpeg', quality, chromaSubsampling }) as const;
  test.each([
    ['equal channels', grayPicture(), null, null, 'exact'],
    ['16 bits', grayPicture(undefined, 2), null, null, 'exact'],
    ...[60, 75, 85, 95].map((quality) => [`JPEG ${quality}`, grayPicture(), null, jpeg(quality), 'exact'] as const),
    ['noise in a JPEG', grayPicture(noise(3)), null, jpeg(95, '4:4:4'), 'near'],
    ['WebP', grayPicture(noise(1)), null, { format: 'webp', quality: 80 }, 'near'],
    ['traces of colour', grayPicture(noise(3)), null, null, 'near'],
    ['traces of colour in 16 bits', grayPicture(noise(3), 2), null, null, 'near'],
    ['strong noise of colour', grayPicture(noise(9)), null, null, 'none'],
    ['a faint sepia', grayPicture((_, channel) => 3 - 3 * channel), null, jpeg(75), 'none'],
    ['a sepia', grayPicture((_, channel) => 20 - 20 * channel), null, null, 'none'],
    [
      'a faint tint in a corner',
      grayPicture((pixel, channel) => (pixel % WIDTH < 20 && channel === 2 ? 4 : 0)),
      null,
      null,
      'none',
    ],
    [
      'one colourful pixel',
      grayPicture((pixel, channel) => (pixel === 2000 && channel === 0 ? 40 : 0)),
      null,
      null,
      'none',
    ],
    [
      'colours where it is transparent',
      grayPicture((pixel, channel) => (pixel < (WIDTH * HEIGHT) / 2 ? channel * 20 : 0)),
      HALF_CLEAR,
      null,
      'exact',
    ],
    ['colours', testPicture(WIDTH, HEIGHT), null, null, 'none'],
  ] as const)('is looked at: %s', async (name, picture, alpha, coding, expected) => {
    if (coding === null) {
      expect(graynessOf(picture, alpha)).toBe(expected);
      return;
    }
    const path = join(folder, `${name}.${coding.format}`);
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    await sharp(picture.data, { raw }).toFormat(coding.format, coding).toFile(path);
    const { colour } = await (await openPicture(path, DEFAULT_PICTURE_LIMITS)).readPage(0);
    expect([colour.channels, graynessOf(colour, null)]).toEqual([3, expected]);
  });

  test.each([
    ['auto', grayPicture(), true],
    ['auto', grayPicture(noise(3)), true],
    ['auto', testPicture(WIDTH, HEIGHT), false],
    ['exact', grayPicture(noise(3)), false],
    ['on', testPicture(WIDTH, HEIGHT), true],
    ['off', grayPicture(), false],
    ['auto', grayPicture(undefined, 2), true],
  ] as const)('comes out gray where it is: %s', async (gray, picture, isGray) => {
    const { model, dispose } = await modelOf(randomCompact(16, 2, 2, 5));
    const upscaler = openUpscaler(model, OPTIONS);
    try {
      for (const alpha of picture.bytesPerSample === 1 ? [null, HALF_CLEAR] : [null]) {
        expect(areEqual(await upscale(picture, alpha, gray))).toBe(isGray);
      }
    } finally {
      await upscaler.close();
      await dispose();
    }

    async function upscale(colour: Raster, alpha: Raster | null, mode: GrayMode | 'exact'): Promise<Raster> {
      const bands: Raster[] = [];
      const page = { colour: { ...colour, data: colour.data.slice() }, alpha };
      const { signal } = new AbortController();
      for await (const band of upscalePage(page, { upscaler, signal, onTile: () => {}, gray: mode }))
        bands.push(band.colour);
      return stackBands(bands);
    }
  });
});

test('parts of a gray picture are byte for byte the whole, and near what three channels give', async () => {
  const { model, dispose } = await modelOf(randomCompact(16, 2, 2, 5));
  const upscaler = openUpscaler(model, OPTIONS);
  const gray = grayUpscaler(upscaler);
  try {
    const before = grayPicture();
    const after = { ...before, data: before.data.slice() };
    after.data.fill(200, (20 * WIDTH + 30) * 3, (20 * WIDTH + 34) * 3);
    const whole = await gray.upscale(after);
    const into = await gray.upscale(before);
    const plan = gray.planChange(after, [{ x: 30, y: 20, width: 4, height: 1 }]);
    expect(plan.workShare).toBeLessThan(1);
    await gray.upscaleParts(after, plan.parts, { into });
    expect(Buffer.compare(into.data, whole.data)).toBe(0);
    const direct = await upscaler.upscale({ ...after, channels: 1, data: after.data.filter((_, at) => at % 3 === 0) });
    expect(maxDifference(direct, { ...whole, data: whole.data.filter((_, at) => at % 3 === 0) })).toBe(0);
  } finally {
    await upscaler.close();
    await dispose();
  }
});

function areEqual(raster: Raster): boolean {
  const samples = samplesOf(raster);
  return samples.every((sample, at) => sample === samples[at - (at % 3)]);
}

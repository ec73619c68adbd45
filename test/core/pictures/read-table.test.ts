import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PICTURE_LIMITS, openPicture } from '../../../src/core/codec/index.ts';
import { samplesOf } from '../../../src/core/pixels/raster.ts';
import { upscaleImageFile } from '../../../src/core/still/upscale-image.ts';
import { temporaryFolder } from '../../support/clips.ts';
import { imageRequest } from '../../support/image-request.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { KINDS } from '../../support/picture-kinds.ts';
import { type Raster4, type Sort, title } from '../../support/picture-sorts.ts';
import { makeNoise, makeTwistedProfile } from '../codec/pictures.ts';

const folder = temporaryFolder();

interface Result {
  readonly icc: Buffer | undefined;
  readonly orientation: number;
  readonly pages: readonly { readonly samples: ArrayLike<number>; readonly bands: number }[];
}

/** Upscaled to a TIFF by a network that makes two by two of every pixel, and read by sharp alone. */
async function twice(input: string): Promise<Result> {
  const output = `${input}.twice.tif`;
  const request = imageRequest(input, output, { lossless: true });
  await upscaleImageFile(request, {
    ...{ upscaler: nearestUpscaler(2), model: 'nearest', making: null, signal: new AbortController().signal },
    onEvent: () => {},
  });
  const { pages = 1, depth, space, channels, icc, orientation = 1 } = await sharp(output).metadata();
  const read = async (page: number) => {
    const { data, info } = await sharp(output, { page, ignoreIcc: true })
      .toColourspace(space === 'grey16' || space === 'rgb16' ? space : 'srgb')
      .raw({ depth: depth === 'ushort' ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const samples = samplesOf({ data: new Uint8Array(data), bytesPerSample: depth === 'ushort' ? 2 : 1 });
    return { samples: space === 'b-w' ? firstOfThree(samples, info.channels) : samples, bands: channels };
  };
  return { icc, orientation, pages: await Promise.all(Array.from({ length: pages }, (_, page) => read(page))) };
}

/** Gray of 8 bits comes out of sharp as RGB: without its alpha as "b-w". */
function firstOfThree(samples: ArrayLike<number>, bands: number): number[] {
  return Array.from(samples).filter((_, index) => index % bands === 0 || index % bands === 3);
}

/** Noise that `sort` can hold: with fewer bits than 16, such as lie spread over all 16. Nowhere wholly transparent: there
 * colours bleed. */
function noiseOf({ channels, bits, alpha }: Sort, width: number, height: number): Raster4 {
  const bands = (channels + (alpha ? 1 : 0)) as 1 | 2 | 3 | 4;
  const bytesPerSample = bits === 8 ? 1 : 2;
  // A raster of one channel, as wide as all bands.
  const { data } = makeNoise(width * bands, height, 1, bytesPerSample);
  const samples = samplesOf({ data, bytesPerSample });
  if (alpha)
    samples.forEach((value, index) => {
      if (index % bands === bands - 1) samples[index] = value | (1 << (bytesPerSample * 8 - bits));
    });
  if (bits === 10 || bits === 12) {
    samples.forEach((value, index) => {
      const kept = value >>> (16 - bits);
      samples[index] = (kept << (16 - bits)) | (kept >>> (2 * bits - 16));
    });
  }
  return { width, height, bands, bytesPerSample, data };
}

/**
 * Samples of fewer bits than 16 as they were before they were spread, which decoders do by rounding or by repetition.
 */
function codesOf(samples: ArrayLike<number>, { bits }: Sort): number[] {
  const spread = bits === 10 || bits === 12 ? (2 ** bits - 1) / 65_535 : 1;
  return Array.from(samples, (sample) => Math.round(sample * spread));
}

function repeated({ width, height, bands, bytesPerSample, data }: Raster4): number[] {
  const samples = samplesOf({ data, bytesPerSample });
  return Array.from({ length: width * height * 4 * bands }, (_, index) => {
    const pixel = Math.floor(index / bands);
    const [x, y] = [(pixel % (2 * width)) >> 1, Math.floor(pixel / (2 * width)) >> 1];
    return samples[(y * width + x) * bands + (index % bands)]!;
  });
}

describe.each(KINDS)('$name', ({ name, extension, size = [7, 5], sorts, make, withProfile, turned, animated }) => {
  const place = (words: string) => `${folder}/${name}-${words}.${extension}`.replaceAll(' ', '-');

  test.each(sorts.map((sort) => [title(sort), sort] as const))('%s is read to the sample', async (words, sort) => {
    const picture = noiseOf(sort, ...size);
    const given = (await make(place(words), picture, sort)) ?? picture;
    const { pages } = await twice(place(words));
    expect(pages).toHaveLength(1);
    expect(pages[0]!.bands).toBe(given.bands);
    expect(codesOf(pages[0]!.samples, sort)).toEqual(codesOf(repeated(given), sort));
  });

  if (withProfile)
    test('a colour profile goes along and touches no sample', async () => {
      const profile = `${folder}/twisted.icc`;
      writeFileSync(profile, makeTwistedProfile());
      const picture = noiseOf({ channels: 3, bits: 8, alpha: false }, 7, 5);
      const given = (await withProfile(place('profile'), picture, profile)) ?? picture;
      const { pages, icc } = await twice(place('profile'));
      expect(icc).toEqual(makeTwistedProfile());
      expect(Array.from(pages[0]!.samples)).toEqual(repeated(given));
    });

  if (turned)
    test('stands upright by each of the eight orientations, once', async () => {
      const picture = noiseOf({ channels: 3, bits: 8, alpha: false }, 7, 5);
      for (let orientation = 1; orientation <= 8; orientation++) {
        const path = place(`turned-${orientation}`);
        const given = (await turned(path, picture, orientation)) ?? picture;
        const { pages, orientation: left } = await twice(path);
        expect(left).toBe(1);
        expect(Array.from(pages[0]!.samples)).toEqual(repeated(upright(given, orientation)));
      }
    });

  if (animated)
    test('each picture of an animation is read, with its time', async () => {
      const pictures = Array.from({ length: 4 }, () => noiseOf({ channels: 3, bits: 8, alpha: true }, 7, 5));
      const delays = [40, 200, 70, 1000];
      await animated(place('animated'), pictures, delays);
      expect((await openPicture(place('animated'), DEFAULT_PICTURE_LIMITS)).info).toMatchObject({
        ...{ animated: true, metadata: { delaysMs: delays } },
      });
      const { pages } = await twice(place('animated'));
      expect(pages.map(({ samples }) => Array.from(samples))).toEqual(pictures.map(repeated));
    });
});

/** What a viewer shows of the stored pixels. @see EXIF 2.32, Orientation */
function upright(picture: Raster4, orientation: number): Raster4 {
  const { width: w, height: h, bands } = picture;
  const from: Record<number, (x: number, y: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [w - 1 - x, y],
    3: (x, y) => [w - 1 - x, h - 1 - y],
    4: (x, y) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, h - 1 - x],
    7: (x, y) => [w - 1 - y, h - 1 - x],
    8: (x, y) => [w - 1 - y, x],
  };
  const [width, height] = orientation < 5 ? [w, h] : [h, w];
  const data = new Uint8Array(picture.data.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [x, y] = from[orientation]!(pixel % width, Math.floor(pixel / width));
    data.set(picture.data.subarray((y * w + x) * bands, (y * w + x + 1) * bands), pixel * bands);
  }
  return { ...picture, width, height, data };
}

const DOC = fileURLToPath(new URL('../../../docs/picture-formats.md', import.meta.url));

test('the table in the documents is that of these tests', () => {
  const lines = KINDS.map((kind) => {
    const { name, sorts, withProfile, turned, animated } = kind;
    const marks = [withProfile, turned, animated].map((test) => (test === undefined ? '' : 'yes'));
    return `| ${[name, bitsOf(sorts, false), bitsOf(sorts, true), ...marks].join(' | ')} |`;
  });
  const text = `${HEAD}\n${lines.join('\n')}\n`;
  if (process.env.UPREEL_WRITE_DOCS) writeFileSync(DOC, text);
  expect(readFileSync(DOC, 'utf8')).toBe(text);
});

const HEAD = `# Picture formats, sample for sample

Made by [test/core/pictures/read-table.test.ts](../test/core/pictures/read-table.test.ts) with \`UPREEL_WRITE_DOCS=1\`.
Each file was written by another program (libvips, ffmpeg, x265), upscaled by a network that makes two by two of every
pixel, and read by libvips alone: every sample of the result is that of the file (of a JPEG and a GIF: that of libvips'
own decoding). [stills.md](stills.md) says what else is read and written, and what is kept of metadata.

| written as | opaque: bits | with alpha: bits | profile kept, samples untouched | eight orientations | animation with its times |
| --- | --- | --- | --- | --- | --- |`;

function bitsOf(sorts: readonly Sort[], withAlpha: boolean): string {
  const found = sorts.filter(({ alpha }) => alpha === withAlpha);
  const of = (channels: 1 | 3) => found.filter((one) => one.channels === channels).map(({ bits }) => bits);
  const parts = [
    ['gray', of(1)],
    ['RGB', of(3)],
  ] as const;
  return parts
    .filter(([, bits]) => bits.length > 0)
    .map(([what, bits]) => `${what} ${bits.join(', ')}`)
    .join('; ');
}

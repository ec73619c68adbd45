import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { ImageRequest } from '../../../src/core/image-request.ts';
import { samplesOf } from '../../../src/core/raster.ts';
import { upscaleImageFile } from '../../../src/core/upscale-image.ts';
import { temporaryFolder } from '../../support/clips.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { KINDS } from '../../support/picture-kinds.ts';
import { type Raster4, type Sort, title } from '../../support/picture-sorts.ts';
import { makeNoise } from '../codec/pictures.ts';

const folder = temporaryFolder();

/** Upscaled to a TIFF by a network that makes two by two of every pixel, and read by sharp alone. */
async function twice(
  input: string,
): Promise<{ said: string[]; pages: { samples: ArrayLike<number>; bands: number }[] }> {
  const output = `${input}.twice.tif`;
  const request: ImageRequest = {
    ...{ input, output: { kind: 'file', path: output }, format: null, target: { kind: 'native' }, crop: null },
    ...{ fill: 'fit', overwrite: false, quality: null, lossless: true, effort: 'fast', strip: false, flatten: null },
    ...{ alpha: 'network', gray: 'auto', maxInputMegapixels: 1 },
  };
  const said: string[] = [];
  await upscaleImageFile(request, {
    ...{ upscaler: nearestUpscaler(2), model: 'nearest', signal: new AbortController().signal },
    onEvent: (event) => {
      if (event.type === 'warning') said.push(event.message);
    },
  });
  const { pages = 1, depth, space, channels } = await sharp(output).metadata();
  const read = async (page: number) => {
    const { data, info } = await sharp(output, { page, ignoreIcc: true })
      .toColourspace(space === 'grey16' || space === 'rgb16' ? space : 'srgb')
      .raw({ depth: depth === 'ushort' ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const samples = samplesOf({ data: new Uint8Array(data), bytesPerSample: depth === 'ushort' ? 2 : 1 });
    return { samples: space === 'b-w' ? firstOfThree(samples, info.channels) : samples, bands: channels };
  };
  return { said, pages: await Promise.all(Array.from({ length: pages }, (_, page) => read(page))) };
}

/** Gray of 8 bits comes out of sharp as RGB: without its alpha as "b-w". */
function firstOfThree(samples: ArrayLike<number>, bands: number): number[] {
  return Array.from(samples).filter((_, index) => index % bands === 0 || index % bands === 3);
}

/** Noise that `sort` can hold: with fewer bits than 16, such as lie spread over all 16. */
function noiseOf({ channels, bits, alpha }: Sort, width: number, height: number): Raster4 {
  const bands = (channels + (alpha ? 1 : 0)) as 1 | 2 | 3 | 4;
  const bytesPerSample = bits === 8 ? 1 : 2;
  // A raster of one channel, as wide as all bands.
  const { data } = makeNoise(width * bands, height, 1, bytesPerSample);
  if (bits === 10 || bits === 12) {
    const samples = samplesOf({ data, bytesPerSample });
    samples.forEach((value, index) => {
      const kept = value >>> (16 - bits);
      samples[index] = (kept << (16 - bits)) | (kept >>> (2 * bits - 16));
    });
  }
  return { width, height, bands, bytesPerSample, data };
}

function repeated({ width, height, bands, bytesPerSample, data }: Raster4): number[] {
  const samples = samplesOf({ data, bytesPerSample });
  return Array.from({ length: width * height * 4 * bands }, (_, index) => {
    const pixel = Math.floor(index / bands);
    const [x, y] = [(pixel % (2 * width)) >> 1, Math.floor(pixel / (2 * width)) >> 1];
    return samples[(y * width + x) * bands + (index % bands)]!;
  });
}

describe.each(KINDS)('$name', ({ name, extension, sorts, make }) => {
  test.each(sorts.map((sort) => [title(sort), sort] as const))('%s is read to the sample', async (words, sort) => {
    const picture = noiseOf(sort, 7, 5);
    const path = `${folder}/${name}-${words}.${extension}`.replaceAll(' ', '-');
    const given = await make(path, picture, sort);
    const { pages } = await twice(path);
    expect(pages).toHaveLength(1);
    expect(pages[0]!.bands).toBe((given ?? picture).bands);
    expect(Array.from(pages[0]!.samples)).toEqual(repeated(given ?? picture));
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Raster, RasterFormat } from '../../src/core/pixels/raster.ts';
import { evaluate, type Score } from '../../src/eval/index.ts';
import { niqeOf } from '../../src/eval/niqe/niqe.ts';
import { temporaryFolder } from '../support/clips.ts';
import { deadLeaves } from '../support/dead-leaves.ts';
import { PLAIN_KERNELS, plainImresize } from '../support/plain-imresize.ts';
import { samplesOf, testPicture } from '../support/rasters.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const GRAY: RasterFormat = { channels: 1, bytesPerSample: 1 };
const RGB: RasterFormat = { channels: 3, bytesPerSample: 1 };

beforeAll(async () => {
  for (const name of ['gray', 'rgb', 'deep', 'odd', 'mixed', 'small', 'flat', 'see-through']) await mkdir(at(name));
  await write(testPicture(40, 32, GRAY, 4), at('gray/a.png'));
  await write(testPicture(40, 32, RGB, 4), at('rgb/a.png'));
  await write(testPicture(40, 32, { channels: 1, bytesPerSample: 2 }, 4), at('deep/a.png'));
  await write(testPicture(43, 35, RGB, 4), at('odd/a.png'));
  await write(testPicture(40, 32, GRAY, 4), at('mixed/a.png'));
  await write(testPicture(40, 32, RGB, 5), at('mixed/b.png'));
  await write(filled(40, 32, 90), at('mixed/c.png'));
  // What macOS leaves beside a picture on foreign file systems.
  await writeFile(at('mixed/._a.png'), 'resource fork');
  await write(testPicture(40, 40, RGB), at('small/a.png'));
  await write(testPicture(11, 9, RGB), at('small/b.png'));
  await write(filled(40, 32, 90), at('flat/a.png'));
  await sharp({ create: { width: 40, height: 32, channels: 4, background: '#12345678' } }).toFile(
    at('see-through/a.png'),
  );
});

describe('evaluate', () => {
  test.each(['nearest', 'bicubic', 'lanczos'] as const)(
    'scores %s as the plain definitions do, gray as it is',
    async (kernel) => {
      for (const [name, picture] of [
        ['gray', testPicture(40, 32, GRAY, 4)],
        ['rgb', testPicture(40, 32, RGB, 4)],
        ['deep', testPicture(40, 32, { channels: 1, bytesPerSample: 2 }, 4)],
      ] as const) {
        const [score] = await scoresOf(name, 4, [kernel]);
        const small = plainImresize(picture, 10, 8, PLAIN_KERNELS.bicubic);
        const expected = plainPsnrY(picture, plainImresize(small, 40, 32, PLAIN_KERNELS[kernel]), 4);
        expect(score!.psnrY).toBeCloseTo(expected, 2);
        expect(score).toMatchObject({ model: kernel, pictures: 1, equal: 0, each: [{ picture: 'a.png' }] });
      }
    },
  );

  test.each(['gray', 'rgb', 'deep'])(
    'gives a model the reduced file: one that repeats samples scores as nearest (%s)',
    async (name) => {
      const [baseline, model] = await scoresOf(name, 4, ['nearest', 'repeats']);
      expect({ ...withoutCost(model!), model: 'nearest' }).toEqual(withoutCost(baseline!));
      expect(model).toMatchObject({ peakBytes: 9, each: [{ seconds: 2 }] });
      expect(model!.secondsPerMegapixel).toBeCloseTo(2e6 / (40 * 32), 6);
    },
  );

  test('cuts sizes that the scale does not divide at the right and at the bottom', async () => {
    const [score] = await scoresOf('odd', 4, ['bicubic']);
    await mkdir(at('cut'), { recursive: true });
    await sharp(at('odd/a.png')).extract({ left: 0, top: 0, width: 40, height: 32 }).toFile(at('cut/a.png'));
    const [cut] = await scoresOf('cut', 4, ['bicubic']);
    expect(withoutCost(score!)).toEqual(withoutCost(cut!));
  });

  test('takes means over the pictures, an equal one left out of PSNR and counted', async () => {
    const [score] = await scoresOf('mixed', 2, ['bicubic']);
    const [a, b, c] = score!.each;
    expect(c).toMatchObject({ picture: 'c.png', psnrY: null, ssimY: 1 });
    expect(score).toMatchObject({ pictures: 3, equal: 1 });
    expect(score!.psnrY).toBeCloseTo((a!.psnrY! + b!.psnrY!) / 2, 9);
    expect(score!.ssimY).toBeCloseTo((a!.ssimY! + b!.ssimY! + 1) / 3, 9);
    expect(await scoresOf('flat', 4, ['lanczos'])).toMatchObject([{ psnrY: null, equal: 1, ssimY: 1 }]);
  });

  test('tells NIQE of results and of originals without the border; there is none of small ones', async () => {
    const picture = deadLeaves(112, 104, 5);
    await mkdir(at('natural'));
    await write(picture, at('natural/a.png'));
    await write(testPicture(99, 99, GRAY), at('natural/small.png'));
    const [score] = await scoresOf('natural', 4, ['bicubic']);
    const result = plainImresize(
      plainImresize(picture, 28, 26, PLAIN_KERNELS.bicubic),
      112,
      104,
      PLAIN_KERNELS.bicubic,
    );
    const measuring = { border: 4, luma: 'rounded' } as const;
    const [niqe, niqeOriginal] = [await niqeOf(result, measuring), await niqeOf(picture, measuring)];
    expect(niqeOriginal).toBeGreaterThan(0);
    expect(score!.niqe).toBeCloseTo(niqe!, 1);
    expect(score!.niqeOriginal).toBe(niqeOriginal);
    expect(score!.each).toMatchObject([{ niqeOriginal }, { niqe: null, niqeOriginal: null }]);
  });

  test.each([
    [4, 'A border of 4 pixels on each side leaves nothing of .*b.png of 8x8'],
    [10, 'b.png, 11x9, cannot be shrunk 10 times'],
  ])('refuses a picture of which nothing is left at scale %i before any is scored', async (scale, message) => {
    const caught = await scoresOf('small', scale, ['bicubic']).catch((error) => error);
    expect(caught).toMatchObject({ code: 'usage', message: expect.stringMatching(new RegExp(message)) });
  });

  test('finds pictures of any kind that upreel reads', async () => {
    await mkdir(at('kinds'));
    await writeFile(at('kinds/a.pgm'), Buffer.concat([Buffer.from('P5 24 24 255\n'), Buffer.alloc(576, 99)]));
    await writeFile(at('kinds/notes.txt'), 'P5');
    expect(await scoresOf('kinds', 2, ['bicubic'])).toHaveLength(1);
  });

  test('says what of a picture is not scored', async () => {
    const notes: string[] = [];
    await scoresOf('see-through', 2, ['bicubic'], notes);
    expect(notes).toEqual([expect.stringMatching(/a\.png has transparency, which is not scored/)]);
  });
});

function withoutCost({ secondsPerMegapixel: _, peakBytes: __, each, ...score }: Score) {
  return { ...score, each: each.map(({ seconds: ___, ...one }) => one) };
}

/** "repeats" is a model that repeats each sample: sharp does it, on files. */
async function scoresOf(name: string, scale: number, models: string[], notes: string[] = []): Promise<Score[]> {
  const scores: Score[] = [];
  for await (const score of evaluate({
    ...{ folder: at(name), scale, models, luma: 'rounded', onNote: (note) => notes.push(note) },
    upscale: async (input, output) => {
      const { width, height, space } = await sharp(input).metadata();
      const size = { width: width * scale, height: height * scale, kernel: 'nearest' } as const;
      await sharp(input).resize(size).toColourspace(space).png().toFile(output);
      return { seconds: 2, peakBytes: 9 };
    },
  })) {
    scores.push(score);
  }
  return scores;
}

/** Of luma as MATLAB's rgb2ycbcr gives it, `border` pixels left out; of gray pictures themselves. In levels of 255. */
function plainPsnrY(a: Raster, b: Raster, border: number): number {
  const most = a.bytesPerSample === 1 ? 255 : 65535;
  const level = (raster: Raster, x: number, y: number): number => {
    const samples = samplesOf(raster);
    const first = (y * raster.width + x) * raster.channels;
    if (raster.channels === 1) return (samples[first]! * 255) / most;
    const [r, g, blue] = [0, 1, 2].map((c) => samples[first + c]! / most);
    return Math.floor(16 + 65.481 * r! + 128.553 * g! + 24.966 * blue! + 0.5);
  };
  const squares: number[] = [];
  for (let y = border; y < a.height - border; y++) {
    for (let x = border; x < a.width - border; x++) squares.push((level(a, x, y) - level(b, x, y)) ** 2);
  }
  return 10 * Math.log10((255 * 255) / (squares.reduce((sum, value) => sum + value, 0) / squares.length));
}

function filled(width: number, height: number, level: number): Raster {
  const picture = testPicture(width, height, GRAY);
  picture.data.fill(level);
  return picture;
}

async function write(picture: Raster, path: string): Promise<void> {
  const { width, height, channels, bytesPerSample } = picture;
  const space = channels === 3 ? 'srgb' : bytesPerSample === 2 ? 'grey16' : 'b-w';
  await sharp(samplesOf(picture), { raw: { width, height, channels } }).toColourspace(space).png().toFile(path);
}

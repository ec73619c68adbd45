import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;

beforeAll(async () => {
  await testModel('realesr-general-x4v3');
  await textured(24, 18).jpeg({ quality: 90 }).toFile(at('photo.jpg'));
}, MODEL_TEST_TIMEOUT);

describe('upreel PICTURE', () => {
  test('writes PNG of the network’s scale beside it, tells so, and never overwrites it unasked', async () => {
    const first = await upreel([at('photo.jpg'), '--json', '--device', 'cpu']);
    expect(first.code).toBe(0);
    expect(first.records.map((record) => record.type)).toEqual(
      expect.arrayContaining(['started', 'progress', 'done', 'exit']),
    );
    expect(first.records.every((record) => record.v === 1)).toBe(true);
    expect(first.records.at(-1)).toEqual({ v: 1, type: 'exit', code: 0 });
    const output = at('photo.upreel-4x.png');
    expect(await sharp(output).metadata()).toMatchObject({ format: 'png', width: 96, height: 72, channels: 3 });

    const before = await readFile(output);
    const again = await upreel([at('photo.jpg'), '--no-tui']);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/exists already/);
    expect(again.err).toMatch(/--overwrite/);
    expect(await readFile(output)).toEqual(before);

    const forced = await upreel([at('photo.jpg'), '--no-tui', '--overwrite', '--device', 'cpu']);
    expect(forced.code).toBe(0);
    expect(await readFile(output)).toEqual(before);
  });

  test('looks like the picture: enlarging by bicubic gives nearly the same', async () => {
    const output = at('alike.png');
    await upreel([at('photo.jpg'), '-o', output, '--device', 'cpu']);
    const enlarged = await sharp(at('photo.jpg')).resize(96, 72, { kernel: 'cubic' }).raw().toBuffer();
    const upscaled = await sharp(output).raw().toBuffer();
    // The network sharpens and denoises; a channel mix-up, a shift or an inversion is off by far more.
    expect(meanDifference(enlarged, upscaled)).toBeLessThan(20);
  });

  test('takes any scale and size, by resampling the network’s result', async () => {
    const scaled = await upreel([at('photo.jpg'), '--scale', '2.5', '--device', 'cpu']);
    expect(scaled.code).toBe(0);
    expect(await sharp(at('photo.upreel-2.5x.png')).metadata()).toMatchObject({ width: 60, height: 45 });
    const sized = await upreel([at('photo.jpg'), '--size', '120x120', '-o', at('sized.webp'), '--device', 'cpu']);
    expect(sized.code).toBe(0);
    expect(await sharp(at('sized.webp')).metadata()).toMatchObject({ format: 'webp', width: 120, height: 90 });
  });

  test.each([
    ['tiff', 'out.tiff'],
    ['jpeg', 'out.jpg'],
    ['webp', 'out.webp'],
    ['png', 'out.png'],
  ])('writes %s by the name of -o', async (format, name) => {
    const { code } = await upreel([at('photo.jpg'), '-o', at(name), '--device', 'cpu']);
    expect(code).toBe(0);
    expect(await sharp(at(name)).metadata()).toMatchObject({ format, width: 96, height: 72 });
  });

  test('keeps alpha, gray and 16 bits', async () => {
    const size = { width: 16, height: 12 };
    const soft = Buffer.from(Array.from({ length: 16 * 12 }, (_, i) => (i % 16) * 16));
    await textured(16, 12)
      .joinChannel(soft, { raw: { ...size, channels: 1 } })
      .png()
      .toFile(at('alpha.png'));
    await textured(16, 12).toColourspace('b-w').png().toFile(at('gray.png'));
    await textured(16, 12).toColourspace('rgb16').png().toFile(at('deep.png'));
    const { code } = await upreel([
      at('alpha.png'),
      at('gray.png'),
      at('deep.png'),
      '-o',
      at('kept/'),
      '--device',
      'cpu',
    ]);
    expect(code).toBe(0);
    expect(await sharp(at('kept', 'alpha.upreel-4x.png')).metadata()).toMatchObject({ channels: 4, depth: 'uchar' });
    expect(await sharp(at('kept', 'gray.upreel-4x.png')).metadata()).toMatchObject({ channels: 1, depth: 'uchar' });
    expect(await sharp(at('kept', 'deep.upreel-4x.png')).metadata()).toMatchObject({ channels: 3, depth: 'ushort' });
    const alpha = await sharp(at('kept', 'alpha.upreel-4x.png')).extractChannel(3).raw().toBuffer();
    const enlarged = await sharp(soft, { raw: { ...size, channels: 1 } })
      .resize(64, 48)
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    expect(meanDifference(alpha, enlarged)).toBeLessThan(12);
  });

  test('takes a folder; one damaged picture does not stop the others, and the exit code is 9', async () => {
    await mkdir(at('album'));
    await copyFile(at('photo.jpg'), at('album', 'a.jpg'));
    await writeFile(at('album', 'b.png'), (await textured(40, 40).png().toBuffer()).subarray(0, 900));
    await copyFile(at('photo.jpg'), at('album', 'c.jpg'));
    const { code, records } = await upreel([at('album'), '--json', '--device', 'cpu']);
    expect(code).toBe(9);
    expect(records.filter((record) => record.type === 'failed')).toMatchObject([{ input: at('album', 'b.png') }]);
    expect((await readdir(at('album'))).sort()).toEqual([
      ...['a.jpg', 'a.upreel-4x.png', 'b.png', 'c.jpg', 'c.upreel-4x.png'],
    ]);
  });

  test('refuses to write over its own input, even with --overwrite', async () => {
    const before = await readFile(at('photo.jpg'));
    const { code, err } = await upreel([at('photo.jpg'), '-o', at('photo.jpg'), '--overwrite', '--no-tui']);
    expect(code).toBe(2);
    expect(err).toMatch(/is the input itself/);
    expect(await readFile(at('photo.jpg'))).toEqual(before);
  });
});

function textured(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#000', noise } }).blur(1.2);
}

function meanDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0) / a.length;
}

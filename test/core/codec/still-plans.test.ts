import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createPicture, type OutputFormat, type PictureFilePlan } from '../../../src/core/codec/index.ts';
import type { Raster } from '../../../src/core/pixels/raster.ts';
import { makeFolder, makeNoise, planFor, write } from './pictures.ts';

const folder = makeFolder();

const size = { width: 40, height: 30 };
const [colour, alpha] = [makeNoise(40, 30, 3, 1), makeNoise(40, 30, 1, 1)];
const resizeTo = { width: 25, height: 13 };
const canvas = { x: -3, y: 2, width: 31, height: 9 };
const plans: Readonly<Record<string, Partial<PictureFilePlan>>> = {
  resized: { pages: [{ ...size, resizeTo }] },
  padded: { pages: [{ ...size, resizeTo, canvas }] },
  flat: { pages: [{ ...size, resizeTo: null }], flatten: '#204080' },
  'flat, padded': { pages: [{ ...size, resizeTo, canvas }], flatten: '#204080' },
};
const formats: readonly (readonly [string, OutputFormat])[] = [
  ['png', 'png'],
  ['jxl', 'jxl'],
  ['bmp', 'bmp'],
  ['pam', 'pnm'],
];
const cases = Object.keys(plans).flatMap((name) => formats.map(([ending]) => `${name}.${ending}`));

beforeAll(async () => {
  for (const [name, plan] of Object.entries(plans)) {
    for (const [ending, format] of formats) {
      await write(folder.path(`${name}.${ending}`), colour, alpha, { ...plan, format, lossless: true, effort: 'fast' });
    }
  }
  const inputs = cases.flatMap((name) => ['-i', `file:${folder.path(name)}`]);
  const outputs = cases.flatMap((name, index) => {
    return ['-map', `${index}:v`, '-f', 'rawvideo', '-pix_fmt', 'rgba', `file:${folder.path(`${name}.raw`)}`];
  });
  execFileSync('ffmpeg', ['-v', 'error', ...inputs, ...outputs]);
});

test.each(cases.filter((name) => !name.endsWith('.png')))('%s has the pixels of the PNG', (name) => {
  const [own, png] = [name, name.replace(/\w+$/, 'png')].map((file) => readFileSync(folder.path(`${file}.raw`)));
  expect(png!.length).toBe(name.includes('padded') ? 31 * 9 * 4 : name.includes('resized') ? 25 * 13 * 4 : 40 * 30 * 4);
  expect(own!.equals(png!)).toBe(true);
});

test('OpenEXR is resampled and padded as the others are', async () => {
  const path = folder.path('padded.exr');
  await write(path, colour, alpha, { ...plans['flat, padded'], format: 'exr' });
  const args = ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'gbrpf32le', '-'];
  const [floats, png] = [
    new Float32Array(new Uint8Array(execFileSync('ffmpeg', args)).buffer),
    folder.path('flat, padded.png.raw'),
  ];
  const green = [...floats.subarray(0, 31 * 9)].map((light) => {
    return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
  });
  expect(green).toEqual([...readFileSync(png)].filter((_, index) => index % 4 === 1));
});

test('16 bits become 8 by rounding in BMP, and the sink says so', async () => {
  const data = new Uint8Array(new Uint16Array([0, 128, 129, 384, 65_407, 65_535]).buffer);
  const row: Raster = { width: 6, height: 1, channels: 1, bytesPerSample: 2, data };
  const warnings = await write(folder.path('narrow.bmp'), row, null, { format: 'bmp' });
  expect(warnings).toEqual([expect.stringMatching(/^BMP is written with 8 bits/)]);
  expect([...readFileSync(folder.path('narrow.bmp')).subarray(-8, -2)]).toEqual([0, 0, 1, 1, 255, 255]);
});

test('BMP and OpenEXR state the density', async () => {
  const metadata = { ...planFor(colour, null).metadata, density: { x: 300, y: 150 } };
  for (const format of ['bmp', 'exr'] as const)
    await write(folder.path(`dense.${format}`), colour, null, { format, metadata });
  const bmp = readFileSync(folder.path('dense.bmp'));
  expect([bmp.readInt32LE(38), bmp.readInt32LE(42)]).toEqual([11_811, 5906]);
  const exr = readFileSync(folder.path('dense.exr'));
  const float = (name: string) => exr.readFloatLE(exr.indexOf(`${name}\0float\0`, 0, 'latin1') + name.length + 7 + 4);
  expect([float('xDensity'), float('pixelAspectRatio')]).toEqual([300, 0.5]);
});

test('a kind of PNM that cannot hold the picture is refused before any row', async () => {
  const cases = [
    ['a.pgm', colour, null, /^\.pgm is gray, but the source has colours/],
    ['a.pgm', makeNoise(4, 4, 1, 1), makeNoise(4, 4, 1, 1), /^\.pgm has no transparency/],
    ['a.ppm', colour, alpha, /^\.ppm has no transparency/],
  ] as const;
  for (const [name, own, transparency, message] of cases) {
    const attempt = createPicture(folder.path(name), planFor(own, transparency, { format: 'pnm' }));
    await expect(attempt).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
  }
  await write(folder.path('flat.ppm'), colour, alpha, { format: 'pnm', flatten: '#ffffff' });
});

test('lossy JPEG XL comes close, and quality changes the size of the file', async () => {
  const data = new Uint8Array(64 * 64 * 3).map((_, index) => 100 + ((index / 3) % 64));
  const ramp: Raster = { width: 64, height: 64, channels: 3, bytesPerSample: 1, data };
  await write(folder.path('ramp.jxl'), ramp, null, { format: 'jxl' });
  const args = ['-v', 'error', '-i', folder.path('ramp.jxl'), '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const back = execFileSync('ffmpeg', args);
  expect(Math.max(...back.map((value, index) => Math.abs(value - data[index]!)))).toBeLessThanOrEqual(6);
  const noise = makeNoise(64, 64, 3, 1);
  const sizes: number[] = [];
  for (const quality of [20, 60, 95, 100]) {
    const path = folder.path(`q${quality}.jxl`);
    await write(path, noise, null, { format: 'jxl', quality });
    sizes.push(readFileSync(path).length);
  }
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[0]! * 1.5).toBeLessThan(sizes[3]!);
});

const { FFMPEG_PATH } = process.env;
afterEach(() => {
  if (FFMPEG_PATH === undefined) delete process.env.FFMPEG_PATH;
  else process.env.FFMPEG_PATH = FFMPEG_PATH;
});

test('JPEG XL needs an ffmpeg with libjxl, and says so before any row', async () => {
  const attempt = () => createPicture(folder.path('no.jxl'), planFor(colour, null, { format: 'jxl' }));
  process.env.FFMPEG_PATH = folder.path('nowhere');
  await expect(attempt()).rejects.toMatchObject({
    code: 'ffmpeg-missing',
    message: expect.stringMatching(/^JPEG XL is written by ffmpeg/),
  });
  process.env.FFMPEG_PATH = folder.path('without-libjxl');
  writeFileSync(process.env.FFMPEG_PATH, `#!/bin/sh\n${FFMPEG_PATH ?? 'ffmpeg'} "$@" | grep -v libjxl\n`);
  chmodSync(process.env.FFMPEG_PATH, 0o755);
  await expect(attempt()).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/built without libjxl/),
  });
  expect(existsSync(folder.path('no.jxl'))).toBe(false);
});

test('an abort leaves nothing of any of them', async () => {
  const before = readdirSync(folder.path('')).length;
  for (const [ending, format] of [...formats, ['exr', 'exr'] as const]) {
    const sink = await createPicture(folder.path(`aborted.${ending}`), planFor(colour, null, { format }));
    await sink.writeRows({ colour: { ...colour, height: 10, data: colour.data.subarray(0, 1200) }, alpha: null });
    await sink.abort();
    await expect(sink.finish()).rejects.toMatchObject({ code: 'interrupted' });
  }
  expect(readdirSync(folder.path(''))).toHaveLength(before);
});

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createPicture, type OutputFormat } from '../../../src/core/codec/index.ts';
import { joinAlpha, narrowSamples } from '../../../src/core/codec/samples.ts';
import { makeRaster, type Raster, samplesOf } from '../../../src/core/raster.ts';
import { makeFolder, makeNoise, planFor, write } from './pictures.ts';

const folder = makeFolder();

/** ffmpeg's names for our samples. */
const PIXELS = {
  '1-1-false': 'gray',
  '1-1-true': 'ya8',
  '1-3-false': 'rgb24',
  '1-3-true': 'rgba',
  '2-1-false': 'gray16le',
  '2-1-true': 'ya16le',
  '2-3-false': 'rgb48le',
  '2-3-true': 'rgba64le',
} as const;

function byFfmpeg(path: string, pixels: string): Uint8Array<ArrayBuffer> {
  const args = ['-v', 'error', '-i', `file:${path}`, '-f', 'rawvideo', '-pix_fmt', pixels, '-'];
  return new Uint8Array(execFileSync('ffmpeg', args, { maxBuffer: 1e8 }));
}

interface Picture {
  readonly colour: Raster;
  readonly alpha: Raster | null;
}

function pictureOf(channels: 1 | 3, bytesPerSample: 1 | 2, withAlpha: boolean): Picture {
  const alpha = withAlpha ? makeNoise(37, 29, 1, bytesPerSample) : null;
  return { colour: makeNoise(37, 29, channels, bytesPerSample), alpha };
}

const kinds = ([1, 2] as const).flatMap((bytesPerSample) =>
  ([1, 3] as const).flatMap((channels) =>
    [false, true].map((withAlpha) => ({ bytesPerSample, channels, withAlpha })),
  ),
);
const nameOf = ({ bytesPerSample, channels, withAlpha }: (typeof kinds)[number]) =>
  `${bytesPerSample * 8}-bit ${channels === 1 ? 'gray' : 'RGB'}${withAlpha ? ' with alpha' : ''}`;

const exact: readonly (readonly [ending: string, format: OutputFormat, bits: readonly (8 | 16)[], alpha: 'alpha' | 'both' | 'no'])[] = [
  ['jxl', 'jxl', [8, 16], 'both'],
  ['bmp', 'bmp', [8], 'both'],
  ['pnm', 'pnm', [8, 16], 'both'],
  ['pam', 'pnm', [8, 16], 'both'],
  ['ppm', 'pnm', [8, 16], 'no'],
];

for (const [ending, format, bits, alphas] of exact) {
  for (const kind of kinds) {
    const { bytesPerSample, channels, withAlpha } = kind;
    if (!bits.includes(bytesPerSample === 1 ? 8 : 16) || (withAlpha && alphas === 'no')) continue;
    test.concurrent(`${nameOf(kind)} comes back from .${ending} sample for sample`, async () => {
      const path = folder.path(`${nameOf(kind)}.${ending}`);
      const { colour, alpha } = pictureOf(channels, bytesPerSample, withAlpha);
      expect(await write(path, colour, alpha, { format, lossless: true, effort: 'fast' })).toEqual([]);
      const expected = alpha === null ? colour.data : joinAlpha(colour, alpha);
      const back = byFfmpeg(path, PIXELS[`${bytesPerSample}-${channels}-${withAlpha}`]);
      expect(Buffer.from(back).equals(expected)).toBe(true);
    });
  }
}

for (const kind of kinds) {
  const { bytesPerSample, channels, withAlpha } = kind;
  test.concurrent(`${nameOf(kind)} comes back from linear OpenEXR to within a level of 16 bits`, async () => {
    const path = folder.path(`${nameOf(kind)}.exr`);
    const { colour, alpha } = pictureOf(channels, bytesPerSample, withAlpha);
    await write(path, colour, alpha, { format: 'exr' });
    const back = fromLinear(path, { colour, alpha });
    const limit = bytesPerSample === 1 ? 0 : 1;
    const [ours, theirs] = [samplesOf(colour), samplesOf(back.colour)];
    const opacity = alpha === null ? null : samplesOf(alpha);
    ours.forEach((value, index) => {
      const own = opacity?.[Math.floor(index / channels)] ?? 1;
      // Nothing can be divided out of nothing.
      const expected = own === 0 ? 0 : value;
      if (Math.abs(theirs[index]! - expected) > limit) expect([index, theirs[index], own]).toEqual([index, expected, own]);
    });
    if (alpha !== null) expect(samplesOf(back.alpha!)).toEqual(samplesOf(alpha));
  });
}

/** As a reader does it: alpha divided out, light as sRGB. */
function fromLinear(path: string, like: Picture): Picture {
  const { width, height, channels, bytesPerSample } = like.colour;
  const pixels = width * height;
  const planes = like.alpha === null ? (channels === 1 ? 'grayf32le' : 'gbrpf32le') : 'gbrapf32le';
  const floats = new Float32Array(byFfmpeg(path, planes).buffer);
  const top = bytesPerSample === 1 ? 255 : 65_535;
  const colour = makeRaster(width, height, { channels, bytesPerSample });
  const alpha = like.alpha === null ? null : makeRaster(width, height, { channels: 1, bytesPerSample });
  const planeOf = channels === 1 ? [0] : [2, 0, 1];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const opacity = alpha === null ? 1 : floats[3 * pixels + pixel]!;
    if (alpha !== null) samplesOf(alpha)[pixel] = Math.round(opacity * top);
    planeOf.forEach((plane, channel) => {
      const light = opacity === 0 ? 0 : floats[plane * pixels + pixel]! / opacity;
      const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
      samplesOf(colour)[pixel * channels + channel] = Math.round(value * top);
    });
  }
  return { colour, alpha };
}

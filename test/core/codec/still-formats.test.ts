import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { OutputFormat } from '../../../src/core/codec/index.ts';
import { joinAlpha } from '../../../src/core/codec/samples.ts';
import { makeRaster, type Raster, samplesOf } from '../../../src/core/pixels/raster.ts';
import { makeFolder, makeNoise, write } from './pictures.ts';

const folder = makeFolder();

interface Case {
  readonly name: string;
  readonly format: OutputFormat;
  readonly colour: Raster;
  readonly alpha: Raster | null;
  /** As ffmpeg is to give them. */
  readonly pixels: string;
}

/** Endings, what they are, and the kinds of samples that they hold: bits, channels, alpha. */
const FORMATS: readonly (readonly [ending: string, format: OutputFormat, kinds: RegExp])[] = [
  ['jxl', 'jxl', /./],
  ['bmp', 'bmp', /^8/],
  ['pnm', 'pnm', /./],
  ['pam', 'pnm', /./],
  ['ppm', 'pnm', /opaque/],
  ['pgm', 'pnm', /gray opaque/],
  ['exr', 'exr', /./],
];

const cases = FORMATS.flatMap(([ending, format, held]) =>
  [1, 2].flatMap((bytes) =>
    [1, 3].flatMap((bands) =>
      ['opaque', 'alpha'].flatMap((transparency): Case[] => {
        const kind = `${bytes * 8}-bit ${bands === 1 ? 'gray' : 'RGB'} ${transparency}`;
        if (!held.test(kind)) return [];
        const [channels, bytesPerSample] = [bands as 1 | 3, bytes as 1 | 2];
        const alpha = transparency === 'alpha' ? makeNoise(37, 29, 1, bytesPerSample) : null;
        const colour = makeNoise(37, 29, channels, bytesPerSample);
        const picture = { name: `${kind}.${ending}`, format, colour, alpha };
        return [{ ...picture, pixels: ffmpegPixels(picture) }];
      }),
    ),
  ),
);

/** The file's own, so that nothing is converted. */
function ffmpegPixels({ name, format, colour, alpha }: Omit<Case, 'pixels'>): string {
  const depth = colour.bytesPerSample === 1 ? 0 : 1;
  if (format === 'exr') return alpha !== null ? 'gbrapf32le' : colour.channels === 1 ? 'grayf32le' : 'gbrpf32le';
  const bands = isTripled(name) ? 3 + (alpha === null ? 0 : 1) : colour.channels + (alpha === null ? 0 : 1);
  return [
    ['gray', 'gray16le'],
    ['ya8', 'ya16le'],
    ['rgb24', 'rgb48le'],
    ['rgba', 'rgba64le'],
  ][bands - 1]![depth]!;
}

/** Kinds that hold gray as three equal channels. */
function isTripled(name: string): boolean {
  return /\.(bmp|ppm)$/.test(name);
}

beforeAll(async () => {
  for (const { name, format, colour, alpha } of cases) {
    const settings = { format, lossless: true, effort: 'fast' } as const;
    expect(await write(folder.path(name), colour, alpha, settings)).toEqual([]);
  }
  const inputs = cases.flatMap(({ name }) => ['-i', `file:${folder.path(name)}`]);
  const outputs = cases.flatMap(({ name, pixels }, index) => {
    return ['-map', `${index}:v`, '-f', 'rawvideo', '-pix_fmt', pixels, `file:${folder.path(`${name}.raw`)}`];
  });
  execFileSync('ffmpeg', ['-v', 'error', ...inputs, ...outputs]);
});

for (const { name, format, colour, alpha } of cases) {
  test(`${name.replace('.', ' comes back from .')}, read by ffmpeg`, () => {
    const raw = new Uint8Array(readFileSync(folder.path(`${name}.raw`)));
    if (format === 'exr') expectFromLinear(new Float32Array(raw.buffer), colour, alpha);
    else {
      const shown = isTripled(name) ? tripled(colour) : colour;
      expect(Buffer.from(alpha === null ? shown.data : joinAlpha(shown, alpha)).equals(raw)).toBe(true);
    }
  });
}

function tripled(colour: Raster): Raster {
  if (colour.channels === 3) return colour;
  const out = makeRaster(colour.width, colour.height, { channels: 3, bytesPerSample: colour.bytesPerSample });
  const from = samplesOf(colour);
  samplesOf(out).forEach((_, index, to) => {
    to[index] = from[Math.floor(index / 3)]!;
  });
  return out;
}

/** As a reader does it: alpha divided out, light as sRGB. Exact for 8 bits, to within a level for 16. */
function expectFromLinear(planes: Float32Array, colour: Raster, alpha: Raster | null): void {
  const { channels, bytesPerSample } = colour;
  const top = bytesPerSample === 1 ? 255 : 65_535;
  const pixels = colour.width * colour.height;
  const [samples, opacities] = [samplesOf(colour), alpha === null ? null : samplesOf(alpha)];
  const planeOf = channels === 1 ? [0] : [2, 0, 1];
  let worst = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const opacity = opacities === null ? 1 : planes[3 * pixels + pixel]!;
    if (opacities !== null) expect(Math.round(opacity * top)).toBe(opacities[pixel]);
    for (const [channel, plane] of planeOf.entries()) {
      const light = planes[plane * pixels + pixel]!;
      // Nothing can be divided out of nothing.
      if (opacity === 0) expect(light).toBe(0);
      else {
        const value = Math.round(top * curve(light / opacity));
        worst = Math.max(worst, Math.abs(value - samples[pixel * channels + channel]!));
      }
    }
  }
  expect(worst).toBeLessThanOrEqual(bytesPerSample === 1 ? 0 : 1);
}

function curve(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

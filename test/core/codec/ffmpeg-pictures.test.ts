import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_PICTURE_LIMITS, inspectPicture, openPicture } from '../../../src/core/codec/index.ts';
import { ffmpeg } from '../../support/clips.ts';
import { decode, makeFolder, samplesOf } from './pictures.ts';

const folder = makeFolder();
const [WIDTH, HEIGHT] = [13, 9];
const PIXELS = WIDTH * HEIGHT;

/** Samples as ffmpeg is given them, and what has to come out. `bits`: of those in use, at the lower end. */
interface Form {
  readonly order: string;
  readonly planar?: boolean;
  readonly bytes: 1 | 2 | 4;
  readonly bits?: number;
}

const FORMS = {
  rgb24: { order: 'rgb', bytes: 1 },
  rgba: { order: 'rgba', bytes: 1 },
  abgr: { order: 'abgr', bytes: 1 },
  gray: { order: 'y', bytes: 1 },
  ya8: { order: 'ya', bytes: 1 },
  rgb48le: { order: 'rgb', bytes: 2 },
  rgba64le: { order: 'rgba', bytes: 2 },
  gray16le: { order: 'y', bytes: 2 },
  ya16le: { order: 'ya', bytes: 2 },
  gray12le: { order: 'y', bytes: 2, bits: 12 },
  gbrp10le: { order: 'gbr', planar: true, bytes: 2, bits: 10 },
  gbrp12le: { order: 'gbr', planar: true, bytes: 2, bits: 12 },
  grayf32le: { order: 'y', bytes: 4 },
  gbrpf32le: { order: 'gbr', planar: true, bytes: 4 },
  gbrapf32le: { order: 'gbra', planar: true, bytes: 4 },
} as const satisfies Record<string, Form>;
type FormName = keyof typeof FORMS;

/** Ending of the file, what it is made from, the encoder's options. */
const CASES: readonly (readonly [string, FormName, ...string[]])[] = [
  ...(['rgb24', 'ya8', 'rgba64le', 'gray12le'] as const).map(
    (form) => ['jp2', form, '-c:v', 'libopenjpeg', '-numresolution', '2'] as const,
  ),
  ['j2k', 'rgb24', '-c:v', 'libopenjpeg', '-numresolution', '2', '-format', 'j2k'],
  ...(['rgb24', 'ya8', 'rgba64le', 'gray16le'] as const).map(
    (form) => ['jxl', form, '-c:v', 'libjxl', '-distance', '0'] as const,
  ),
  ...(['grayf32le', 'gbrpf32le', 'gbrapf32le'] as const).map((form) => ['exr', form, '-c:v', 'exr'] as const),
  ['exr', 'gbrpf32le', '-c:v', 'exr', '-compression', 'zip16'],
  ...(['gray', 'abgr', 'rgb48le', 'gbrp10le', 'gbrp12le'] as const).map(
    (form) => ['dpx', form, '-c:v', 'dpx'] as const,
  ),
  ...(['rgba', 'gray'] as const).map((form) => ['sgi', form, '-c:v', 'sgi'] as const),
  ['sgi', 'rgb24', '-c:v', 'sgi', '-rle', '0'],
  ['pcx', 'rgb24', '-c:v', 'pcx'],
];

const nameOf = (index: number) => `${CASES[index]![1]}-${index}.${CASES[index]![0]}`;

beforeAll(() => {
  // One run of ffmpeg for all.
  const forms = Object.keys(FORMS) as FormName[];
  const size = `${WIDTH}x${HEIGHT}`;
  for (const form of forms) writeFileSync(folder.path(form), rawOf(FORMS[form]));
  ffmpeg(
    ...forms.flatMap((form) => ['-f', 'rawvideo', '-pix_fmt', form, '-s', size, '-i', folder.path(form)]),
    ...CASES.flatMap(([ending, form, ...options], index) => [
      ...['-map', `${forms.indexOf(form)}:v`, '-frames:v', '1', '-update', '1', ...options],
      ...(ending === 'jp2' || ending === 'j2k' ? ['-f', 'image2'] : []),
      folder.path(nameOf(index)),
    ]),
  );
});

describe('pictures that ffmpeg decodes', () => {
  test.each(
    CASES.map(([ending, form, ...options], index) => [ending, form, options.slice(2).join(' '), index] as const),
  )('%s of %s %s: every sample is the file’s own', async (_, form, __, index) => {
    const wanted = expectedOf(FORMS[form]);
    const picture = await decode(folder.path(nameOf(index)));
    expect([picture.width, picture.height]).toEqual([WIDTH, HEIGHT]);
    expect(samplesOf(picture.colour)).toEqual(wanted.colour);
    expect(picture.alpha === null ? null : samplesOf(picture.alpha)).toEqual(wanted.alpha);
  });

  test.each([...new Map(CASES.map(([ending], index) => [ending, index])).entries()])(
    'a %s cut anywhere is refused, and with flipped bytes it is refused or whole',
    async (ending, index) => {
      const whole = readFileSync(folder.path(nameOf(index)));
      for (const part of [0.5, 0.97]) {
        const path = folder.path(`cut.${ending}`);
        writeFileSync(path, whole.subarray(0, Math.floor(whole.length * part)));
        await expect(decode(path)).rejects.toMatchObject({ code: 'input-damaged' });
      }
      for (const place of [0.6]) {
        const path = folder.path(`flipped.${ending}`);
        const flipped = Buffer.from(whole);
        flipped[Math.floor(whole.length * place)]! ^= 0x55;
        writeFileSync(path, flipped);
        const outcome = await decode(path).catch((error: { code: string }) => error.code);
        if (typeof outcome !== 'string') {
          const { width, height, colour } = outcome;
          expect(colour.data.length).toBe(width * height * colour.channels * colour.bytesPerSample);
        } else expect(outcome).toMatch(/^input-(damaged|unsupported|too-large)$/);
      }
    },
    30_000,
  );

  test('the size is judged before ffmpeg is asked', async () => {
    const path = folder.path(nameOf(0));
    const env = process.env.FFMPEG_PATH;
    process.env.FFMPEG_PATH = folder.path('no-ffmpeg');
    try {
      await expect(openPicture(path, { maxInputMegapixels: 0.0001 })).rejects.toMatchObject({
        code: 'input-too-large',
      });
      await expect(openPicture(path, DEFAULT_PICTURE_LIMITS)).rejects.toMatchObject({
        code: 'ffmpeg-missing',
        message: expect.stringMatching(/needs ffmpeg and ffprobe to read a JPEG 2000 picture/),
      });
    } finally {
      if (env === undefined) delete process.env.FFMPEG_PATH;
      else process.env.FFMPEG_PATH = env;
    }
  });

  test('light beyond white, below black and no number are counted', async () => {
    const light = Float32Array.from({ length: PIXELS }, (_, index) => [2, -1, Number.NaN, 0.5][index % 4]!);
    writeFileSync(folder.path('light'), Buffer.from(light.buffer));
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'grayf32le', '-s', `${WIDTH}x${HEIGHT}`, '-i', folder.path('light')];
    ffmpeg(...raw, '-frames:v', '1', folder.path('light.exr'));
    const picture = await decode(folder.path('light.exr'));
    expect(samplesOf(picture.colour).slice(0, 4)).toEqual([65_535, 0, 0, 48_192]);
    expect(picture.warnings).toEqual([
      expect.stringMatching(/^25\.6 % of the samples .* brighter than white/),
      expect.stringMatching(/^24\.8 % .* below 0/),
      expect.stringMatching(/^24\.8 % .* no numbers/),
    ]);
    const { warnings } = await inspectPicture(folder.path('light.exr'), DEFAULT_PICTURE_LIMITS);
    expect(warnings).toEqual([expect.stringMatching(/linear light/)]);
  });

  test('a logarithmic DPX keeps its code values, and one that is turned comes upright', async () => {
    const dpx = readFileSync(
      folder.path(nameOf(CASES.findIndex(([ending, form]) => ending === 'dpx' && form === 'gray'))),
    );
    dpx[801] = 3;
    // Of either byte order.
    dpx.writeUInt16BE(dpx.toString('latin1', 0, 4) === 'SDPX' ? 4 : 0x400, 768);
    writeFileSync(folder.path('log.dpx'), dpx);
    const picture = await decode(folder.path('log.dpx'));
    const { colour } = expectedOf(FORMS.gray);
    expect([picture.width, picture.height]).toEqual([HEIGHT, WIDTH]);
    // Columns of the film's frame are rows of the file.
    expect(samplesOf(picture.colour).slice(0, 3)).toEqual([colour[0], colour[WIDTH], colour[2 * WIDTH]]);
    const { warnings } = await inspectPicture(folder.path('log.dpx'), DEFAULT_PICTURE_LIMITS);
    expect(warnings).toEqual([expect.stringMatching(/densities of film/)]);
  });

  test('a texture of one block, and BC7 by its name', async () => {
    const head = Buffer.alloc(128);
    head.write('DDS ', 'latin1');
    for (const [at, value] of [
      [4, 124],
      [8, 0x1007],
      [12, 4],
      [16, 4],
      [76, 32],
      [80, 4],
      [108, 0x1000],
    ] as const)
      head.writeUInt32LE(value, at); // prettier-ignore
    head.write('DXT1', 84, 'latin1');
    // Red and blue of 5 bits each, and all pixels the first colour but one.
    const block = Buffer.from([0x00, 0xf8, 0x1f, 0x00, 0b01, 0, 0, 0]);
    writeFileSync(folder.path('one.dds'), Buffer.concat([head, block]));
    const { colour } = await decode(folder.path('one.dds'));
    expect(samplesOf(colour).slice(0, 6)).toEqual([0, 0, 255, 255, 0, 0]);
    head.write('DX10', 84, 'latin1');
    const bc7 = Buffer.alloc(36);
    bc7.writeUInt32LE(98, 0);
    writeFileSync(folder.path('seven.dds'), Buffer.concat([head, bc7]));
    await expect(decode(folder.path('seven.dds'))).rejects.toMatchObject({
      code: 'input-unsupported',
      message: expect.stringMatching(/BC7/),
    });
  });
});

describe('metadata', () => {
  const tiff = Buffer.from('II*\0\x08\0\0\0\0\0\0\0\0\0', 'latin1');
  const box = (type: string, content: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(content.length + 8);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, content]);
  };

  test('a JPEG XL keeps what its boxes hold', async () => {
    const bare = readFileSync(folder.path(nameOf(CASES.findIndex(([ending]) => ending === 'jxl'))));
    const { brotliCompressSync } = await import('node:zlib');
    const head = Buffer.from('\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ', 'latin1');
    const xmp = Buffer.from('<x:xmpmeta tiff:Orientation="6"/>');
    const packed = Buffer.concat([Buffer.from('xml '), brotliCompressSync(xmp)]);
    const exif = box('Exif', Buffer.concat([Buffer.alloc(4), tiff]));
    const content = bare.subarray(0, 2).toString('hex') === 'ff0a' ? box('jxlc', bare) : bare.subarray(32);
    writeFileSync(folder.path('boxes.jxl'), Buffer.concat([head, exif, box('brob', packed), content]));
    const { metadata } = await decode(folder.path('boxes.jxl'));
    expect(Buffer.from(metadata.exif!)).toEqual(tiff);
    // The decoder has turned the picture.
    expect(Buffer.from(metadata.xmp!).toString()).toBe('<x:xmpmeta tiff:Orientation="1"/>');
  });
});

/** Bytes that differ everywhere, and light of 0..1. */
function rawOf({ order, bytes, bits = 8 * bytes }: Form): Buffer {
  const count = PIXELS * order.length;
  if (bytes === 4) return Buffer.from(Float32Array.from({ length: count }, (_, index) => lightAt(index)).buffer);
  const raw = Buffer.alloc(count * bytes);
  for (let index = 0; index < count; index++) {
    if (bytes === 1) raw[index] = valueAt(index, 8);
    else raw.writeUInt16LE(valueAt(index, bits), 2 * index);
  }
  return raw;
}

/** The first are black and white. */
function valueAt(index: number, bits: number): number {
  return index < 4 ? (index % 2) * (2 ** bits - 1) : (Math.imul(index + 1, 2_654_435_761) >>> 8) % 2 ** bits;
}

function lightAt(index: number): number {
  return Math.fround(valueAt(index, 16) / 65_535);
}

function expectedOf(form: Form): { colour: number[]; alpha: number[] | null } {
  const { order, bytes, bits = 8 * bytes, planar = false } = form as Form;
  const at = (letter: string, pixel: number) => {
    const band = order.indexOf(letter);
    return planar ? band * PIXELS + pixel : pixel * order.length + band;
  };
  const alphaAt = (pixel: number) => lightAt(at('a', pixel));
  const sampleAt = (letter: string, pixel: number) => {
    if (bytes !== 4)
      return Math.round((valueAt(at(letter, pixel), bits) * (bytes === 1 ? 255 : 65_535)) / (2 ** bits - 1));
    if (letter === 'a') return Math.round(65_535 * alphaAt(pixel));
    const isClear = order.includes('a') && alphaAt(pixel) > 0;
    const light = Math.min(1, isClear ? lightAt(at(letter, pixel)) / alphaAt(pixel) : lightAt(at(letter, pixel)));
    return Math.round(65_535 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
  };
  const pixels = [...Array(PIXELS).keys()];
  return {
    colour: pixels.flatMap((pixel) =>
      [...(order.includes('y') ? 'y' : 'rgb')].map((letter) => sampleAt(letter, pixel)),
    ),
    alpha: order.includes('a') ? pixels.map((pixel) => sampleAt('a', pixel)) : null,
  };
}

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  DEFAULT_PICTURE_LIMITS,
  type DecodedPicture,
  inspectPicture,
  openPicture,
} from '../../../src/core/codec/index.ts';
import { ffmpeg } from '../../support/clips.ts';
import { decode, makeFolder, samplesOf } from './pictures.ts';

const folder = makeFolder();

async function pagesOf(path: string): Promise<DecodedPicture[]> {
  const pages: DecodedPicture[] = [];
  for await (const page of (await openPicture(path, DEFAULT_PICTURE_LIMITS)).pages()) pages.push(page);
  return pages;
}

describe('animated PNG', () => {
  const RED = [200, 0, 0, 255];
  const HALF_BLUE = [0, 0, 200, 128];
  const CLEAR = [0, 0, 0, 0];
  /** Laid over red. */
  const MIXED = [100, 0, 100, 255];
  const frame = (pixels: number[][], control: Partial<Control> = {}) => ({ pixels, control: { ...WHOLE, ...control } });
  const [NONE, BACKGROUND, PREVIOUS] = [0, 1, 2];
  const OVER = 1;

  test('frames are laid, blended and taken away as they say', async () => {
    const path = folder.path('rules.png');
    writeFileSync(
      path,
      apng([
        frame([RED, RED], { delay: [1, 10] }),
        frame([HALF_BLUE], { width: 1, blend: OVER, dispose: PREVIOUS, delay: [3, 0] }),
        frame([HALF_BLUE], { width: 1, x: 1, blend: OVER, dispose: BACKGROUND, delay: [0, 1] }),
        frame([HALF_BLUE], { width: 1, blend: 0, dispose: NONE, delay: [1, 3] }),
      ]),
    );
    const pages = await pagesOf(path);
    const seen = pages.map(({ colour, alpha }) => {
      const [samples, opacity] = [samplesOf(colour), samplesOf(alpha!)];
      return [0, 1].map((pixel) => [...samples.slice(3 * pixel, 3 * pixel + 3), opacity[pixel]]);
    });
    expect(seen).toEqual([
      [RED, RED],
      [MIXED, RED],
      [RED, MIXED],
      [HALF_BLUE, CLEAR],
    ]);
    const { animated, metadata, format } = await inspectPicture(path, DEFAULT_PICTURE_LIMITS);
    expect({ animated, format, delaysMs: metadata.delaysMs, loop: metadata.loop }).toEqual({
      animated: true,
      format: 'png',
      delaysMs: [100, 30, 0, 333],
      loop: 2,
    });
    expect((await (await openPicture(path, DEFAULT_PICTURE_LIMITS)).readPage(2)).page).toBe(2);
  });

  test('a picture before the first control chunk is none of the animation', async () => {
    const path = folder.path('hidden.png');
    writeFileSync(path, apng([frame([RED, RED]), frame([HALF_BLUE, RED])], [CLEAR, CLEAR]));
    const pages = await pagesOf(path);
    expect(pages.map(({ colour }) => samplesOf(colour).slice(0, 3))).toEqual([RED.slice(0, 3), HALF_BLUE.slice(0, 3)]);
  });

  test('one frame is a still', async () => {
    writeFileSync(folder.path('one.png'), apng([frame([RED, RED])]));
    const { animated, pages, warnings } = await inspectPicture(folder.path('one.png'), DEFAULT_PICTURE_LIMITS);
    expect({ animated, pages: pages.length, warnings }).toEqual({ animated: false, pages: 1, warnings: [] });
  });

  test.each(['gray', 'rgb24', 'pal8', 'ya8', 'rgb48be', 'gray16be'])(
    'what ffmpeg writes of %s comes back',
    async (form) => {
      const [path, wide] = [folder.path(`${form}.png`), form.includes('16') || form.includes('48')];
      const source = ['-f', 'lavfi', '-i', 'testsrc2=size=24x16:rate=10:duration=0.3'];
      ffmpeg(...source, '-pix_fmt', form, '-f', 'apng', '-plays', '0', path);
      const shown = ffmpeg('-i', path, '-pix_fmt', wide ? 'rgb48le' : 'rgb24', '-f', 'rawvideo', 'pipe:1');
      const pages = await pagesOf(path);
      const found = pages.flatMap(({ colour }) =>
        colour.channels === 3 ? samplesOf(colour) : samplesOf(colour).flatMap((level) => [level, level, level]),
      );
      const wanted = wide ? [...new Uint16Array(new Uint8Array(shown).buffer)] : [...shown];
      expect(pages.map(({ metadata }) => metadata.delaysMs)).toEqual([0, 1, 2].map(() => [100, 100, 100]));
      expect(found).toEqual(wanted);
    },
  );

  test.each([0.4, 0.8, 0.99])('one that ends after %d of its bytes is refused', async (part) => {
    const bytes = apng([frame([RED, RED]), frame([HALF_BLUE, RED])]);
    writeFileSync(folder.path('short.png'), bytes.subarray(0, Math.floor(bytes.length * part)));
    await expect(pagesOf(folder.path('short.png'))).rejects.toMatchObject({ code: 'input-damaged' });
  });

  test('so is one with a flipped bit in any frame, and one of too many frames before they are looked at', async () => {
    const bytes = apng([frame([RED, RED]), frame([HALF_BLUE, RED])]);
    const flipped = Buffer.from(bytes);
    flipped[bytes.lastIndexOf('fdAT') + 10]! ^= 1;
    writeFileSync(folder.path('flipped.png'), flipped);
    await expect(pagesOf(folder.path('flipped.png'))).rejects.toMatchObject({ code: 'input-damaged' });
    writeFileSync(folder.path('many.png'), apng([frame([RED, RED])], null, 10_001));
    await expect(openPicture(folder.path('many.png'), DEFAULT_PICTURE_LIMITS)).rejects.toMatchObject({
      code: 'input-unsupported',
      message: expect.stringMatching(/10001 pages/),
    });
  });
});

describe('animated AVIF', () => {
  beforeAll(() => {
    const size = ['-s', '16x12', '-r', '5'];
    const frames = (count: number) => Buffer.from(Array.from({ length: count }, (_, index) => (index * 7) % 251));
    writeFileSync(folder.path('colours'), frames(16 * 12 * 3 * 3));
    writeFileSync(folder.path('alphas'), frames(16 * 12 * 3));
    ffmpeg(
      ...['-f', 'rawvideo', '-pix_fmt', 'gbrp', ...size, '-i', folder.path('colours')],
      ...['-f', 'rawvideo', '-pix_fmt', 'gray', '-color_range', 'pc', ...size, '-i', folder.path('alphas')],
      ...['-map', '0:v', '-map', '1:v', '-c:v', 'libaom-av1', '-cpu-used', '8', '-aom-params', 'lossless=1'],
      ...['-color_range:v:1', 'pc', '-f', 'avif', folder.path('star.avif')],
    );
  });

  test('is read with its alpha, whatever it is called', async () => {
    copyFileSync(folder.path('star.avif'), folder.path('star.mp4'));
    const [colours, alphas] = [readFileSync(folder.path('colours')), readFileSync(folder.path('alphas'))];
    for (const name of ['star.avif', 'star.mp4']) {
      const pages = await pagesOf(folder.path(name));
      expect(pages.length).toBe(3);
      for (const { page, colour, alpha, metadata } of pages) {
        const planes = colours.subarray(page * 576, (page + 1) * 576);
        const wanted = Array.from({ length: 192 }, (_, pixel) => [
          planes[384 + pixel],
          planes[pixel],
          planes[192 + pixel],
        ]);
        expect(samplesOf(colour)).toEqual(wanted.flat());
        expect(samplesOf(alpha!)).toEqual([...alphas.subarray(page * 192, (page + 1) * 192)]);
        expect({ delaysMs: metadata.delaysMs, loop: metadata.loop }).toEqual({ delaysMs: [200, 200, 200], loop: 0 });
      }
    }
  });

  test('luma and chroma become the colours that they mean', async () => {
    // Rec. 709 of narrow range: ffmpeg's own conversion is exact to a level or two.
    const filter = 'scale=out_color_matrix=bt709:out_range=tv,format=yuv444p';
    const marks = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'];
    const source = ['-f', 'lavfi', '-i', 'color=0xc85028:size=16x16:rate=5:duration=0.4'];
    const codec = ['-c:v', 'libaom-av1', '-cpu-used', '8', '-aom-params', 'lossless=1'];
    ffmpeg(...source, '-vf', filter, ...marks, ...codec, '-f', 'avif', folder.path('flat.avif'));
    const { colour } = await decode(folder.path('flat.avif'));
    const worst = samplesOf(colour).map((level, index) => Math.abs(level - [0xc8, 0x50, 0x28][index % 3]!));
    expect(Math.max(...worst)).toBeLessThanOrEqual(2);
  });

  test('one cut in half is refused', async () => {
    const bytes = readFileSync(folder.path('star.avif'));
    writeFileSync(folder.path('half.avif'), bytes.subarray(0, bytes.length >> 1));
    await expect(pagesOf(folder.path('half.avif'))).rejects.toMatchObject({ code: 'input-damaged' });
  });
});

interface Control {
  readonly width: number;
  readonly x: number;
  readonly delay: readonly [number, number];
  readonly dispose: number;
  readonly blend: number;
}

const WHOLE: Control = { width: 2, x: 0, delay: [1, 10], dispose: 0, blend: 0 };

/** An RGBA animation of 2x1 pixels that runs twice. @param hidden a picture that is not shown */
function apng(
  frames: readonly { pixels: number[][]; control: Control }[],
  hidden: number[][] | null = null,
  announced = frames.length,
): Buffer {
  let order = 0;
  const rows = (pixels: number[][]) => deflateSync(Buffer.from([0, ...pixels.flat()]));
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
    return bytes;
  };
  const parts = frames.flatMap(({ pixels, control: { width, x, delay, dispose, blend } }, index) => {
    const shorts = Buffer.from([delay[0] >> 8, delay[0] & 255, delay[1] >> 8, delay[1] & 255, dispose, blend]);
    const control = chunk('fcTL', Buffer.concat([numbers(order++, width, 1, x, 0), shorts]));
    const isFirst = index === 0 && hidden === null;
    const data = isFirst ? chunk('IDAT', rows(pixels)) : chunk('fdAT', Buffer.concat([numbers(order++), rows(pixels)]));
    return [control, data];
  });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', Buffer.concat([numbers(2, 1), Buffer.from([8, 6, 0, 0, 0])])),
    chunk('acTL', numbers(announced, 2)),
    ...(hidden === null ? [] : [chunk('IDAT', rows(hidden))]),
    ...parts,
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(content.length + 12);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { createPicture, NO_METADATA, openPicture } from '../../src/core/codec/index.ts';
import type { ImageRequest } from '../../src/core/still/image-request.ts';
import { upscaleImageFile } from '../../src/core/still/upscale-image.ts';
import { ffmpeg } from '../support/clips.ts';
import { imageRequest } from '../support/image-request.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';
import { makeFolder, makeNoise, planFor } from './codec/pictures.ts';

const folder = makeFolder();
const limits = { maxInputMegapixels: 1 };
/** Browsers' odd cases among them. */
const DELAYS = [30, 10, 50, 50, 50, 0, 120];
/** Pages: 0 to 2 differ, 3 and 4 are as 2, 5 is another, 6 as that. */
const LOOKS = [0, 1, 2, 2, 2, 3, 3];

/** Of two sources the second has holes, the first page being nothing but one. */
beforeAll(async () => {
  for (const [name, withAlpha] of [
    ['opaque.gif', false],
    ['holes.gif', true],
  ] as const) {
    const pages = LOOKS.map((look) => {
      const colour = makeNoise(5, 3, 3, 1, 3);
      colour.data.fill(look * 60, 3, 12);
      const alpha = makeNoise(5, 3, 1, 1);
      alpha.data.set(alpha.data.map((_, at) => (look === 0 || at === look ? 0 : 255)));
      return { colour: { ...colour, data: colour.data.map((value, at) => (at < 12 ? value : (at * 9) % 256)) }, alpha };
    });
    const sink = await createPicture(
      folder.path(name),
      planFor(pages[0]!.colour, withAlpha ? pages[0]!.alpha : null, {
        format: 'gif',
        pages: pages.map(() => ({ width: 5, height: 3, resizeTo: null })),
        metadata: { ...NO_METADATA, delaysMs: DELAYS, loop: 2 },
      }),
    );
    for (const { colour, alpha } of pages) await sink.writeRows({ colour, alpha: withAlpha ? alpha : null });
    await sink.finish();
  }
});

let names = 0;
async function upscaled(input: string, extension: string, changes: Partial<ImageRequest> = {}): Promise<string> {
  const output = folder.path(`out-${names++}${extension}`);
  const request = imageRequest(input, output, { lossless: extension !== '.gif', gray: 'off', ...changes });
  const { signal } = new AbortController();
  await upscaleImageFile(request, {
    ...{ upscaler: nearestUpscaler(2), model: 'nearest', making: null, signal, onEvent: () => {} },
  });
  return output;
}

/** RGBA of every page, 0 where it is transparent; of a source each pixel twice two times. */
async function pagesOf(path: string, isSource: boolean): Promise<number[][]> {
  const all: number[][] = [];
  for await (const { colour, alpha, width, height } of (await openPicture(path, limits)).pages()) {
    const scale = isSource ? 2 : 1;
    all.push(
      Array.from({ length: width * height * scale ** 2 }, (_, index) => {
        const [x, y] = [index % (width * scale), Math.floor(index / (width * scale))];
        const at = Math.floor(y / scale) * width + Math.floor(x / scale);
        const opacity = alpha?.data[at] ?? 255;
        return opacity === 0 ? [0, 0, 0, 0] : [...colour.data.slice(at * 3, at * 3 + 3), opacity];
      }).flat(),
    );
  }
  return all;
}

function pagesByFfmpeg(path: string, withAlpha: boolean): number[][] {
  const isAvif = path.endsWith('.avif');
  const merge = isAvif && withAlpha ? ['-filter_complex', '[0:v:0]format=gbrp[c];[c][0:v:1]alphamerge'] : [];
  const raw = ffmpeg('-i', path, ...merge, '-fps_mode', 'passthrough', '-pix_fmt', 'rgba', '-f', 'rawvideo', '-');
  return Array.from({ length: raw.length / 240 }, (_, page) => {
    const rgba = [...raw.subarray(page * 240, (page + 1) * 240)];
    return rgba.map((sample, at) => (rgba[at - (at % 4) + 3] === 0 ? 0 : sample));
  });
}

function delaysByFfmpeg(path: string): number[] {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=duration_time', '-of', 'csv=p=0'];
  const lines = execFileSync('ffprobe', [...args, path], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => Math.round(Number.parseFloat(line) * 1000));
}

test.each(
  ['opaque.gif', 'holes.gif'].flatMap((source) =>
    ['.gif', '.webp', '.png', '.avif'].map((extension) => [source, extension] as const),
  ),
)('%s becomes %s with every page, delay and sample', async (source, extension) => {
  const input = folder.path(source);
  const expected = await pagesOf(input, true);
  expect(expected).toHaveLength(LOOKS.length);
  const output = await upscaled(input, extension);
  if (extension === '.gif' || extension === '.webp') {
    expect(await pagesOf(output, false)).toEqual(expected);
    const { info } = await openPicture(output, limits);
    expect(info.metadata).toMatchObject({ delaysMs: DELAYS, loop: 2 });
    return;
  }
  expect(pagesByFfmpeg(output, source === 'holes.gif')).toEqual(expected);
  // ffmpeg makes up something for a page that lasts no time.
  const known = (delays: readonly number[]) => delays.filter((_, page) => DELAYS[page] !== 0);
  expect(known(delaysByFfmpeg(output))).toEqual(known(DELAYS));
});

test('equal pages alone stay as many as they were', async () => {
  const colour = makeNoise(6, 4, 3, 1);
  const count = 12;
  for (const [format, extension] of [
    ['webp', '.webp'],
    ['gif', '.gif'],
  ] as const) {
    const path = folder.path(`equal${extension}`);
    const plan = planFor(colour, null, {
      format,
      pages: new Array(count).fill({ width: 6, height: 4, resizeTo: null }),
      metadata: { ...NO_METADATA, delaysMs: new Array<number>(count).fill(20), loop: 0 },
    });
    const sink = await createPicture(path, plan);
    for (let page = 0; page < count; page++) await sink.writeRows({ colour, alpha: null });
    await sink.finish();
    const { info } = await openPicture(await upscaled(path, extension), limits);
    expect(info.pages).toHaveLength(count);
    expect(info.metadata.delaysMs).toEqual(new Array(count).fill(20));
  }
});

test('a page that is resampled takes nothing from the page beside it', async () => {
  const [black, white] = [0, 255].map((level) => ({ ...makeNoise(6, 4, 3, 1), data: new Uint8Array(72).fill(level) }));
  const path = folder.path('two.webp');
  const plan = planFor(black!, null, {
    format: 'webp',
    lossless: true,
    pages: [0, 1].map(() => ({ width: 6, height: 4, resizeTo: { width: 9, height: 5 } })),
    metadata: { ...NO_METADATA, delaysMs: [50, 50], loop: 0 },
  });
  const sink = await createPicture(path, plan);
  for (const colour of [black!, white!]) await sink.writeRows({ colour, alpha: null });
  await sink.finish();
  const reader = await openPicture(path, limits);
  expect(new Set((await reader.readPage(0)).colour.data)).toEqual(new Set([0]));
  expect(new Set((await reader.readPage(1)).colour.data)).toEqual(new Set([255]));
});

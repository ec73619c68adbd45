import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import {
  createPicture,
  DEFAULT_PICTURE_LIMITS,
  NO_METADATA,
  type OutputFormat,
  openPicture,
  type PictureFilePlan,
} from '../../../src/core/codec/index.ts';
import type { Raster } from '../../../src/core/pixels/raster.ts';
import { ffmpeg } from '../../support/clips.ts';
import { makeFolder, makeNoise, planFor, samplesOf } from './pictures.ts';

const folder = makeFolder();
/** Odd, so that frames cannot all start at even pixels. */
const SIZE = { width: 13, height: 9 };

interface Page {
  readonly colour: Raster;
  readonly alpha: Raster | null;
}

type Kind = 'gray' | 'gray with alpha' | 'RGB' | 'RGB with alpha';
const KINDS: readonly Kind[] = ['gray', 'gray with alpha', 'RGB', 'RGB with alpha'];

/**
 * Begins wholly transparent where there is alpha; then a spot that comes, stays, moves, and goes; the last pages are
 * equal.
 */
function makePages(kind: Kind, bytesPerSample: 1 | 2, levels: readonly [number, number]): Page[] {
  const channels = kind.startsWith('RGB') ? 3 : 1;
  const base = makeNoise(SIZE.width, SIZE.height, channels, bytesPerSample);
  const spots = [null, [3, 2], [3, 2], [6, 3], null, [0, 0], [0, 0], [0, 0]] as const;
  return spots.map((spot, page) => {
    const colour = { ...base, data: base.data.slice() };
    const alpha = {
      ...makeNoise(SIZE.width, SIZE.height, 1, bytesPerSample),
      data: new Uint8Array(13 * 9 * bytesPerSample),
    };
    const samples = bytesPerSample === 2 ? new Uint16Array(alpha.data.buffer) : alpha.data;
    samples.fill(page === 0 ? levels[0] : levels[1]);
    if (spot !== null) {
      for (let y = spot[1]; y < spot[1] + 4; y++) {
        for (let x = spot[0]; x < spot[0] + 5; x++) {
          const at = y * SIZE.width + x;
          colour.data.fill(page === 3 ? 9 : 200, at * channels * bytesPerSample, (at + 1) * channels * bytesPerSample);
          samples[at] = (x + y) % 3 === 0 ? levels[0] : levels[1];
        }
      }
    }
    return { colour, alpha: kind.endsWith('alpha') ? alpha : null };
  });
}

const DELAYS = [50, 100, 30, 120, 70, 40, 2000, 90];

async function writePages(name: string, pages: readonly Page[], changes: Partial<PictureFilePlan>): Promise<string> {
  const path = folder.path(name);
  const [first] = pages;
  const plan = planFor(first!.colour, first!.alpha, {
    pages: pages.map(({ colour: { width, height } }) => ({ width, height, resizeTo: null })),
    metadata: { ...NO_METADATA, delaysMs: DELAYS.slice(0, pages.length), loop: 0 },
    ...changes,
  });
  const sink = await createPicture(path, plan);
  for (const page of pages) await sink.writeRows(page);
  await sink.finish();
  return path;
}

/** A page's samples as RGBA. */
function rgbaOf({ colour, alpha }: Page): number[] {
  const [samples, opacity] = [samplesOf(colour), alpha === null ? null : samplesOf(alpha)];
  const top = colour.bytesPerSample === 1 ? 255 : 65_535;
  return Array.from({ length: colour.width * colour.height }, (_, at) => {
    const own = opacity?.[at] ?? top;
    const [r, g, b] = [0, 1, 2].map((band) => samples[at * colour.channels + (colour.channels === 1 ? 0 : band)]!);
    return [r!, g!, b!, own];
  }).flat();
}

/** Every picture of a file as another program sees it. */
function seenByFfmpeg(path: string, bytesPerSample: 1 | 2, filter: readonly string[] = []): number[][] {
  const format = bytesPerSample === 1 ? 'rgba' : 'rgba64le';
  const raw = ffmpeg('-i', path, ...filter, '-fps_mode', 'passthrough', '-pix_fmt', format, '-f', 'rawvideo', '-');
  const samples = bytesPerSample === 1 ? raw : new Uint16Array(new Uint8Array(raw).buffer);
  const perPage = SIZE.width * SIZE.height * 4;
  return Array.from({ length: samples.length / perPage }, (_, page) => [
    ...samples.subarray(page * perPage, (page + 1) * perPage),
  ]);
}

/** What lies under alpha 0 may be anything. */
function withoutHidden(rgba: readonly number[]): number[] {
  return rgba.map((sample, at) => (rgba[at - (at % 4) + 3] === 0 ? 0 : sample));
}

async function seenByUpreel(path: string): Promise<number[][]> {
  const pages: number[][] = [];
  for await (const page of (await openPicture(path, DEFAULT_PICTURE_LIMITS)).pages())
    pages.push(withoutHidden(rgbaOf(page)));
  return pages;
}

function durationsOf(path: string): number[] {
  const args = [
    '-v',
    'error',
    '-select_streams',
    'v:0',
    '-show_entries',
    'packet=duration_time',
    '-of',
    'csv=p=0',
    path,
  ];
  const text = execFileSync('ffprobe', args, { encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((line) => Math.round(Number.parseFloat(line) * 1e6) / 1000);
}

test.each(KINDS.flatMap((kind) => ([1, 2] as const).map((bytes) => [kind, bytes] as const)))(
  'APNG gives %s of %i bytes back sample for sample, with every page and delay',
  async (kind, bytesPerSample) => {
    const pages = makePages(kind, bytesPerSample, [0, bytesPerSample === 1 ? 150 : 40_000]);
    const path = await writePages(`${kind}-${bytesPerSample}.apng`, pages, { format: 'png' });
    expect(seenByFfmpeg(path, bytesPerSample)).toEqual(pages.map((page) => rgbaOf(page)));
    expect(durationsOf(path)).toEqual(DELAYS);
  },
);

test.each(KINDS)('lossless WebP gives %s back sample for sample, with every page and delay', async (kind) => {
  const pages = makePages(kind, 1, [0, 150]);
  const path = await writePages(`${kind}.webp`, pages, { format: 'webp', lossless: true });
  expect(await seenByUpreel(path)).toEqual(pages.map((page) => withoutHidden(rgbaOf(page))));
  const { info } = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  expect(info.metadata.delaysMs).toEqual(DELAYS);
});

test.each(KINDS)('GIF shows %s exactly where the colours are few, to two readers', async (kind) => {
  const pages = makePages(kind, 1, [0, 255]);
  const path = await writePages(`${kind}.gif`, pages, { format: 'gif' });
  const expected = pages.map((page) => withoutHidden(rgbaOf(page)));
  expect(await seenByUpreel(path)).toEqual(expected);
  expect(seenByFfmpeg(path, 1).map(withoutHidden)).toEqual(expected);
  const { info } = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  expect(info.metadata.delaysMs).toEqual(DELAYS);
});

// Colours: animations.test.ts.
test.each(['gray', 'gray with alpha'] as const)(
  'lossless AVIF gives %s back sample for sample, with every page and delay',
  async (kind) => {
    const pages = makePages(kind, 1, [0, 150]);
    const path = await writePages(`${kind}.avif`, pages, { format: 'avif', lossless: true });
    const merge = kind.endsWith('alpha')
      ? ['-filter_complex', '[0:v:0]format=rgb24,format=gbrp[c];[c][0:v:1]alphamerge']
      : [];
    expect(seenByFfmpeg(path, 1, merge)).toEqual(pages.map((page) => rgbaOf(page)));
    expect(durationsOf(path)).toEqual(DELAYS);
  },
);

test.each<[string, OutputFormat]>([
  ['gif', 'gif'],
  ['webp', 'webp'],
])('%s keeps how often it runs', async (extension, format) => {
  const pages = makePages('RGB', 1, [0, 255]).slice(0, 2);
  for (const loop of [0, 1, 2, 7]) {
    const metadata = { ...NO_METADATA, delaysMs: [40, 50], loop };
    const path = await writePages(`loop-${loop}.${extension}`, pages, { format, metadata });
    expect((await openPicture(path, DEFAULT_PICTURE_LIMITS)).info.metadata.loop).toBe(loop);
  }
});

test('a still GIF is a GIF of one page', async () => {
  const [, page] = makePages('RGB with alpha', 1, [0, 255]);
  const path = await writePages('still.gif', [page!], { format: 'gif', metadata: NO_METADATA });
  const reader = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  expect(reader.info).toMatchObject({ animated: false, pages: [SIZE] });
  expect(withoutHidden(rgbaOf(await reader.readPage(0)))).toEqual(withoutHidden(rgbaOf(page!)));
  expect(readFileSync(path).includes('NETSCAPE')).toBe(false);
});

test('an animated AVIF that is given up leaves no file and no program', async () => {
  const [page] = makePages('RGB with alpha', 1, [0, 150]);
  const path = folder.path('given-up/x.avif');
  mkdirSync(folder.path('given-up'));
  const plan = planFor(page!.colour, page!.alpha, {
    format: 'avif',
    pages: [1, 2].map(() => ({ ...SIZE, resizeTo: null })),
    metadata: { ...NO_METADATA, delaysMs: [40, 50], loop: 0 },
  });
  const sink = await createPicture(path, plan);
  await sink.writeRows(page!);
  await sink.abort();
  expect(readdirSync(folder.path('given-up'))).toEqual([]);

  vi.stubEnv('FFMPEG_PATH', folder.path('no-ffmpeg'));
  await expect(createPicture(path, plan)).rejects.toMatchObject({ code: 'ffmpeg-missing' });
  vi.unstubAllEnvs();
  expect(readdirSync(folder.path('given-up'))).toEqual([]);
});

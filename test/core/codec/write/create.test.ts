import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { Carrier } from '../../../../src/core/codec/carrier.ts';
import { createPicture, DEFAULT_PICTURE_LIMITS, NO_METADATA, openPicture } from '../../../../src/core/codec/index.ts';
import type { Raster } from '../../../../src/core/pixels/raster.ts';
import { decode, makeFolder, makeNoise, planFor, samplesOf, write } from '../pictures.ts';

const folder = makeFolder();

for (const format of ['png', 'tiff', 'webp'] as const) {
  for (const bytesPerSample of [1, 2] as const) {
    if (format === 'webp' && bytesPerSample === 2) continue;
    for (const channels of [1, 3] as const) {
      for (const withAlpha of [false, true]) {
        const kind = `${channels === 1 ? 'gray' : 'RGB'}${withAlpha ? ' with alpha' : ''}`;
        test(`${kind} of ${bytesPerSample * 8} bits comes back from ${format} sample for sample`, async () => {
          const path = folder.path(`${format}-${bytesPerSample}-${channels}-${withAlpha}.${format}`);
          const colour = makeNoise(37, 29, channels, bytesPerSample);
          const alpha = withAlpha ? makeNoise(37, 29, 1, bytesPerSample) : null;
          await write(path, colour, alpha, { format, lossless: format === 'webp' });
          const back = await decode(path);
          const isWebpGray = format === 'webp' && channels === 1;
          const expected = isWebpGray ? samplesOf(colour).flatMap((value) => [value, value, value]) : samplesOf(colour);
          expect(samplesOf(back.colour)).toEqual(expected);
          expect(back.colour).toMatchObject({ width: 37, height: 29, bytesPerSample });
          if (alpha === null) expect(back.alpha).toBeNull();
          else expect(samplesOf(back.alpha!)).toEqual(samplesOf(alpha));
        });
      }
    }
  }
}

for (const format of ['png', 'tiff'] as const) {
  test(`more effort makes ${format} smaller and leaves its samples alone`, async () => {
    const colour = await makePhoto(256, 192);
    const sizes: number[] = [];
    for (const effort of ['fast', 'balanced', 'best'] as const) {
      const path = folder.path(`${effort}.${format}`);
      await write(path, colour, null, { format, effort });
      expect(samplesOf((await decode(path)).colour)).toEqual(samplesOf(colour));
      sizes.push(readFileSync(path).length);
    }
    expect(sizes[0]).toBeGreaterThan(sizes[1]! * 1.2);
    expect(sizes[2]).toBeLessThanOrEqual(sizes[1]!);
  });
}

test('a dark 16-bit picture stays 16-bit', async () => {
  for (const format of ['png', 'tiff'] as const) {
    const path = folder.path(`dark.${format}`);
    const dark = makeNoise(16, 16, 3, 2, 200);
    await write(path, dark, null, { format });
    expect(samplesOf((await decode(path)).colour)).toEqual(samplesOf(dark));
  }
});

async function makePhoto(width: number, height: number): Promise<Raster> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const pipeline = sharp({ create: { width, height, channels: 3, background: '#000', noise } }).blur(3);
  const data = new Uint8Array(await pipeline.removeAlpha().raw().toBuffer());
  return { width, height, channels: 3, bytesPerSample: 1, data };
}

test('16 bits become 8 by rounding, and the sink says so before the first row', async () => {
  const path = folder.path('narrow.webp');
  const data = new Uint8Array(new Uint16Array([0, 128, 129, 384, 65_407, 65_535]).buffer);
  const colour = { width: 6, height: 1, channels: 1, bytesPerSample: 2, data } as const;
  const warnings = await write(path, colour, null, { format: 'webp', lossless: true });
  expect(warnings).toEqual([expect.stringMatching(/^WebP is written with 8 bits/)]);
  const back = samplesOf((await decode(path)).colour).filter((_, index) => index % 3 === 0);
  expect(back).toEqual([0, 0, 1, 1, 255, 255]);
});

test('lossy formats come close', async () => {
  const width = 64;
  const data = new Uint8Array(width * width * 3).map((_, index) => 100 + ((index / 3) % width));
  const ramp = { width, height: width, channels: 3, bytesPerSample: 1, data } as const;
  for (const format of ['jpeg', 'webp', 'avif'] as const) {
    const path = folder.path(`ramp.${format}`);
    await write(path, ramp, null, { format });
    const back = samplesOf((await decode(path)).colour);
    expect(Math.max(...back.map((value, index) => Math.abs(value - data[index]!)))).toBeLessThanOrEqual(6);
  }
});

test('quality changes the size of a file', async () => {
  const noise = makeNoise(64, 64, 3, 1);
  for (const format of ['jpeg', 'webp', 'avif'] as const) {
    await write(folder.path(`low.${format}`), noise, null, { format, quality: 20 });
    await write(folder.path(`high.${format}`), noise, null, { format, quality: 95 });
    const [low, high] = ['low', 'high'].map((name) => readFileSync(folder.path(`${name}.${format}`)).length);
    expect(low! * 1.5).toBeLessThan(high!);
  }
});

test('resizeTo resamples to exactly that size, in every format', async () => {
  for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const) {
    const path = folder.path(`resized.${format}`);
    const pages = [{ width: 40, height: 40, resizeTo: { width: 25, height: 13 } }];
    await write(path, makeNoise(40, 40, 3, 1), null, { format, pages });
    expect(await decode(path)).toMatchObject({ width: 25, height: 13 });
  }
});

test('alpha does not reach JPEG unless a colour is put behind it', async () => {
  const colour = { ...makeNoise(8, 8, 3, 1), data: new Uint8Array(192).fill(255) };
  const alpha = { ...makeNoise(8, 8, 1, 1), data: new Uint8Array(64).fill(0) };
  await expect(createPicture(folder.path('a.jpg'), planFor(colour, alpha, { format: 'jpeg' }))).rejects.toMatchObject({
    code: 'usage',
    message: 'JPEG has no transparency, but the source has.',
  });
  await write(folder.path('flat.jpg'), colour, alpha, { format: 'jpeg', flatten: '#204080' });
  const [red, green, blue] = samplesOf((await decode(folder.path('flat.jpg'))).colour);
  expect([red! - 0x20, green! - 0x40, blue! - 0x80].every((difference) => Math.abs(difference) <= 2)).toBe(true);
});

test('what a format cannot hold is refused before any row', async () => {
  const base = planFor(makeNoise(8, 8, 3, 1), null);
  const page = (width: number, height: number) => [{ width, height, resizeTo: null }];
  const cases = [
    [{ format: 'webp', pages: page(16_384, 10) }, /^WebP holds at most 16383 pixels a side; the result has 16384x10/],
    [{ format: 'jpeg', pages: page(10, 65_536) }, /^JPEG holds at most 65535 pixels a side/],
    [{ format: 'avif', pages: page(9000, 9000) }, /^AVIF holds at most 50 megapixels/],
    [
      { format: 'png', pages: [...page(8, 8), ...page(8, 8)] },
      /^PNG holds one picture or an animation; the source's 2 pages have no times/,
    ],
    [{ format: 'webp', pages: [...page(8, 8), ...page(9, 8)] }, /^WebP holds pages of one size only/],
    [{ format: 'jpeg', lossless: true }, /^JPEG cannot be lossless/],
    [{ quality: 101 }, /^Expected 0 to 100 for `quality`, got 101/],
    [{ flatten: 'red' }, /^Expected a colour like #ffffff for `flatten`, got red/],
  ] as const;
  for (const [changes, message] of cases) {
    const attempt = createPicture(folder.path('no.png'), { ...base, ...changes });
    await expect(attempt).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
  }
});

test('an existing file is neither replaced nor touched unless asked', async () => {
  const path = folder.path('taken.png');
  writeFileSync(path, 'mine');
  const noise = makeNoise(8, 8, 3, 1);
  await expect(createPicture(path, planFor(noise, null))).rejects.toMatchObject({ code: 'output-exists' });
  expect(readFileSync(path, 'utf8')).toBe('mine');
  await write(path, noise, null, { overwrite: true });
  expect(samplesOf((await decode(path)).colour)).toEqual(samplesOf(noise));
});

test('a file that appears during the work is not replaced, and nothing else is left', async () => {
  const path = folder.path('race/late.png');
  mkdirSync(dirname(path));
  const noise = makeNoise(8, 8, 3, 1);
  const sink = await createPicture(path, planFor(noise, null));
  await sink.writeRows({ colour: noise, alpha: null });
  writeFileSync(path, 'theirs');
  await expect(sink.finish()).rejects.toMatchObject({ code: 'output-exists' });
  expect(readFileSync(path, 'utf8')).toBe('theirs');
  expect(readdirSync(dirname(path))).toEqual(['late.png']);
});

test('a missing folder is said before the work', async () => {
  const attempt = createPicture(folder.path('nowhere/x.png'), planFor(makeNoise(8, 8, 3, 1), null));
  await expect(attempt).rejects.toMatchObject({ code: 'output-unwritable' });
});

test('abort leaves nothing, and a wrong row is a failure that leaves nothing', async () => {
  mkdirSync(folder.path('abort'));
  const noise = makeNoise(8, 8, 3, 1);
  const sink = await createPicture(folder.path('abort/a.tif'), planFor(noise, null, { format: 'tiff' }));
  await sink.writeRows({ colour: noise, alpha: null });
  await sink.abort();
  await sink.abort();
  await expect(sink.finish()).rejects.toMatchObject({ code: 'interrupted' });
  const wrong = await createPicture(folder.path('abort/b.png'), planFor(noise, null));
  await expect(wrong.writeRows({ colour: makeNoise(9, 1, 3, 1), alpha: null })).rejects.toThrow(/rows of 8 pixels/);
  expect(readdirSync(folder.path('abort'))).toEqual([]);
});

test('an unfinished picture is not published', async () => {
  const noise = makeNoise(8, 8, 3, 1);
  const sink = await createPicture(folder.path('half.png'), planFor(noise, null));
  await sink.writeRows({ colour: { ...noise, height: 4, data: noise.data.subarray(0, 96) }, alpha: null });
  await expect(sink.finish()).rejects.toThrow(/Expected 1 pages, got 0 and 4 rows/);
  expect(existsSync(folder.path('half.png'))).toBe(false);
});

test('a carrier in a file holds the same bytes as one in memory', async () => {
  const pages = [
    { width: 300, height: 501 },
    { width: 17, height: 3 },
  ];
  const samples = { bands: 4, bytesPerSample: 2, alpha: true } as const;
  const rows = pages.map(({ width, height }) =>
    makeNoise(width * 2, height * 2, 1, 2).data.subarray(0, width * height * 8),
  );
  const file = folder.path('carrier.tif');
  const contents = [];
  for (const memoryBytes of [0, 1e9]) {
    const carrier = await Carrier.create(pages, samples, file, memoryBytes);
    for (const bytes of rows) await carrier.write(bytes);
    const finished = await carrier.finish();
    expect(typeof finished).toBe(memoryBytes === 0 ? 'string' : 'object');
    contents.push(typeof finished === 'string' ? readFileSync(finished) : finished);
    await carrier.discard();
  }
  expect(existsSync(file)).toBe(false);
  expect(contents[0]!.equals(contents[1]!)).toBe(true);
  const second = await sharp(contents[1]!, { page: 1 }).toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
  expect(second.equals(rows[1]!)).toBe(true);
});

test('a TIFF takes pages of different sizes and gives them back', async () => {
  const path = folder.path('pages.tif');
  const pages = [makeNoise(20, 10, 3, 1), makeNoise(5, 31, 3, 1), makeNoise(64, 64, 3, 1)];
  const plan = planFor(pages[0]!, null, {
    format: 'tiff',
    pages: pages.map(({ width, height }) => ({ width, height, resizeTo: null })),
    metadata: { ...NO_METADATA, density: { x: 300, y: 300 } },
  });
  const sink = await createPicture(path, plan);
  for (const colour of pages) await sink.writeRows({ colour, alpha: null });
  await sink.finish();
  const reader = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  expect(reader.info).toMatchObject({ animated: false, metadata: { density: { x: 300, y: 300 } } });
  const back = [];
  for await (const page of reader.pages()) back.push(page);
  expect(back.map(({ colour }) => samplesOf(colour))).toEqual(pages.map(samplesOf));
});

test('an animation keeps its pages, delays and loop', async () => {
  const path = folder.path('animation.webp');
  const pages = [1, 2, 3].map(() => makeNoise(24, 16, 3, 1));
  const plan = planFor(pages[0]!, null, {
    format: 'webp',
    lossless: true,
    pages: pages.map(({ width, height }) => ({ width, height, resizeTo: null })),
    metadata: { ...NO_METADATA, delaysMs: [40, 80, 120], loop: 3 },
  });
  const sink = await createPicture(path, plan);
  for (const colour of pages) await sink.writeRows({ colour, alpha: null });
  await sink.finish();
  const reader = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  expect(reader.info).toMatchObject({ animated: true, metadata: { delaysMs: [40, 80, 120], loop: 3 } });
  expect(samplesOf((await reader.readPage(2)).colour)).toEqual(samplesOf(pages[2]!));
});

test('a name with brackets is only a name', async () => {
  const path = folder.path('shot [page=1].png[x]');
  const noise = makeNoise(8, 8, 3, 1);
  await write(path, noise, null);
  expect(samplesOf((await decode(path)).colour)).toEqual(samplesOf(noise));
});

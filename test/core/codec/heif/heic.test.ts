import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { DecodedPicture, PictureInfo } from '../../../../src/core/codec/index.ts';
import { fromDist } from '../../../support/dist.ts';
import {
  box,
  type CodedPicture,
  codeHevc,
  extents,
  fullBox,
  type HeifPlan,
  heifFile,
  nclx,
  pictureItem,
  uint,
} from '../../../support/heif-file.ts';
import { makeFolder, makeNoise, makeTwistedProfile, samplesOf } from '../pictures.ts';

// Decoding runs on a thread, which only the build has.
const { openPicture } = await fromDist<typeof import('../../../../src/core/codec/index.ts')>('core/codec/index.js');

const folder = makeFolder();
const SIZE = { width: 48, height: 32 };
const LIMITS = { maxInputMegapixels: 1 };
const FULL_RGB = nclx(1, 13, 0, true);

/** Samples of one plane or three, as an array per plane, and coded without loss. */
interface Coded {
  readonly planes: readonly (readonly number[])[];
  readonly picture: CodedPicture;
}

const codings = new Map<string, Coded>();

/** Noise of a pixel format, coded once. */
function code(pixelFormat: 'gbrp' | 'gbrp10le' | 'gbrp12le' | 'gray' | 'gray10le', size = SIZE, seed = 0): Coded {
  const name = `${pixelFormat} ${size.width}x${size.height} ${seed}`;
  const known = codings.get(name);
  if (known !== undefined) return known;
  const bits = pixelFormat.includes('10') ? 10 : pixelFormat.includes('12') ? 12 : 8;
  const count = pixelFormat.startsWith('gbrp') ? 3 : 1;
  const planes = Array.from({ length: count }, () =>
    samplesOf(makeNoise(size.width, size.height, 1, bits > 8 ? 2 : 1, 2 ** bits - 1)),
  );
  const all = planes.flat();
  const samples = Buffer.from(bits > 8 ? Uint16Array.from(all).buffer : Uint8Array.from(all).buffer);
  const coded = { planes, picture: codeHevc(samples, { ...size, pixelFormat }) };
  codings.set(name, coded);
  return coded;
}

/** What a coded picture's samples are when they are spread over all levels. */
function expectedOf({ planes: [green = [], blue, red] }: Coded, bits: number): number[] {
  const spread = (value: number) => (bits === 8 ? value : Math.round((value * 65_535) / (2 ** bits - 1)));
  const channels = blue === undefined || red === undefined ? [green] : [red, green, blue];
  return green.flatMap((_, pixel) => channels.map((channel) => spread(channel[pixel]!)));
}

async function read(name: string, file: Buffer | HeifPlan): Promise<{ info: PictureInfo; page: DecodedPicture }> {
  const path = folder.path(name);
  writeFileSync(path, Buffer.isBuffer(file) ? file : heifFile(file));
  const reader = await openPicture(path, LIMITS);
  return { info: reader.info, page: await reader.readPage(0) };
}

const ALPHA_OF = 'urn:mpeg:hevc:2015:auxid:1';
const auxC = (urn: string) => fullBox('auxC', [0, 0], Buffer.from(`${urn}\0`));

describe('without loss', () => {
  const table = [
    { pixelFormat: 'gbrp', bits: 8, alpha: null },
    { pixelFormat: 'gbrp10le', bits: 10, alpha: null },
    { pixelFormat: 'gbrp12le', bits: 12, alpha: 'gray' },
    { pixelFormat: 'gray', bits: 8, alpha: null },
    { pixelFormat: 'gray10le', bits: 10, alpha: 'gray10le' },
    { pixelFormat: 'gbrp', bits: 8, alpha: 'gray' },
    { pixelFormat: 'gbrp', bits: 8, alpha: 'gray10le' },
  ] as const;
  for (const { pixelFormat, bits, alpha } of table) {
    test(`${pixelFormat} decodes to its samples, ${alpha === null ? 'opaque' : `with alpha of ${alpha}`}`, async () => {
      const colour = code(pixelFormat);
      const items = [pictureItem(1, colour.picture, [FULL_RGB])];
      const opacity = alpha === null ? null : code(alpha, SIZE, 1);
      if (opacity !== null) items.push(pictureItem(2, opacity.picture, [auxC(ALPHA_OF)]));
      const references = opacity === null ? [] : [{ type: 'auxl', from: 2, to: [1] }];
      const { info, page } = await read('plain.heic', { items, primary: 1, references });
      const bytesPerSample = bits > 8 ? 2 : 1;
      expect(info).toMatchObject({
        format: 'heic',
        bytesPerSample,
        alpha: alpha !== null,
        pages: [SIZE],
        warnings: [],
      });
      expect(page.colour).toMatchObject({ ...SIZE, channels: pixelFormat.startsWith('gray') ? 1 : 3, bytesPerSample });
      expect(samplesOf(page.colour)).toEqual(expectedOf(colour, bits));
      if (opacity === null || page.alpha === null) {
        expect(page.alpha).toBe(opacity);
        return;
      }
      const levels = bits > 8 ? 65_535 : 255;
      const top = alpha === 'gray' ? 255 : 1023;
      const spread = opacity.planes[0]!.map((value) => Math.round((value * levels) / top));
      expect(samplesOf(page.alpha)).toEqual(spread);
    });
  }

  test('what is turned, mirrored and cropped stands as the file says, whatever EXIF says', async () => {
    const colour = code('gbrp');
    const pixels = expectedOf(colour, 8);
    const at = (x: number, y: number) => pixels.slice((y * SIZE.width + x) * 3, (y * SIZE.width + x) * 3 + 3);
    const turn = (quarters: number) => box('irot', Buffer.from([quarters]));
    const mirror = (axis: number) => box('imir', Buffer.from([axis]));
    const crop = (...numbers: number[]) => box('clap', uint(4, ...numbers.map((it) => it >>> 0)));
    const [w, h] = [SIZE.width, SIZE.height];
    const table: readonly (readonly [Buffer[], [number, number], (x: number, y: number) => number[]])[] = [
      [[turn(1)], [h, w], (x, y) => at(w - 1 - y, x)],
      [[turn(3)], [h, w], (x, y) => at(y, h - 1 - x)],
      [[mirror(0)], [w, h], (x, y) => at(x, h - 1 - y)],
      [[mirror(1)], [w, h], (x, y) => at(w - 1 - x, y)],
      [[turn(1), mirror(0)], [h, w], (x, y) => at(y, x)],
      [[crop(20, 1, 10, 1, 4, 1, -3, 1), turn(1)], [10, 20], (x, y) => at(37 - y, x + 8)],
      [[turn(1), crop(10, 1, 20, 1, 0, 1, 0, 1)], [10, 20], (x, y) => at(w - 15 - y, x + 11)],
      // Larger than the picture: as much of it as there is.
      [[crop(60, 1, 10, 1, 0, 1, 0, 1)], [w, 10], (x, y) => at(x, y + 11)],
    ];
    const exif = await exifOf({ orientation: 6 });
    for (const [steps, [width, height], source] of table) {
      const { info, page } = await read('turned.heic', {
        items: [
          pictureItem(1, colour.picture, [FULL_RGB, ...steps]),
          { id: 2, type: 'Exif', data: Buffer.concat([uint(4, 6), Buffer.from('Exif\0\0'), exif]) },
        ],
        primary: 1,
        references: [{ type: 'cdsc', from: 2, to: [1] }],
      });
      const expected = Array.from({ length: width * height }, (_, pixel) => {
        return source(pixel % width, Math.floor(pixel / width));
      }).flat();
      expect(info.pages).toEqual([{ width, height }]);
      expect(samplesOf(page.colour)).toEqual(expected);
      expect(Buffer.from(info.metadata.exif!)).toEqual(exif);
    }
  });

  test('a grid is put together of its parts, and what reaches beyond it is cut off', async () => {
    const parts = Array.from({ length: 6 }, (_, seed) => code('gbrp', { width: 32, height: 16 }, seed));
    const [width, height] = [80, 29];
    const tiles = parts.map(({ picture }, index) => ({ ...pictureItem(index + 2, picture), hidden: true }));
    const data = Buffer.concat([Buffer.from([0, 0, 1, 2]), uint(2, width, height)]);
    const { info, page } = await read('grid.heic', {
      items: [...tiles, { id: 1, type: 'grid', data, properties: [extents(width, height), FULL_RGB] }],
      primary: 1,
      references: [{ type: 'dimg', from: 1, to: tiles.map(({ id }) => id) }],
    });
    const pixels = parts.map((part) => expectedOf(part, 8));
    const expected = Array.from({ length: width * height }, (_, pixel) => {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      const from = ((y % 16) * 32 + (x % 32)) * 3;
      return pixels[Math.floor(y / 16) * 3 + Math.floor(x / 32)]!.slice(from, from + 3);
    }).flat();
    expect(info).toMatchObject({ pages: [{ width, height }], warnings: [] });
    expect(samplesOf(page.colour)).toEqual(expected);
  });
});

test('chroma of half the size is interpolated, and the matrix and the range are those that the file states', async () => {
  const { width, height } = SIZE;
  const luma = samplesOf(makeNoise(width, height, 1, 1));
  const chroma = [0, 1].map(() => samplesOf(makeNoise(width / 2, height / 2, 1, 1)));
  const samples = Buffer.from([...luma, ...chroma.flat()]);
  const picture = codeHevc(samples, { ...SIZE, pixelFormat: 'yuv420p' });
  const table = [
    { matrix: 6, fullRange: true, red: 0.299, blue: 0.114 },
    { matrix: 1, fullRange: false, red: 0.2126, blue: 0.0722 },
    { matrix: 9, fullRange: false, red: 0.2627, blue: 0.0593 },
  ];
  for (const { matrix, fullRange, red, blue } of table) {
    const { page } = await read('chroma.heic', {
      items: [pictureItem(1, picture, [nclx(1, 13, matrix, fullRange)])],
      primary: 1,
    });
    const got = samplesOf(page.colour);
    let largest = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const l = fullRange ? luma[y * width + x]! : ((luma[y * width + x]! - 16) * 255) / 219;
        const [u, v] = chroma.map((plane) => (sample(plane, x, y) - 128) * (fullRange ? 1 : 255 / 224)) as [
          number,
          number,
        ];
        const r = l + 2 * (1 - red) * v;
        const b = l + 2 * (1 - blue) * u;
        const g = (l - red * r - blue * b) / (1 - red - blue);
        [r, g, b].forEach((right, channel) => {
          const clipped = Math.max(0, Math.min(255, right));
          largest = Math.max(largest, Math.abs(clipped - got[(y * width + x) * 3 + channel]!));
        });
      }
    }
    expect(largest).toBeLessThan(0.501);
  }

  /** Linear between the middles of 2x2 luma samples. */
  function sample(plane: readonly number[], x: number, y: number): number {
    const [columns, rows] = [width / 2, height / 2];
    const inside = (at: number, count: number) => Math.max(0, Math.min(count - 1, at));
    const [left, top] = [Math.floor((x - 0.5) / 2), Math.floor((y - 0.5) / 2)];
    const [across, down] = [(x - 0.5) / 2 - left, (y - 0.5) / 2 - top];
    const value = (column: number, row: number) => plane[inside(row, rows) * columns + inside(column, columns)]!;
    const above = value(left, top) * (1 - across) + value(left + 1, top) * across;
    const below = value(left, top + 1) * (1 - across) + value(left + 1, top + 1) * across;
    return above * (1 - down) + below * down;
  }
});

test('colours that are multiplied with alpha are divided by it, and it is said', async () => {
  const items = [
    pictureItem(1, code('gbrp').picture, [FULL_RGB]),
    pictureItem(2, code('gray').picture, [auxC(ALPHA_OF)]),
  ];
  const auxl = { type: 'auxl', from: 2, to: [1] };
  const straight = await read('straight.heic', { items, primary: 1, references: [auxl] });
  const references = [auxl, { type: 'prem', from: 1, to: [2] }];
  const { info, page } = await read('multiplied.heic', { items, primary: 1, references });
  const alpha = samplesOf(page.alpha!);
  const expected = samplesOf(straight.page.colour).map((value, index) => {
    const own = alpha[Math.floor(index / 3)]!;
    return own === 0 ? value : Math.min(255, Math.round((value * 255) / own));
  });
  expect(samplesOf(page.colour)).toEqual(expected);
  expect(info.warnings.join()).toContain('multiplied');
});

test('profile, EXIF, XMP, density and HDR colours of the primary picture are kept', async () => {
  const icc = makeTwistedProfile();
  const exif = await exifOf({ density: 300 });
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r xmlns:tiff="t" tiff:Orientation="6"/></x:xmpmeta>';
  const { info } = await read('kept.heic', {
    items: [
      pictureItem(1, code('gray').picture),
      pictureItem(2, code('gbrp').picture, [box('colr', Buffer.from('prof'), icc), nclx(9, 16, 0, true)]),
      { id: 3, type: 'Exif', data: Buffer.concat([uint(4, 0), exif]) },
      { id: 4, type: 'mime', data: Buffer.from(xmp), contentType: 'application/rdf+xml' },
      { id: 5, type: 'Exif', data: Buffer.concat([uint(4, 0), await exifOf({ density: 72 })]) },
    ],
    primary: 2,
    references: [
      { type: 'cdsc', from: 5, to: [1] },
      { type: 'cdsc', from: 3, to: [2] },
      { type: 'cdsc', from: 4, to: [2] },
    ],
  });
  const { metadata } = info;
  expect(Buffer.from(metadata.icc!)).toEqual(icc);
  expect(Buffer.from(metadata.exif!)).toEqual(exif);
  expect(Buffer.from(metadata.xmp!).toString()).toBe(xmp.replace('"6"', '"1"'));
  expect(metadata.density).toEqual({ x: 300, y: 300 });
  expect(metadata.pngColour).toEqual([{ type: 'cICP', data: Buffer.from([9, 16, 0, 1]) }]);
});

test('the primary picture is read, wherever it stands, and what else is there is said', async () => {
  const colour = code('gbrp');
  const small = code('gbrp', { width: 32, height: 16 });
  const gray = code('gray').picture;
  const film = box('mpvd', Buffer.alloc(8));
  const { info, page } = await read('several.heic', {
    items: [
      pictureItem(1, small.picture, [FULL_RGB]),
      pictureItem(2, small.picture, [FULL_RGB]),
      pictureItem(3, colour.picture, [FULL_RGB]),
      pictureItem(4, gray, [auxC('urn:com:apple:photo:2020:aux:hdrgainmap')]),
      pictureItem(5, gray, [auxC('urn:mpeg:hevc:2015:auxid:2')]),
      pictureItem(6, gray, [auxC('urn:com:apple:photo:2018:aux:portraiteffectsmatte')]),
    ],
    primary: 3,
    // The first is its thumbnail.
    references: [{ type: 'thmb', from: 1, to: [3] }, ...[4, 5, 6].map((from) => ({ type: 'auxl', from, to: [3] }))],
    behind: [film],
  });
  const path = folder.path('several.heic');
  expect(samplesOf(page.colour)).toEqual(expectedOf(colour, 8));
  expect(page.alpha).toBeNull();
  expect(info.warnings).toEqual([
    `${path} holds 2 pictures: the primary one is read.`,
    `${path} also holds a gain map for HDR screens, a depth map, masks and a film: left out.`,
  ]);
});

describe('AV1 in HEIF', () => {
  test.each([['avif'], ['mif1']])('the primary picture of a file branded %s is read, not the first', async (brand) => {
    const { item: first } = await avifItem(1, { width: 16, height: 8 }, 'red');
    const { item: second } = await avifItem(2, { width: 24, height: 20 }, 'blue');
    for (const primary of [1, 2]) {
      for (const references of [[], [{ type: 'thmb', from: 3 - primary, to: [primary] }]]) {
        const plan = { brands: [brand, 'mif1', 'miaf'], items: [first, second], primary, references };
        const { info, page } = await read('two.avif', plan);
        const size = primary === 1 ? { width: 16, height: 8 } : { width: 24, height: 20 };
        expect(info).toMatchObject({ format: 'avif', pages: [size] });
        expect(samplesOf(page.colour).slice(0, 3)).toEqual(primary === 1 ? [255, 0, 0] : [0, 0, 255]);
        const said = `${folder.path('two.avif')} holds 2 pictures: the primary one is read.`;
        expect(info.warnings).toEqual(references.length === 0 ? [said] : []);
      }
    }
  });
});

test('what is in a HEIF file but neither HEVC nor AV1 is named', async () => {
  const data = Buffer.from('data');
  const table = [
    ['avc1', 'H.264'],
    ['jpeg', 'JPEG'],
    ['j2k1', 'JPEG 2000'],
    ['unci', 'uncompressed'],
    ['vvc1', 'H.266'],
    ['iovl', 'overlay'],
    ['abcd', '"abcd"'],
  ] as const;
  for (const [type, name] of table) {
    const plan = { brands: ['mif1'], items: [{ id: 1, type, data, properties: [extents(8, 8)] }], primary: 1 };
    await expect(read('foreign.heif', plan)).rejects.toMatchObject({
      code: 'input-unsupported',
      message: expect.stringContaining(name),
    });
  }
  const film = Buffer.concat([box('ftyp', Buffer.from('hevc\0\0\0\0hevcmsf1')), box('moov', Buffer.alloc(8))]);
  await expect(read('film.heics', film)).rejects.toMatchObject({
    code: 'input-unsupported',
    message: expect.stringContaining('image sequence'),
  });
});

async function exifOf({ orientation = 1, density = 72 }): Promise<Buffer> {
  const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } })
    .withExif({ IFD0: { Make: 'Example' } })
    .withMetadata({ orientation, density })
    .jpeg()
    .toBuffer();
  return (await sharp(jpeg).metadata()).exif!.subarray(6);
}

/** A picture of one colour, taken out of an AVIF file. */
async function avifItem(id: number, size: { width: number; height: number }, background: string) {
  const { bufferSource } = await import('../../../../src/core/codec/bytes/byte-source.ts');
  const { readHeifFile, readItem } = await import('../../../../src/core/codec/heif/heif-boxes.ts');
  const path = folder.path(`${background}.avif`);
  await sharp({ create: { ...size, channels: 3, background } })
    .avif({ lossless: true })
    .toFile(path);
  const source = bufferSource(readFileSync(path));
  const { meta } = await readHeifFile(source);
  const item = meta!.items.get(meta!.primaryId!)!;
  const data = await readItem(source, meta!, item, 1e6);
  return {
    item: { id, type: item.type, data: data!, properties: item.properties.map(({ type, body }) => box(type, body)) },
  };
}

import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openPicture } from '../../../src/core/codec/index.ts';
import { NO_METADATA } from '../../../src/core/codec/metadata/metadata.ts';
import { commonLayout, type PageLayout } from '../../../src/core/codec/read/page-layout.ts';
import { joinTiffPages } from '../../../src/core/codec/tiff/tiff-pages.ts';
import { makeTiff, type TiffKind } from '../../support/tiff-writer.ts';
import { decode, makeFolder, makeNoise, samplesOf } from './pictures.ts';

const folder = makeFolder();
let files = 0;

async function read(samples: readonly number[], kind: TiffKind) {
  const path = folder.path(`${files++}.tif`);
  writeFileSync(path, makeTiff(samples, kind));
  return await (await openPicture(path, { maxInputMegapixels: 1 })).readPage(0);
}

const packed = [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15].flatMap((bits) =>
  [
    { name: 'gray, black is 0', photometric: 1, channels: 1, extras: 0 },
    { name: 'gray, white is 0', photometric: 0, channels: 1, extras: 0 },
    { name: 'gray with alpha', photometric: 1, channels: 1, extras: 1 },
    { name: 'RGB', photometric: 2, channels: 3, extras: 0 },
    { name: 'RGB with alpha', photometric: 2, channels: 3, extras: 1 },
  ].map((kind) => ({ bits, ...kind })),
);

test.each(packed)(
  '$name of $bits bits is read exactly, spread over 8 or 16',
  async ({ bits, photometric, channels, extras }) => {
    const [width, height] = [7, 5];
    const samplesPerPixel = channels + extras;
    const highest = 2 ** bits - 1;
    const values = samplesOf(makeNoise(width * samplesPerPixel, height, 1, 2)).map((value) => value & highest);
    const compression = bits % 2 === 0 ? 'deflate' : 'none';
    const kind = { width, height, bits, samplesPerPixel, photometric, compression, bigEndian: bits % 3 === 0 } as const;
    const { colour, alpha } = await read(values, { ...kind, rowsPerStrip: 2, ...(extras === 0 ? {} : { extra: 2 }) });
    const top = bits <= 8 ? 255 : 65_535;
    const right = (value: number) => Math.round(((photometric === 0 ? highest - value : value) * top) / highest);
    expect(colour).toMatchObject({ width, height, channels, bytesPerSample: bits <= 8 ? 1 : 2 });
    expect(samplesOf(colour)).toEqual(values.filter((_, at) => at % samplesPerPixel < channels).map(right));
    if (extras === 0) expect(alpha).toBeNull();
    else expect(samplesOf(alpha!)).toEqual(values.filter((_, at) => at % samplesPerPixel === channels).map(right));
  },
);

/** What Little CMS 2.14 makes of them with libvips' profile for sRGB, in doubles. */
const LAB = [
  { lab: [100, 0, 0], rgb: [65_535, 65_535, 65_535] },
  { lab: [0, 0, 0], rgb: [0, 0, 0] },
  { lab: [50, 0, 0], rgb: [30_561, 30_561, 30_561] },
  { lab: [60, 20, -30], rgb: [40_992, 34_294, 50_866] },
  { lab: [70, -40, 50], rgb: [29_217, 48_666, 18_439] },
  { lab: [35, 50, 30], rgb: [39_828, 8484, 9837] },
  { lab: [20, 5, -20], rgb: [10_764, 12_017, 19_965] },
] as const;

const labKinds = [
  // Lightness of 100, a level of a* and b*, and where their 0 is; a level of the result within which it has to be.
  { name: 'CIELAB', photometric: 8, bits: 16, full: 65_535, level: 256, zero: 0, within: 60 },
  { name: 'ICC L*a*b*', photometric: 9, bits: 16, full: 65_280, level: 256, zero: 32_768, within: 60 },
  { name: 'CIELAB', photometric: 8, bits: 8, full: 255, level: 1, zero: 0, within: 2 },
  { name: 'ICC L*a*b*', photometric: 9, bits: 8, full: 255, level: 1, zero: 128, within: 2 },
] as const;

test.each(labKinds)('$name of $bits bits becomes sRGB as deep, as Little CMS makes it', async (kind) => {
  const { bits, photometric, full, level, zero, within } = kind;
  const range = 2 ** bits;
  const values = LAB.flatMap(({ lab: [l, a, b] }) => [
    Math.round((l * full) / 100),
    (zero + a * level + range) % range,
    (zero + b * level + range) % range,
  ]);
  for (const bigEndian of [false, true]) {
    const shape = { width: LAB.length, height: 1, bits, samplesPerPixel: 3, photometric, bigEndian };
    const { colour } = await read(values, { ...shape, compression: 'deflate' });
    expect(colour).toMatchObject({ channels: 3, bytesPerSample: bits / 8 });
    const right = LAB.flatMap(({ rgb }) => rgb.map((value) => (bits === 8 ? value / 257 : value)));
    expect(Math.max(...samplesOf(colour).map((sample, at) => Math.abs(sample - right[at]!)))).toBeLessThanOrEqual(
      within,
    );
  }
});

test('CIELAB under another white is taken as that white', async () => {
  const kind = { width: 1, height: 1, bits: 16, samplesPerPixel: 3, photometric: 8 } as const;
  const [l, a, b] = [Math.round(0.6 * 65_535), 20 * 256, 65_536 - 30 * 256];
  const daylight = samplesOf((await read([l, a, b], { ...kind, white: [0.3127, 0.329] })).colour);
  // Without an adaptation: f(Y) = 76 / 116, and so on, by IEC 61966-2-1.
  const [fx, fy, fz] = [76 / 116 + 20 / 500, 76 / 116, 76 / 116 + 30 / 200];
  const [x, y, z] = [0.95046 * fx ** 3, fy ** 3, 1.08906 * fz ** 3];
  const linear = [
    3.2406 * x - 1.5372 * y - 0.4986 * z,
    -0.9689 * x + 1.8758 * y + 0.0415 * z,
    0.0557 * x - 0.204 * y + 1.057 * z,
  ];
  linear.forEach((light, at) => {
    expect(Math.abs(daylight[at]! / 65_535 - (1.055 * light ** (1 / 2.4) - 0.055))).toBeLessThan(0.002);
  });
});

test('CMYK of 16 bits becomes sRGB of 16 bits, through libvips’ profile or its own, as Little CMS makes it', async () => {
  const inks = [
    ...[0, 0, 0, 0, 65_535, 0, 0, 0, 0, 65_535, 0, 0, 0, 0, 65_535, 0, 0, 0, 0, 65_535],
    ...[12_345, 23_456, 34_567, 4567, 30_000, 20_000, 20_000, 10_000, 500, 40_000, 60_000, 2000],
  ];
  // Little CMS 2.18 without its shortcuts.
  const right = [
    ...[65_535, 65_535, 65_535, 0, 39_438, 58_394, 60_078, 0, 32_959, 65_535, 61_653, 0, 5038, 1406, 0],
    ...[48_379, 37_055, 27_873, 31_357, 33_773, 34_781, 59_609, 27_314, 6650],
  ];
  const kind = { width: 8, height: 1, bits: 16, samplesPerPixel: 4, photometric: 5 } as const;
  const cmyk = sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } }).toColourspace('cmyk');
  const { icc } = await sharp(await cmyk.withIccProfile('cmyk').tiff().toBuffer()).metadata();
  for (const profile of [{}, { icc: icc! }, { icc: icc!.subarray(0, 5000) }]) {
    const { colour, metadata } = await read(inks, { ...kind, ...profile });
    expect(metadata.icc).toBeNull();
    expect(colour).toMatchObject({ channels: 3, bytesPerSample: 2 });
    // A quarter of a level of 255.
    expect(Math.max(...samplesOf(colour).map((sample, at) => Math.abs(sample - right[at]!)))).toBeLessThanOrEqual(64);
  }
});

test('such a page is turned upright, cut from among others, and says what it was', async () => {
  const kind = { width: 3, height: 1, bits: 12, samplesPerPixel: 1, photometric: 1 } as const;
  const { colour } = await read([0, 1, 4095], { ...kind, orientation: 6 });
  expect({ size: [colour.width, colour.height], samples: samplesOf(colour) }).toEqual({
    size: [1, 3],
    samples: [0, 16, 65_535],
  });
  const path = folder.path('lab.tif');
  writeFileSync(path, makeTiff([255, 0, 0], { width: 1, height: 1, bits: 8, samplesPerPixel: 3, photometric: 8 }));
  const { info } = await openPicture(path, { maxInputMegapixels: 1 });
  expect(info.warnings).toEqual([`${path} is CIELAB: it was converted to sRGB.`]);
});

test('a packed TIFF that is cut off is damaged, and what nobody reads is named', async () => {
  const path = folder.path('cut.tif');
  const noise = samplesOf(makeNoise(90, 30, 1, 2)).map((value) => value & 4095);
  const shape = { width: 30, height: 30, bits: 12, samplesPerPixel: 3, photometric: 2 } as const;
  writeFileSync(path, makeTiff(noise, { ...shape, compression: 'deflate' }));
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 100, 400);
  writeFileSync(path, bytes);
  await expect(decode(path)).rejects.toMatchObject({ code: 'input-damaged' });
  for (const [photometric, bits, what] of [
    [4, 1, 'a transparency mask'],
    [32_803, 16, "a camera's raw file"],
    [32_845, 16, 'LogLuv samples'],
  ] as const) {
    const odd = { width: 8, height: 1, bits, samplesPerPixel: 1, photometric };
    await expect(read(new Array(8).fill(0), odd)).rejects.toMatchObject({
      code: 'input-unsupported',
      message: expect.stringContaining(what),
    });
  }
});

const RGB = { channels: 3, bytesPerSample: 1, alpha: false } as const;
const mixtures: readonly (readonly PageLayout[])[] = [
  [RGB, { ...RGB, channels: 1 }],
  [{ ...RGB, channels: 1 }, RGB],
  [RGB, { ...RGB, alpha: true }],
  [{ ...RGB, alpha: true }, { ...RGB, channels: 1 }, RGB],
  [RGB, { ...RGB, bytesPerSample: 2 }],
  [
    { ...RGB, channels: 1, bytesPerSample: 2 },
    { ...RGB, alpha: true },
  ],
];

test.each(mixtures)('pages of different kinds come as one that holds all: %j, %j', async (...layouts) => {
  const pages = await Promise.all(layouts.map(writePage));
  const [file] = pages.map(({ path }) => path) as [string];
  await joinTiffPages(
    pages.map(({ path }) => path),
    NO_METADATA,
  );
  const reader = await openPicture(file, { maxInputMegapixels: 1 });
  expect(reader.info).toMatchObject(commonLayout(layouts));
  expect(reader.info.warnings).toEqual([expect.stringMatching(/are of different kinds: all are read as (RGB|gray)/)]);
  const { channels, bytesPerSample, alpha: hasAlpha } = reader.info;
  for await (const { page, colour, alpha } of reader.pages()) {
    const own = layouts[page]!;
    const spread = bytesPerSample > own.bytesPerSample ? 257 : 1;
    const bands = own.channels + (own.alpha ? 1 : 0);
    const { samples } = pages[page]!;
    const pixels = Array.from({ length: 7 * 5 }, (_, at) => samples.slice(at * bands, (at + 1) * bands));
    const colours = pixels.flatMap((pixel) =>
      own.channels === channels ? pixel.slice(0, channels) : [pixel[0]!, pixel[0]!, pixel[0]!],
    );
    expect(samplesOf(colour)).toEqual(colours.map((value) => value * spread));
    if (!hasAlpha) expect(alpha).toBeNull();
    else
      expect(samplesOf(alpha!)).toEqual(
        pixels.map((pixel) => (own.alpha ? pixel.at(-1)! * spread : bytesPerSample === 2 ? 65_535 : 255)),
      );
  }
});

/** A TIFF of one page of noise, 7x5, by libvips; what is not opaque is so by the alpha of each pixel. */
async function writePage({ channels, bytesPerSample, alpha }: PageLayout) {
  const bands = channels + (alpha ? 1 : 0);
  const noise = makeNoise(7 * bands, 5, 1, bytesPerSample);
  const path = folder.path(`${files++}.tif`);
  const raw = { width: 7, height: 5, channels: bands as 1 | 3 | 4 };
  const space = bytesPerSample === 2 ? (channels === 1 ? 'grey16' : 'rgb16') : channels === 1 ? 'b-w' : 'srgb';
  const data = bytesPerSample === 1 ? noise.data : new Uint16Array(noise.data.buffer);
  await sharp(data, { raw }).toColourspace(space).tiff({ compression: 'none' }).toFile(path);
  return { path, samples: samplesOf(noise) };
}

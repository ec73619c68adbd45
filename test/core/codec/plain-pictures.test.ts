import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PICTURE_LIMITS, inspectPicture } from '../../../src/core/codec/index.ts';
import { decode, makeFolder, samplesOf } from './pictures.ts';

const folder = makeFolder();

interface Case {
  readonly name: string;
  readonly bytes: Buffer;
  readonly size: readonly [number, number];
  readonly colour: readonly number[];
  readonly alpha?: readonly number[];
}

const le16 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value & 255, value >> 8])));
const le32 = (...values: number[]) => Buffer.concat(values.map((value) => le16(value & 0xffff, value >>> 16)));
const be16 = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])));
const be32 = (...values: number[]) => Buffer.concat(values.map((value) => be16(value >>> 16, value & 0xffff)));
const text = (content: string) => Buffer.from(content, 'latin1');
const join = (...parts: (Buffer | readonly number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

function bmp(
  [width, height]: readonly [number, number],
  bits: number,
  {
    compression = 0,
    extra = [],
    pixels,
  }: { compression?: number; extra?: Buffer | number[]; pixels: Buffer | number[] },
): Buffer {
  const colours = bits <= 8 ? Buffer.from(extra).length / 4 : 0;
  const dib = join(le32(40, width, height), le16(1, bits), le32(compression, 0, 2835, 2835, colours, 0), extra);
  return join(text('BM'), le32(14 + dib.length + pixels.length, 0, 14 + dib.length), dib, pixels);
}

const tga = (type: number, bits: number, descriptor: number, pixels: Buffer | number[], palette: number[] = []) =>
  join(
    [0, palette.length > 0 ? 1 : 0, type],
    le16(0, palette.length / 3),
    [palette.length > 0 ? 24 : 0, 0, 0, 0, 0],
    le16(2, 2),
    [bits, descriptor],
    palette,
    pixels,
  );

const psd = (mode: number, depth: number, planes: number[][], { layers = 0, resources = Buffer.alloc(0) } = {}) => {
  const layer = layers === 0 ? be32(0) : join(be32(8), be32(4), be16(layers & 0xffff, 0));
  const head = join(text('8BPS'), be16(1), Buffer.alloc(6), be16(planes.length), be32(1, 2), be16(depth, mode));
  return join(head, be32(0), be32(resources.length), resources, layer, be16(0), ...planes);
};

const GRAYS = [0x00, 0x00, 0x00, 0, 0x80, 0x80, 0x80, 0, 0xff, 0xff, 0xff, 0];
const COLOURS = [1, 2, 3, 0, 40, 50, 60, 0, 7, 8, 9, 0];
/** Blue, green, red, alpha of four pixels. */
const BGRA = [1, 2, 3, 10, 4, 5, 6, 255, 7, 8, 9, 0, 11, 12, 13, 99];
const RGB = [3, 2, 1, 6, 5, 4, 9, 8, 7, 13, 12, 11];
const ALPHA = [10, 255, 0, 99];
const flip = (samples: readonly number[], channels: number) => [
  ...samples.slice(2 * channels),
  ...samples.slice(0, 2 * channels),
];
const mirror = (samples: readonly number[], channels: number) =>
  [1, 0, 3, 2].flatMap((pixel) => samples.slice(pixel * channels, (pixel + 1) * channels));

const CASES: readonly Case[] = [
  // The lowest row comes first, rows are of whole 32 bits.
  {
    name: 'b1.bmp',
    bytes: bmp([3, 2], 1, {
      extra: [...GRAYS.slice(0, 4), ...GRAYS.slice(8)],
      pixels: [0b01000000, 0, 0, 0, 0b10100000, 0, 0, 0],
    }),
    size: [3, 2],
    colour: [255, 0, 255, 0, 255, 0],
  }, // prettier-ignore
  {
    name: 'b4.bmp',
    bytes: bmp([3, 1], 4, { extra: COLOURS, pixels: [0x12, 0x00, 0, 0] }),
    size: [3, 1],
    colour: [60, 50, 40, 9, 8, 7, 3, 2, 1],
  }, // prettier-ignore
  {
    name: 'down.bmp',
    bytes: bmp([1, -2], 24, { pixels: [1, 2, 3, 0, 4, 5, 6, 0] }),
    size: [1, 2],
    colour: [3, 2, 1, 6, 5, 4],
  }, // prettier-ignore
  {
    name: 'b555.bmp',
    bytes: bmp([2, 1], 16, { pixels: le16(3 << 10, 0x7fff) }),
    size: [2, 1],
    colour: [25, 0, 0, 255, 255, 255],
  }, // prettier-ignore
  {
    name: 'b565.bmp',
    bytes: bmp([2, 1], 16, { compression: 3, extra: le32(0xf800, 0x7e0, 0x1f), pixels: le16((3 << 5) | 3, 0xffff) }),
    size: [2, 1],
    colour: [0, 12, 25, 255, 255, 255],
  }, // prettier-ignore
  {
    name: 'masks.bmp',
    bytes: bmp([2, 1], 32, {
      compression: 6,
      extra: le32(0xff000000, 0xff0000, 0xff00, 0xff),
      pixels: le32(0x01020304, 0xfffefdfc),
    }),
    size: [2, 1],
    colour: [1, 2, 3, 255, 254, 253],
    alpha: [4, 252],
  }, // prettier-ignore
  {
    name: 'ten.bmp',
    bytes: bmp([1, 1], 32, {
      compression: 3,
      extra: le32(0x3ff00000, 0xffc00, 0x3ff),
      pixels: le32(((1023 << 20) | (512 << 10)) >>> 0),
    }),
    size: [1, 1],
    colour: [255, 128, 0],
  }, // prettier-ignore
  {
    name: 'unused.bmp',
    bytes: bmp([2, 1], 32, { pixels: [1, 2, 3, 0, 4, 5, 6, 0] }),
    size: [2, 1],
    colour: [3, 2, 1, 6, 5, 4],
  }, // prettier-ignore
  {
    name: 'used.bmp',
    bytes: bmp([2, 1], 32, { pixels: [1, 2, 3, 9, 4, 5, 6, 0] }),
    size: [2, 1],
    colour: [3, 2, 1, 6, 5, 4],
    alpha: [9, 0],
  }, // prettier-ignore
  {
    name: 'rle8.bmp',
    bytes: bmp([4, 2], 8, {
      compression: 1,
      extra: GRAYS,
      pixels: [2, 1, 0, 2, 1, 0, 1, 2, 0, 0, 0, 3, 2, 1, 0, 0, 0, 0, 0, 1],
    }),
    size: [4, 2],
    colour: [255, 128, 0, 0, 128, 128, 0, 255],
  }, // prettier-ignore
  {
    name: 'rle4.bmp',
    bytes: bmp([4, 1], 4, { compression: 2, extra: GRAYS, pixels: [4, 0x21, 0, 1] }),
    size: [4, 1],
    colour: [255, 128, 255, 128],
  }, // prettier-ignore
  {
    name: 'os2.bmp',
    bytes: join(text('BM'), le32(0, 0, 26), le32(12), le16(1, 1, 1, 24), [1, 2, 3, 0]),
    size: [1, 1],
    colour: [3, 2, 1],
  }, // prettier-ignore
  { name: 'lower.tga', bytes: tga(2, 32, 8, BGRA), size: [2, 2], colour: flip(RGB, 3), alpha: flip(ALPHA, 1) },
  { name: 'upper.tga', bytes: tga(2, 32, 0x28, BGRA), size: [2, 2], colour: RGB, alpha: ALPHA },
  { name: 'right.tga', bytes: tga(2, 32, 0x38, BGRA), size: [2, 2], colour: mirror(RGB, 3), alpha: mirror(ALPHA, 1) },
  { name: 'opaque.tga', bytes: tga(2, 32, 0x20, BGRA), size: [2, 2], colour: RGB },
  {
    name: 'packed.tga',
    bytes: tga(10, 24, 0x20, [0x82, 1, 2, 3, 0x00, 4, 5, 6]),
    size: [2, 2],
    colour: [3, 2, 1, 3, 2, 1, 3, 2, 1, 6, 5, 4],
  }, // prettier-ignore
  {
    name: 'gray.tga',
    bytes: tga(3, 16, 0x28, [1, 2, 3, 4, 5, 6, 7, 8]),
    size: [2, 2],
    colour: [1, 3, 5, 7],
    alpha: [2, 4, 6, 8],
  }, // prettier-ignore
  {
    name: 'palette.tga',
    bytes: tga(1, 8, 0x20, [1, 0, 0, 1], [1, 2, 3, 4, 5, 6]),
    size: [2, 2],
    colour: [6, 5, 4, 3, 2, 1, 3, 2, 1, 6, 5, 4],
  }, // prettier-ignore
  {
    name: 'one-bit.tga',
    bytes: tga(2, 16, 0x21, le16(0x8000 | 31, 31, 3 << 10, 0xffff)),
    size: [2, 2],
    colour: [0, 0, 255, 0, 0, 255, 25, 0, 0, 255, 255, 255],
    alpha: [255, 0, 0, 255],
  }, // prettier-ignore
  { name: 'p1.pbm', bytes: text('P1\n# drawn\n3 2\n101\n0 1 0 '), size: [3, 2], colour: [0, 255, 0, 255, 0, 255] },
  { name: 'p4.pbm', bytes: join(text('P4 3 1\n'), [0b10100000]), size: [3, 1], colour: [0, 255, 0] },
  { name: 'p2.pgm', bytes: text('P2 3 1 100 0 #x\n 50 100\n'), size: [3, 1], colour: [0, 128, 255] },
  { name: 'p5-254.pgm', bytes: join(text('P5 3 1 254\n'), [0, 127, 254]), size: [3, 1], colour: [0, 128, 255] },
  {
    name: 'p5-1023.pgm',
    bytes: join(text('P5 3 1 1023\n'), be16(0, 15, 1023)),
    size: [3, 1],
    colour: [0, 961, 65_535],
  },
  { name: 'p3.ppm', bytes: text('P3 1 1 1000 0 500 1000\n'), size: [1, 1], colour: [0, 32_768, 65_535] },
  { name: 'p6.ppm', bytes: join(text('P6\n1 2\n255\n'), [1, 2, 3, 4, 5, 6]), size: [1, 2], colour: [1, 2, 3, 4, 5, 6] },
  {
    name: 'p7.pam',
    bytes: join(text('P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 100\nTUPLTYPE RGB_ALPHA\nENDHDR\n'), [0, 50, 100, 33]),
    size: [1, 1],
    colour: [0, 128, 255],
    alpha: [84],
  }, // prettier-ignore
  {
    name: 'lowest-first.pfm',
    bytes: join(text('Pf\n1 2\n-1.0\n'), Buffer.from(Float32Array.of(0.5, 1).buffer)),
    size: [1, 2],
    colour: [65_535, 48_192],
  }, // prettier-ignore
  {
    name: 'runs.qoi',
    bytes: join(
      text('qoif'),
      be32(5, 1),
      [4, 0],
      [0xff, 10, 20, 30, 40, 0xc0, 0b01_11_10_01, 0xa0 | 1, 0x8a, 0xfe, 10, 20, 30],
      [0, 0, 0, 0, 0, 0, 0, 1],
    ),
    size: [5, 1],
    colour: [10, 20, 30, 10, 20, 30, 11, 20, 29, 12, 21, 32, 10, 20, 30],
    alpha: [40, 40, 40, 40, 40],
  }, // prettier-ignore
  {
    name: 'flat.hdr',
    bytes: join(text('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n'), [128, 255, 0, 128, 1, 1, 1, 1]),
    size: [2, 1],
    colour: [48_192, 65_422, 0, 48_192, 65_422, 0],
  }, // prettier-ignore
  { name: 'gray.psd', bytes: psd(1, 8, [[5, 250]]), size: [2, 1], colour: [5, 250] },
  {
    name: 'deep.psd',
    bytes: psd(3, 16, [
      [1, 2, 0, 9],
      [3, 4, 0, 8],
      [5, 6, 255, 255],
    ]),
    size: [2, 1],
    colour: [258, 772, 1286, 9, 8, 65_535],
  }, // prettier-ignore
  {
    name: 'extra.psd',
    bytes: psd(3, 8, [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
      [9, 9],
    ]),
    size: [2, 1],
    colour: [1, 3, 5, 2, 4, 6],
  }, // prettier-ignore
  // (100, 50, 0) of which half is seen over white.
  {
    name: 'over-white.psd',
    bytes: psd(
      3,
      8,
      [
        [178, 255],
        [153, 255],
        [128, 255],
        [127, 0],
      ],
      { layers: -1 },
    ),
    size: [2, 1],
    colour: [100, 50, 0, 255, 255, 255],
    alpha: [127, 0],
  }, // prettier-ignore
  {
    name: 'not-over-white.psd',
    bytes: psd(
      3,
      8,
      [
        [100, 1],
        [50, 2],
        [0, 3],
        [127, 0],
      ],
      { layers: -1 },
    ),
    size: [2, 1],
    colour: [100, 50, 0, 1, 2, 3],
    alpha: [127, 0],
  }, // prettier-ignore
  {
    name: 'masked.ico',
    bytes: join(
      le16(0, 1, 1),
      [2, 1, 0, 0],
      le16(1, 24),
      le32(52, 22),
      le32(40, 2, 2),
      le16(1, 24),
      Buffer.alloc(24),
      [1, 2, 3, 4, 5, 6, 0, 0],
      [0b01000000, 0, 0, 0],
    ),
    size: [2, 1],
    colour: [3, 2, 1, 6, 5, 4],
    alpha: [255, 0],
  }, // prettier-ignore
]; // prettier-ignore

describe('pictures that upreel reads itself', () => {
  test.each(CASES)('$name has the samples that were written', async ({ name, bytes, size, colour, alpha = null }) => {
    writeFileSync(folder.path(name), bytes);
    const picture = await decode(folder.path(name));
    expect([picture.width, picture.height]).toEqual(size);
    expect(samplesOf(picture.colour)).toEqual(colour);
    expect(picture.alpha === null ? null : samplesOf(picture.alpha)).toEqual(alpha);
  });

  test.each(CASES)(
    '$name is refused wherever it ends early, and with flipped bytes refused or whole',
    async ({ name, bytes }) => {
      const path = folder.path(`cut-${name}`);
      for (const end of [3, bytes.length >> 1, bytes.length - 1]) {
        writeFileSync(path, bytes.subarray(0, end));
        // Of text the blank at the end may lack; an RLE's mark of the end, too.
        const isHarmless = end === bytes.length - 1 && /^(p[1-3]|rle)/.test(name);
        if (!isHarmless) await expect(decode(path)).rejects.toMatchObject({ code: expect.stringMatching(/^input-/) });
      }
      for (let at = 2; at < bytes.length; at += 5) {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= 0x41;
        writeFileSync(path, flipped);
        const outcome = await decode(path).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome).toMatchObject({ name: 'UpreelError', code: expect.stringMatching(/^input-/) });
        } else {
          const { width, height, colour } = outcome as Awaited<ReturnType<typeof decode>>;
          expect(colour.data.length).toBe(width * height * colour.channels * colour.bytesPerSample);
        }
      }
    },
  );

  test('a TGA is known by its name or by the mark at its end', async () => {
    const bytes = tga(2, 32, 0x28, BGRA);
    writeFileSync(folder.path('texture.bin'), bytes);
    await expect(decode(folder.path('texture.bin'))).rejects.toMatchObject({ code: 'input-unsupported' });
    writeFileSync(folder.path('marked.bin'), join(bytes, le32(0, 0), text('TRUEVISION-XFILE.\0')));
    // No area says what alpha is: the header does.
    expect(samplesOf((await decode(folder.path('marked.bin'))).alpha!)).toEqual(ALPHA);
  });

  test('a Photoshop document keeps profile, EXIF, XMP, IPTC and density, and says what it leaves out', async () => {
    const resource = (id: number, data: Buffer) =>
      join(text('8BIM'), be16(id, 0), be32(data.length), data, Buffer.alloc(data.length % 2));
    const icc = Buffer.alloc(132);
    icc.write('RGB ', 16, 'latin1');
    icc.write('acsp', 36, 'latin1');
    const exif = text('II*\0\x08\0\0\0\0\0\0\0\0\0');
    const iptc = resource(1028, join([0x1c, 2, 5], be16(1), text('x')));
    const density = join(be32(300 << 16), be16(1, 1), be32(150 << 16), be16(1, 1));
    const parts = [
      resource(1005, density),
      iptc,
      resource(1039, icc),
      resource(1058, exif),
      resource(1060, text('<x/>')),
    ];
    const resources = Buffer.concat(parts);
    writeFileSync(
      folder.path('all.psd'),
      psd(
        3,
        8,
        [
          [1, 2],
          [3, 4],
          [5, 6],
          [7, 8],
        ],
        { resources, layers: 3 },
      ),
    ); // prettier-ignore
    const { metadata, warnings } = await inspectPicture(folder.path('all.psd'), DEFAULT_PICTURE_LIMITS);
    expect(metadata.density).toEqual({ x: 300, y: 150 });
    expect([metadata.icc, metadata.exif, metadata.iptc].map((bytes) => Buffer.from(bytes!))).toEqual([icc, exif, iptc]);
    expect(Buffer.from(metadata.xmp!).toString()).toBe('<x/>');
    expect(warnings).toEqual([
      expect.stringMatching(/has layers/),
      expect.stringMatching(/channels beside its colours/),
    ]);
    writeFileSync(
      folder.path('cmyk.psd'),
      psd(4, 8, [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ]),
    ); // prettier-ignore
    await expect(decode(folder.path('cmyk.psd'))).rejects.toMatchObject({ message: expect.stringMatching(/in CMYK/) });
  });
});

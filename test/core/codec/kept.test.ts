import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  NO_METADATA,
  type OutputFormat,
  type PictureFilePlan,
  type PictureMetadata,
} from '../../../src/core/codec/index.ts';
import { updateExif } from '../../../src/core/codec/metadata/exif.ts';
import { addIptcToXmp } from '../../../src/core/codec/metadata/iptc-xmp.ts';
import { decode, makeFolder, makeNoise, makeTwistedProfile, samplesOf, write } from './pictures.ts';

const folder = makeFolder();
const picture = makeNoise(8, 6, 3, 1);

const rdf = (inside: string) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${inside}</rdf:RDF></x:xmpmeta>`;
const XMP = rdf(
  '<rdf:Description rdf:about="uuid:1" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="8"/>',
);
const UPRIGHT = XMP.replace('"8"', '"1"');

/** Photoshop resources with IPTC fields. */
function iptcOf(...fields: readonly (readonly [record: number, dataset: number, value: string | Buffer])[]): Buffer {
  const records = Buffer.concat(
    fields.map(([record, dataset, value]) => {
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([0x1c, record, dataset, bytes.length >> 8, bytes.length & 255]), bytes]);
    }),
  );
  const head = Buffer.from([...Buffer.from('8BIM'), 4, 4, 0, 0, 0, 0, records.length >> 8, records.length & 255]);
  return Buffer.concat([head, records, Buffer.alloc(records.length % 2)]);
}

const IPTC = iptcOf([2, 120, 'boat'], [2, 25, 'sea'], [2, 25, 'sail']);
let exif: Buffer;
let updated: Buffer;
let all: PictureMetadata;

beforeAll(async () => {
  const jpeg = await sharp({ create: { width: 8, height: 6, channels: 3, background: 'teal' } })
    .withExif({ IFD0: { Copyright: 'A. Nobody' }, IFD2: { ExposureTime: '1/50', PixelXDimension: '4000' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  exif = Buffer.from((await sharp(jpeg).metadata()).exif!.subarray(6));
  updated = (await updateExif(exif, picture))!;
  all = { ...NO_METADATA, icc: await profileNamed('p3'), exif, xmp: Buffer.from(XMP), iptc: IPTC };
});

async function profileNamed(name: 'srgb' | 'p3'): Promise<Buffer> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'teal' } });
  return (await sharp(await pixel.withIccProfile(name).png().toBuffer()).metadata()).icc!;
}

interface Kept {
  readonly icc: Uint8Array | null;
  readonly exif: Uint8Array | null;
  readonly xmp: Uint8Array | null;
  readonly iptc: Uint8Array | null;
}

/** What a file holds, by our readers where we have one. */
async function readKept(path: string, format: OutputFormat): Promise<Kept> {
  if (format === 'jxl') return readJxl(path);
  if (format === 'bmp') return { icc: readBmpProfile(path), exif: null, xmp: null, iptc: null };
  if (format === 'pnm' || format === 'exr') return { icc: null, exif: null, xmp: null, iptc: null };
  return (await decode(path)).metadata;
}

async function readJxl(path: string): Promise<Kept> {
  const bytes = readFileSync(path);
  const boxes = new Map<string, Buffer>();
  for (let at = 0; bytes[0] === 0 && at < bytes.length; at += bytes.readUInt32BE(at)) {
    boxes.set(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + bytes.readUInt32BE(at)));
  }
  // ffmpeg hands the profile on.
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', path, `${path}.png`]);
  const { icc } = (await decode(`${path}.png`)).metadata;
  return { icc, exif: boxes.get('Exif')?.subarray(4) ?? null, xmp: boxes.get('xml ') ?? null, iptc: null };
}

function readBmpProfile(path: string): Buffer {
  const info = readFileSync(path).subarray(14);
  return info.subarray(info.readUInt32LE(112), info.readUInt32LE(112) + info.readUInt32LE(116));
}

const KEPT: readonly (readonly [
  OutputFormat,
  icc: boolean,
  exif: boolean | 'some',
  xmp: boolean,
  iptc: boolean | 'xmp',
  lost: string,
])[] = [
  ['png', true, true, true, true, ''],
  ['jpeg', true, true, true, true, ''],
  ['tiff', true, 'some', true, true, ''],
  ['webp', true, true, true, 'xmp', ''],
  ['avif', true, true, true, 'xmp', ''],
  ['jxl', true, true, true, 'xmp', ''],
  ['bmp', true, false, false, false, 'EXIF, XMP and IPTC'],
  ['pnm', false, false, false, false, 'EXIF, XMP and IPTC'],
  ['exr', false, false, false, false, 'EXIF, XMP and IPTC'],
];

test.each(KEPT)('%s: profile %s, EXIF %s, XMP %s, IPTC %s', async (format, icc, keepsExif, keepsXmp, iptc, lost) => {
  const path = folder.path(`kept.${format}`);
  const warnings = await write(path, picture, null, { format, metadata: all, lossless: format === 'jxl' });
  const kept = await readKept(path, format);
  expectBytes(kept.icc, icc ? all.icc : null);
  if (keepsExif === 'some') expect(Buffer.from(kept.exif!).toString('latin1')).toContain('A. Nobody');
  else expectBytes(kept.exif, keepsExif ? updated : null);
  if (iptc === 'xmp') expectBytes(kept.xmp, addIptcToXmp(Buffer.from(UPRIGHT), IPTC).xmp);
  else expectBytes(kept.xmp, keepsXmp ? Buffer.from(UPRIGHT) : null);
  expectBytes(kept.iptc, iptc === true ? IPTC : null);
  expect(warnings).toEqual([
    ...(lost === '' ? [] : [expect.stringContaining(` has no place for ${lost}: left out.`)]),
    ...(icc ? [] : [expect.stringMatching(/has no place for the colour profile/)]),
  ]);
});

function expectBytes(actual: Uint8Array | null, expected: Uint8Array | null): void {
  if (expected === null || actual === null) expect(actual).toBe(expected);
  else expect(Buffer.from(actual).toString('latin1')).toBe(Buffer.from(expected).toString('latin1'));
}

test.each(KEPT)('%s, stripped, keeps the profile alone', async (format, icc) => {
  const path = folder.path(`stripped.${format}`);
  const metadata = { ...all, density: { x: 300, y: 300 } };
  const warnings = await write(path, picture, null, { format, metadata, strip: true, lossless: format === 'jxl' });
  const kept = await readKept(path, format);
  expectBytes(kept.icc, icc ? all.icc : null);
  expect([kept.exif, kept.xmp, kept.iptc]).toEqual([null, null, null]);
  expect(warnings).toHaveLength(icc ? 0 : 1);
});

test("metadata leave an AVIF's pixels alone", async () => {
  const plan = { format: 'avif', lossless: true } as const;
  await write(folder.path('bare.avif'), picture, null, plan);
  await write(folder.path('full.avif'), picture, null, { ...plan, metadata: all });
  const [bare, full] = [await decode(folder.path('bare.avif')), await decode(folder.path('full.avif'))];
  expect(samplesOf(full.colour)).toEqual(samplesOf(bare.colour));
});

const profiles: readonly (readonly [
  string,
  Partial<PictureFilePlan>,
  1 | 3,
  'twisted' | 'hollow' | 'gray' | 'sRGB',
  RegExp | null,
])[] = [
  ['png', { format: 'png' }, 1, 'twisted', /^A gray PNG cannot hold an RGB profile/],
  ['jxl', { format: 'jxl' }, 1, 'twisted', /^A gray JPEG XL cannot hold an RGB profile/],
  ['jxl', { format: 'jxl' }, 3, 'hollow', /^JPEG XL's encoder does not take the colour profile/],
  ['bmp', { format: 'bmp' }, 1, 'twisted', null],
  ['bmp', { format: 'bmp' }, 1, 'gray', /^BMP holds RGB here: the gray profile/],
  ['webp', { format: 'webp' }, 1, 'gray', /^WebP holds RGB here: the gray profile/],
  ['png', { format: 'png' }, 1, 'gray', null],
  ['exr', { format: 'exr' }, 3, 'sRGB', null],
  ['ppm', { format: 'pnm' }, 3, 'sRGB', null],
];

test.each(profiles)('.%s with %j, %i channels and a %s profile', async (ending, plan, channels, kind, message) => {
  const twisted = makeTwistedProfile();
  // A head and a table of no tags.
  const hollow = Buffer.concat([twisted.subarray(0, 128), Buffer.alloc(4)]);
  const icc = kind === 'sRGB' ? await profileNamed('srgb') : kind === 'hollow' ? hollow : twisted;
  if (kind === 'gray') twisted.write('GRAY', 16);
  const metadata = { ...NO_METADATA, icc };
  const warnings = await write(
    folder.path(`profile-${channels}-${kind}.${ending}`),
    makeNoise(4, 4, channels, 1),
    null,
    {
      ...plan,
      metadata,
    },
  );
  expect(warnings).toEqual(message === null ? [] : [expect.stringMatching(message)]);
});

/** A PNG with chunks behind its header, or behind its pixels. */
async function pngWith(chunks: readonly Buffer[], where: 'before' | 'behind', pixels = pixelPng()): Promise<Buffer> {
  const png = await pixels;
  const at = where === 'before' ? 33 : png.length - 12;
  return Buffer.concat([png.subarray(0, at), ...chunks, png.subarray(at)]);
}

function pixelPng(): Promise<Buffer> {
  return sharp(picture.data, { raw: { width: 8, height: 6, channels: 3 } })
    .png()
    .toBuffer();
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, -4)), data.length + 8);
  return out;
}

/** As ImageMagick writes it. */
function rawProfile(kind: string, bytes: Buffer, packed: boolean): Buffer {
  const hex = bytes.toString('hex').replace(/.{72}/g, '$&\n');
  const text = Buffer.from(`\n${kind}\n${String(bytes.length).padStart(8)}\n${hex}\n`);
  const keyword = `Raw profile type ${kind}\0`;
  if (!packed) return chunk('tEXt', Buffer.concat([Buffer.from(keyword), text]));
  return chunk('zTXt', Buffer.concat([Buffer.from(`${keyword}\0`), deflateSync(text)]));
}

test.each(['before', 'behind'] as const)(
  'what ImageMagick and exiftool write as text is read %s the pixels',
  async (where) => {
    const path = folder.path(`text-${where}.png`);
    const chunks = [
      rawProfile('exif', Buffer.concat([Buffer.from('Exif\0\0'), updated]), true),
      rawProfile('iptc', IPTC, false),
      rawProfile('xmp', Buffer.from(UPRIGHT), true),
      rawProfile('icc', Buffer.from(all.icc!), true),
    ];
    writeFileSync(path, await pngWith(chunks, where));
    const { metadata } = await decode(path);
    expectBytes(metadata.exif, updated);
    expectBytes(metadata.iptc, IPTC);
    expectBytes(metadata.xmp, Buffer.from(UPRIGHT));
    expectBytes(metadata.icc, all.icc);
  },
);

test('all eight orientations are applied where EXIF stands behind the pixels of a PNG', async () => {
  const stored = await sharp(Buffer.from([1, 2, 3, 4, 5, 6].map((value) => value * 40)), {
    raw: { width: 2, height: 3, channels: 1 },
  })
    .png()
    .toBuffer();
  const upright = ['123456', '214365', '654321', '563412', '135246', '531642', '642531', '246135'];
  for (const [index, expected] of upright.entries()) {
    const turned = Buffer.from('4d4d002a0000000800010112000300000001000000000000000000', 'hex');
    turned.writeUInt16BE(index + 1, 18);
    const path = folder.path('turned.png');
    writeFileSync(path, await pngWith([chunk('eXIf', turned)], 'behind', Promise.resolve(stored)));
    const { colour } = await decode(path);
    expect([colour.width, colour.height]).toEqual(index < 4 ? [2, 3] : [3, 2]);
    expect(
      samplesOf(colour)
        .filter((_, at) => at % colour.channels === 0)
        .map((value) => value / 40)
        .join(''),
    ).toBe(expected);
  }
});

const UTF8 = [1, 90, '\x1b%G'] as const;
const fieldTable: readonly (readonly [string, Buffer, string | null, RegExp, readonly string[]])[] = [
  ['a title', iptcOf(UTF8, [2, 5, 'Ö']), null, /<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Ö</, []],
  ['Latin-1', iptcOf([2, 80, Buffer.from([0xd6])]), null, /<dc:creator><rdf:Seq><rdf:li>Ö<\/rdf:li><\/rdf:Seq>/, []],
  ['keywords', IPTC, null, /<dc:subject><rdf:Bag><rdf:li>sea<\/rdf:li><rdf:li>sail</, []],
  ['what XML must not hold', iptcOf([2, 105, 'a<b>&\x01']), null, /<photoshop:Headline>a&lt;b&gt;&amp;</, []],
  ['a date', iptcOf([2, 55, '20240501'], [2, 60, '120301+0200']), null, />2024-05-01T12:03:01\+02:00</, []],
  ['a year', iptcOf([2, 55, '20240000']), null, />2024</, []],
  ['a place', iptcOf([2, 92, 'pier']), null, /<Iptc4xmpCore:Location>pier</, []],
  ['fields without a property', iptcOf([2, 118, 'x'], [3, 20, 'y'], [2, 5, 't']), null, /dc:title/, ['2:118', '3:20']],
  ['what the packet is about', iptcOf([2, 90, 'Rome']), XMP, /rdf:about="uuid:1" [^>]*><photoshop:City>Rome</, []],
  ['no RDF', iptcOf([2, 90, 'Rome']), '<a/>', /^<a\/>$/, ['2:90']],
  [
    'a property that is there',
    iptcOf([2, 90, 'Rome'], [2, 95, 'Lazio']),
    rdf('<rdf:Description rdf:about="" xmlns:ps="http://ns.adobe.com/photoshop/1.0/" ps:City="Roma"/>'),
    /^(?!.*Rome).*ps:City="Roma".*<photoshop:State>Lazio</,
    [],
  ],
];

test.each(fieldTable)('IPTC becomes XMP: %s', (_, iptc, xmp, expected, lost) => {
  const result = addIptcToXmp(xmp === null ? null : Buffer.from(xmp), iptc);
  expect(Buffer.from(result.xmp!).toString()).toMatch(expected);
  expect(result.lost).toEqual(lost);
});

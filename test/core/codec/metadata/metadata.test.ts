import { readFileSync, writeFileSync } from 'node:fs';
import sharp, { type Exif } from 'sharp';
import { expect, test } from 'vitest';
import { bufferSource } from '../../../../src/core/codec/bytes/byte-source.ts';
import { DEFAULT_PICTURE_LIMITS, inspectPicture, NO_METADATA } from '../../../../src/core/codec/index.ts';
import { updateExif } from '../../../../src/core/codec/metadata/exif.ts';
import { entryNumbers, findEntry, readIfd, readTiffLayout } from '../../../../src/core/codec/metadata/ifd.ts';
import { decode, makeFolder, makeNoise, makeTwistedProfile, samplesOf, write } from '../pictures.ts';

const folder = makeFolder();
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="boat"/></x:xmpmeta>';
const UPRIGHT_XMP = XMP.replace('"6"', '"1"');
const EXIF: Exif = {
  IFD0: { Make: 'Example', Copyright: 'A. Nobody', XResolution: '300', YResolution: '300', ResolutionUnit: '2' },
  IFD2: { ExposureTime: '1/50', PixelXDimension: '12', PixelYDimension: '8', DateTimeOriginal: '1999:12:31 23:59:59' },
  IFD3: { GPSLatitudeRef: 'N' },
};

test('a profile is kept bit for bit and never touches the pixels', async () => {
  const icc = makeTwistedProfile();
  for (const bytesPerSample of [1, 2] as const) {
    for (const format of ['png', 'tiff', 'webp'] as const) {
      if (format === 'webp' && bytesPerSample === 2) continue;
      const [first, second] = [1, 2].map((turn) => folder.path(`icc-${bytesPerSample}-${turn}.${format}`)) as [
        string,
        string,
      ];
      const noise = makeNoise(16, 16, 3, bytesPerSample);
      await write(first, noise, null, { format, lossless: true, metadata: { ...NO_METADATA, icc } });
      const { colour, metadata } = await decode(first);
      await write(second, colour, null, { format, lossless: true, metadata });
      const back = await decode(second);
      expect(Buffer.from(back.metadata.icc!).equals(icc)).toBe(true);
      expect(samplesOf(back.colour)).toEqual(samplesOf(noise));
    }
  }
});

test('other programs see the profile: sharp turns the twisted colours right through it', async () => {
  const red = {
    width: 8,
    height: 8,
    channels: 3,
    bytesPerSample: 1,
    data: new Uint8Array(192).map((_, i) => (i % 3 ? 0 : 255)),
  } as const;
  for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const) {
    const path = folder.path(`twisted.${format}`);
    await write(path, red, null, { format, metadata: { ...NO_METADATA, icc: makeTwistedProfile() } });
    expect(Buffer.from((await sharp(path).metadata()).icc!).equals(makeTwistedProfile())).toBe(true);
    const [r, g, b] = await sharp(path).raw().toBuffer();
    // Its red primary is green, so that a reader that follows the profile shows green.
    expect([r! < 60, g! > 200, b! < 60]).toEqual([true, true, true]);
  }
});

test('a profile longer than a JPEG segment is split and comes back whole', async () => {
  const icc = Buffer.concat([makeTwistedProfile(), Buffer.alloc(150_000, 7)]);
  icc.writeUInt32BE(icc.length, 0);
  await write(folder.path('long.jpg'), makeNoise(8, 8, 3, 1), null, {
    format: 'jpeg',
    metadata: { ...NO_METADATA, icc },
  });
  expect(Buffer.from((await sharp(folder.path('long.jpg')).metadata()).icc!).equals(icc)).toBe(true);
});

test('CMYK is converted through its profile to sRGB, and says so', async () => {
  const path = folder.path('cmyk.jpg');
  const orange = { create: { width: 8, height: 8, channels: 3, background: '#e08030' } } as const;
  await sharp(orange).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 100 }).toFile(path);
  const { colour, metadata } = await decode(path);
  expect(metadata.icc).toBeNull();
  expect((await inspectPicture(path, DEFAULT_PICTURE_LIMITS)).warnings[0]).toMatch(/is CMYK: it was converted to sRGB/);
  const [r, g, b] = samplesOf(colour);
  expect([Math.abs(r! - 0xe0) < 12, Math.abs(g! - 0x80) < 12, Math.abs(b! - 0x30) < 25]).toEqual([true, true, true]);
});

test('all eight orientations are applied to the pixels and reset in EXIF and XMP', async () => {
  // What a viewer must show of the stored rows 12/34/56 (top to bottom), by orientation.
  const upright = ['123456', '214365', '654321', '563412', '135246', '531642', '642531', '246135'];
  const stored = Buffer.from([1, 2, 3, 4, 5, 6].map((value) => value * 40));
  for (const [index, expected] of upright.entries()) {
    const orientation = index + 1;
    const [source, target] = [folder.path(`o${orientation}.png`), folder.path(`o${orientation}.tif`)];
    await sharp(stored, { raw: { width: 2, height: 3, channels: 1 } })
      .withXmp(XMP)
      .withExif({ IFD0: { Orientation: String(orientation) } })
      .withMetadata({ orientation, density: 144 })
      .png()
      .toFile(source);
    const { colour, width, metadata } = await decode(source);
    expect(
      samplesOf(colour)
        .filter((_, at) => at % colour.channels === 0)
        .map((value) => value / 40)
        .join(''),
    ).toBe(expected);
    expect(width).toBe(orientation < 5 ? 2 : 3);
    for (const format of ['png', 'tiff', 'jpeg', 'webp'] as const) {
      await write(target, colour, null, { format, metadata, overwrite: true });
      const kept = await sharp(target).metadata();
      expect(kept.orientation ?? 1).toBe(1);
      expect(kept.xmp?.toString()).toBe(UPRIGHT_XMP);
    }
  }
});

for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const) {
  test(`EXIF, XMP and density reach ${format}`, async () => {
    const [source, target] = [folder.path(`exif-${format}.jpg`), folder.path(`kept.${format}`)];
    await sharp({ create: { width: 12, height: 8, channels: 3, background: 'teal' } })
      .withMetadata({ density: 300 })
      .withExif(EXIF)
      .withXmp(XMP)
      .jpeg()
      .toFile(source);
    const { colour, metadata } = await decode(source);
    const pages = [{ width: 12, height: 8, resizeTo: { width: 48, height: 32 } }];
    await write(target, colour, null, { format, metadata, pages });
    const kept = (await inspectPicture(target, DEFAULT_PICTURE_LIMITS)).metadata;
    expect(kept.density).toEqual({ x: expect.closeTo(300, 1), y: expect.closeTo(300, 1) });
    expect(Buffer.from(kept.xmp!).toString()).toBe(UPRIGHT_XMP);
    const tags = await readExif(kept.exif!);
    expect(tags.text).toContain('A. Nobody');
    expect(tags.text).toContain('1999:12:31 23:59:59');
    expect(tags.exposure).toBeCloseTo(1 / 50);
    expect(tags.gps).toBe('N');
    expect(tags.dimensions).toEqual([48, 32]);
  });
}

test('strip leaves out EXIF, XMP and density but not the profile', async () => {
  const metadata = {
    ...NO_METADATA,
    icc: makeTwistedProfile(),
    xmp: Buffer.from(XMP),
    density: { x: 300, y: 300 },
    exif: (await sharp(await sharp(makePixel()).withExif(EXIF).jpeg().toBuffer()).metadata()).exif!.subarray(6),
  };
  for (const format of ['png', 'jpeg', 'webp', 'tiff'] as const) {
    const path = folder.path(`stripped.${format}`);
    await write(path, makeNoise(8, 8, 3, 1), null, { format, metadata, strip: true });
    const { metadata: kept } = await decode(path);
    expect(kept).toMatchObject({ xmp: null, exif: null, density: null });
    expect(kept.icc).not.toBeNull();
  }
});

test('density is kept where it is not square or not in inches', async () => {
  for (const density of [
    { x: 71.12, y: 71.12 },
    { x: 204, y: 98 },
  ]) {
    for (const format of ['png', 'jpeg', 'tiff', 'webp'] as const) {
      const path = folder.path(`density-${density.y}.${format}`);
      await write(path, makeNoise(8, 8, 3, 1), null, { format, metadata: { ...NO_METADATA, density } });
      const { x, y } = (await decode(path)).metadata.density!;
      expect([x, y]).toEqual([expect.closeTo(density.x, 1), expect.closeTo(density.y, 1)]);
    }
  }
});

test("PNG's own colour chunks reach a PNG and their loss elsewhere is said", async () => {
  const pngColour = [{ type: 'gAMA', data: Buffer.from([0, 1, 0x86, 0xa0]) }];
  const noise = makeNoise(8, 8, 3, 1);
  await write(folder.path('linear.png'), noise, null, { metadata: { ...NO_METADATA, pngColour } });
  const { metadata } = await decode(folder.path('linear.png'));
  expect(metadata.pngColour.map(({ type, data }) => [type, [...data]])).toEqual([['gAMA', [0, 1, 0x86, 0xa0]]]);
  expect(await write(folder.path('linear.tif'), noise, null, { format: 'tiff', metadata })).toHaveLength(1);
});

test('EXIF stays byte for byte except orientation, sizes and the link to the thumbnail', async () => {
  const jpeg = await sharp(makePixel()).withExif(EXIF).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const exif = (await sharp(jpeg).metadata()).exif!.subarray(6);
  const updated = (await updateExif(exif, { width: 70_000, height: 5 }))!;
  expect(updated.length).toBe(exif.length);
  const changed = [...exif].filter((byte, index) => byte !== updated[index]).length;
  expect(changed).toBeGreaterThan(0);
  expect(changed).toBeLessThanOrEqual(16);
  expect((await readExif(updated)).dimensions).toEqual([70_000, 5]);
  expect(await updateExif(Buffer.from('II*\0garbage'), { width: 1, height: 1 })).toBeNull();
});

test('damaged EXIF does not stop a picture; it is left out with a word', async () => {
  const path = folder.path('bad-exif.jpg');
  const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  const junk = Buffer.from('Exif\0\0this is no TIFF structure at all');
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, junk.length + 2]), junk]);
  writeFileSync(path, Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]));
  const { colour, metadata } = await decode(path);
  expect(await write(folder.path('bad-exif.png'), colour, null, { metadata })).toEqual([
    'The EXIF data is damaged: it was left out.',
  ]);
  expect(readFileSync(folder.path('bad-exif.png')).includes('eXIf')).toBe(false);
});

function makePixel() {
  return { create: { width: 12, height: 8, channels: 3, background: 'teal' } } as const;
}

async function readExif(exif: Uint8Array) {
  const source = bufferSource(exif);
  const layout = (await readTiffLayout(source))!;
  const main = (await readIfd(source, layout, layout.firstIfd, 1e6))!;
  const numbers = (ifd: typeof main, tag: number) => entryNumbers(findEntry(ifd, tag), layout.littleEndian);
  const photo = (await readIfd(source, layout, numbers(main, 0x8769)[0]!, 1e6))!;
  const gps = await readIfd(source, layout, numbers(main, 0x8825)[0] ?? 0, 1e6);
  return {
    text: Buffer.from(exif).toString('latin1'),
    exposure: numbers(photo, 0x829a)[0],
    dimensions: [numbers(photo, 0xa002)[0], numbers(photo, 0xa003)[0]],
    gps: gps === null ? undefined : findEntry(gps, 1)?.value.toString('latin1', 0, 1),
  };
}

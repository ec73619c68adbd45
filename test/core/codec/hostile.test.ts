import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/codec/bytes/byte-source.ts';
import { isSrgbProfile } from '../../../src/core/codec/colour/srgb-profile.ts';
import { readJfifDensity } from '../../../src/core/codec/formats/jpeg/jpeg-segments.ts';
import { readPngHeader } from '../../../src/core/codec/formats/png/png-chunks.ts';
import { DEFAULT_PICTURE_LIMITS, openPicture } from '../../../src/core/codec/index.ts';
import { describeForTiff, exifFacts, extractExif, updateExif } from '../../../src/core/codec/metadata/exif.ts';
import { addIptcToXmp } from '../../../src/core/codec/metadata/iptc-xmp.ts';
import { iptcRecords, photoshopResources } from '../../../src/core/codec/metadata/metadata.ts';
import { readTiffPages } from '../../../src/core/codec/tiff/tiff-pages.ts';
import { UpreelError } from '../../../src/core/errors.ts';
import { DAMAGED_COPIES } from '../../support/thorough.ts';
import { makeFolder, makeNoise, makeTwistedProfile, write } from './pictures.ts';

const folder = makeFolder();

test('our own readers of PNG, JPEG, TIFF, EXIF and IPTC survive mutations, quickly', async () => {
  const exif = await makeExif();
  const seeds: Record<string, [Buffer, (bytes: Buffer) => Promise<unknown>]> = {
    png: [await makeFile('png', exif), (bytes) => readPngHeader(bufferSource(bytes))],
    jpeg: [await makeFile('jpeg', exif), (bytes) => readJfifDensity(bufferSource(bytes))],
    tiff: [await makeFile('tiff', exif), readTiff],
    exif: [
      exif,
      async (bytes) => {
        await updateExif(bytes, { width: 3, height: 4 });
        await exifFacts(bytes);
        return await describeForTiff(bytes, false);
      },
    ],
    iptc: [
      Buffer.concat([
        Buffer.from([...Buffer.from('8BIM'), 4, 4, 0, 0, 0, 0, 0, 6]),
        Buffer.from([0x1c, 2, 5, 0, 1, 65]),
      ]),
      async (bytes) => [iptcRecords(photoshopResources(bytes) ?? bytes), addIptcToXmp(null, bytes)],
    ],
    profile: [makeTwistedProfile(), async (bytes) => isSrgbProfile(bytes)],
  };
  for (const [name, [seed, read]] of Object.entries(seeds)) {
    const random = makeRandom(1);
    let slowestMs = 0;
    for (let turn = 0; turn < DAMAGED_COPIES; turn++) {
      const started = performance.now();
      await read(mutate(seed, random));
      slowestMs = Math.max(slowestMs, performance.now() - started);
    }
    expect(slowestMs, name).toBeLessThan(1000);
  }
});

test('a mutated picture decodes or fails with a typed error, and nothing else', async () => {
  const exif = await makeExif();
  const random = makeRandom(2);
  let decoded = 0;
  let refused = 0;
  for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const) {
    const seed = await makeFile(format, exif);
    const path = folder.path(`mutated.${format}`);
    for (let turn = 0; turn < 150; turn++) {
      writeFileSync(path, mutate(seed, random));
      try {
        const reader = await openPicture(path, { maxInputMegapixels: 16 });
        for await (const page of reader.pages()) expect(page.colour.data.length).toBeGreaterThan(0);
        decoded += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(UpreelError);
        expect((error as UpreelError).code).toMatch(/^input-/);
        refused += 1;
      }
    }
  }
  expect(Math.min(decoded, refused)).toBeGreaterThan(50);
});

test('a TIFF whose directories form a ring, or refer to one another without end, is read at once', async () => {
  const ring = Buffer.alloc(64);
  ring.write('II*\0\x08\0\0\0', 'latin1');
  ring.writeUInt16LE(1, 8);
  ring.writeUInt16LE(0x100, 10);
  ring.writeUInt16LE(3, 12);
  ring.writeUInt32LE(1, 14);
  ring.writeUInt32LE(8, 22);
  expect((await readTiffPages(bufferSource(ring)))?.pages).toHaveLength(1);
  writeFileSync(folder.path('ring.tif'), ring);
  await expect(openPicture(folder.path('ring.tif'), DEFAULT_PICTURE_LIMITS)).rejects.toMatchObject({
    code: expect.stringMatching(/^input-/),
  });
});

async function readTiff(bytes: Buffer): Promise<unknown> {
  const source = bufferSource(bytes);
  const found = await readTiffPages(source);
  const [first] = found?.pages ?? [];
  return found === null || first === undefined ? null : await extractExif(source, found.layout, first.ifd);
}

async function makeExif(): Promise<Buffer> {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } });
  const jpeg = await picture
    .withExif({ IFD0: { Make: 'Example' }, IFD2: { PixelXDimension: '8' } })
    .jpeg()
    .toBuffer();
  return (await sharp(jpeg).metadata()).exif!.subarray(6);
}

async function makeFile(format: 'png' | 'jpeg' | 'webp' | 'tiff' | 'avif', exif: Buffer): Promise<Buffer> {
  const path = folder.path(`seed.${format}`);
  const metadata = {
    icc: null,
    exif,
    xmp: null,
    iptc: null,
    density: { x: 72, y: 72 },
    pngColour: [],
    delaysMs: [],
    loop: null,
  };
  await write(path, makeNoise(24, 24, 3, 1), null, { format, metadata, overwrite: true });
  return readFileSync(path);
}

/** Changes one to eight bytes, most of them near the start, and sometimes the length. */
function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(seed);
  const reach = random(4) === 0 ? bytes.length : Math.min(bytes.length, 200);
  for (let left = 1 + random(8); left > 0; left--) bytes[random(reach)] = random(3) === 0 ? 255 : random(256);
  return random(10) === 0 ? bytes.subarray(0, 1 + random(bytes.length)) : bytes;
}

function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { DEFAULT_PICTURE_LIMITS, inspectPicture, openPicture } from '../../../../src/core/codec/index.ts';
import { decode, makeFolder, makeNoise, samplesOf, write } from '../pictures.ts';

const folder = makeFolder();

test('palette, 1-bit and 4-bit PNGs and transparent colours decode to their samples', async () => {
  const palette = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255]);
  const cases = [
    {
      name: 'palette',
      bits: 2,
      type: 3,
      extra: [pngChunk('PLTE', palette)],
      row: [0b00011000],
      colour: [255, 0, 0, 0, 255, 0, 0, 0, 255],
      alpha: null,
    },
    {
      name: 'palette with alpha',
      bits: 2,
      type: 3,
      extra: [pngChunk('PLTE', palette), pngChunk('tRNS', Buffer.from([9, 128]))],
      row: [0b00011000],
      colour: [255, 0, 0, 0, 255, 0, 0, 0, 255],
      alpha: [9, 128, 255],
    },
    { name: '1-bit gray', bits: 1, type: 0, extra: [], row: [0b10100000], colour: [255, 0, 255], alpha: null },
    { name: '4-bit gray', bits: 4, type: 0, extra: [], row: [0x0f, 0x80], colour: [0, 255, 136], alpha: null },
    {
      name: '4-bit gray, one value transparent',
      bits: 4,
      type: 0,
      extra: [pngChunk('tRNS', Buffer.from([0, 15]))],
      row: [0x0f, 0x80],
      colour: [0, 255, 136],
      alpha: [255, 0, 255],
    },
    {
      name: '16-bit gray, one value transparent',
      bits: 16,
      type: 0,
      extra: [pngChunk('tRNS', Buffer.from([1, 2]))],
      row: [1, 2, 3, 4, 0, 7],
      colour: [258, 772, 7],
      alpha: [0, 65_535, 65_535],
    },
  ] as const; // prettier-ignore
  for (const { name, bits, type, extra, row, colour, alpha } of cases) {
    const path = folder.path(`${name}.png`);
    writeFileSync(path, makePng(3, 1, bits, type, extra, Buffer.from([0, ...row])));
    const picture = await decode(path);
    expect({ name, samples: samplesOf(picture.colour) }).toEqual({ name, samples: colour });
    expect(picture.alpha === null ? null : samplesOf(picture.alpha)).toEqual(alpha);
  }
});

test('interlaced PNG, tiled TIFF and BigTIFF decode to the same samples', async () => {
  const noise = makeNoise(70, 50, 3, 1);
  const raw = sharp(noise.data, { raw: { width: 70, height: 50, channels: 3 } });
  await raw.clone().png({ progressive: true }).toFile(folder.path('interlaced.png'));
  await raw
    .clone()
    .tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 })
    .toFile(folder.path('tiled.tif'));
  await raw.clone().tiff({ bigtiff: true, compression: 'none' }).toFile(folder.path('big.tif'));
  for (const name of ['interlaced.png', 'tiled.tif', 'big.tif']) {
    expect(samplesOf((await decode(folder.path(name))).colour)).toEqual(samplesOf(noise));
  }
});

test('colour that was multiplied by alpha in a TIFF is divided out', async () => {
  const path = folder.path('associated.tif');
  const rgba = Buffer.from([100, 50, 0, 128, 7, 8, 9, 0, 200, 100, 50, 255]);
  await sharp(rgba, { raw: { width: 3, height: 1, channels: 4 } })
    .tiff({ compression: 'none' })
    .toFile(path);
  const bytes = readFileSync(path);
  // The ExtraSamples tag (0x152, a SHORT): 2, plain alpha, becomes 1.
  const at = bytes.indexOf(Buffer.from([0x52, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02]));
  expect(at).toBeGreaterThan(0);
  bytes.writeUInt16LE(1, at + 8);
  writeFileSync(path, bytes);
  const { colour, alpha } = await decode(path);
  expect(samplesOf(colour)).toEqual([199, 99, 0, 0, 0, 0, 200, 100, 50]);
  expect(samplesOf(alpha!)).toEqual([128, 0, 255]);
});

test('colour that was multiplied by alpha in an AVIF is divided out, and that is said', async () => {
  const rgba = Buffer.from(
    Array.from({ length: 32 * 32 }, (_, i) => (i % 32 < 16 ? [100, 50, 20, 128] : [7, 8, 9, 255])).flat(),
  );
  const straight = await sharp(rgba, { raw: { width: 32, height: 32, channels: 4 } })
    .avif({ lossless: true })
    .toBuffer();
  for (const { name, bytes, left, warnings } of [
    { name: 'straight.avif', bytes: straight, left: [100, 50, 20], warnings: 0 },
    { name: 'multiplied.avif', bytes: refer(straight, 1), left: [199, 100, 40], warnings: 1 },
    // Of another item than the picture.
    { name: 'other.avif', bytes: refer(straight, 2), left: [100, 50, 20], warnings: 0 },
  ]) {
    writeFileSync(folder.path(name), bytes);
    const { info, readPage } = await openPicture(folder.path(name), DEFAULT_PICTURE_LIMITS);
    const { colour, alpha } = await readPage(0);
    expect([...colour.data.subarray(0, 3), alpha!.data[0], ...colour.data.subarray(93, 96)]).toEqual([
      ...left,
      ...[128, 7, 8, 9],
    ]);
    expect(info.warnings.filter((text) => text.includes('multiplied with its alpha'))).toHaveLength(warnings);
  }
});

/** The AVIF of sharp with a reference of the type "prem" to the alpha beside that of the type "auxl". */
function refer(avif: Buffer, from: number): Buffer {
  const box = Buffer.alloc(14);
  box.writeUInt32BE(box.length, 0);
  box.write('prem', 4);
  for (const [index, number] of [from, 1, 2].entries()) box.writeUInt16BE(number, 8 + 2 * index);
  const [meta, iloc, iref, auxl] = ['meta', 'iloc', 'iref', 'auxl'].map((type) => avif.indexOf(type) - 4);
  const made = Buffer.concat([avif.subarray(0, auxl! + 14), box, avif.subarray(auxl! + 14)]);
  // Both boxes grow, and the pixels of both items (entries of 18 bytes) move.
  for (const at of [meta!, iref!, iloc! + 20, iloc! + 38]) made.writeUInt32BE(made.readUInt32BE(at) + box.length, at);
  return made;
}

test('a GIF animation is read page by page with its timing', async () => {
  const path = folder.path('three.gif');
  const pages = ['#ff0000', '#00ff00', '#0000ff'].map((background) => ({
    create: { width: 6, height: 4, channels: 3 as const, background },
  }));
  const frames = await Promise.all(pages.map((page) => sharp(page).png().toBuffer()));
  await sharp(frames, { join: { animated: true } })
    .gif({ delay: [50, 100, 150], loop: 2 })
    .toFile(path);
  const { info, pages: read } = await openPicture(path, DEFAULT_PICTURE_LIMITS);
  expect(info).toMatchObject({ animated: true, metadata: { delaysMs: [50, 100, 150], loop: 2 } });
  const firstPixels = [];
  for await (const { colour } of read()) firstPixels.push(samplesOf(colour).slice(0, 3));
  expect(firstPixels).toEqual([
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ]);
});

test('a picture over the limit is refused from its header', async () => {
  const path = folder.path('huge.png');
  writeFileSync(path, makePng(40_000, 30_000, 8, 2, [], Buffer.alloc(10)));
  const error = {
    code: 'input-too-large',
    message: `${path} is 40000x30000 (1200 megapixels), more than the 1000 allowed.`,
  };
  await expect(inspectPicture(path, DEFAULT_PICTURE_LIMITS)).rejects.toMatchObject(error);
  await expect(openPicture(path, { maxInputMegapixels: 1000 })).rejects.toMatchObject(error);
  expect((await inspectPicture(path, { maxInputMegapixels: 1200 })).pages).toEqual([{ width: 40_000, height: 30_000 }]);
});

test('every format refuses a file that was cut short', async () => {
  const noise = makeNoise(64, 64, 3, 1);
  for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const) {
    await write(folder.path(`whole.${format}`), noise, null, { format });
    const bytes = readFileSync(folder.path(`whole.${format}`));
    for (const share of [0.02, 0.3, 0.6, 0.9]) {
      const path = folder.path(`cut.${format}`);
      writeFileSync(path, bytes.subarray(0, Math.max(12, Math.floor(bytes.length * share))));
      await expect(decode(path), `${format} cut to ${share}`).rejects.toMatchObject({
        code: expect.stringMatching(/^input-(damaged|unsupported)$/),
      });
    }
  }
});

test('a JPEG whose data break off in the middle is damaged; one with an unknown colour transform is read with a warning', async () => {
  const raw = { width: 64, height: 64, channels: 3 } as const;
  await sharp(makeNoise(64, 64, 3, 1).data, { raw })
    .jpeg()
    .toFile(folder.path('good.jpg'));
  const good = readFileSync(folder.path('good.jpg'));
  const bad = Buffer.from(good);
  bad.fill(Buffer.from([0xff, 0xd3]), good.length - 2000, good.length - 1500); // restart markers where there are none
  writeFileSync(folder.path('bad.jpg'), bad);
  await expect(decode(folder.path('bad.jpg'))).rejects.toMatchObject({ code: 'input-damaged' });
  const adobe = Buffer.from('\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x07', 'latin1');
  writeFileSync(folder.path('odd.jpg'), Buffer.concat([good.subarray(0, 2), adobe, good.subarray(2)]));
  const { colour, warnings } = await decode(folder.path('odd.jpg'));
  expect(samplesOf(colour)).toEqual(samplesOf((await decode(folder.path('good.jpg'))).colour));
  expect(warnings).toEqual([expect.stringMatching(/not quite as its format demands/)]);
});

test('whatever is no readable picture gets its own sentence', async () => {
  const contents: readonly (readonly [string, string | Buffer, string, RegExp])[] = [
    ['empty.png', '', 'input-unreadable', /is empty \(0 bytes\)/],
    ['text.png', 'hello there', 'input-unsupported', /is a text file/],
    ['vector.png', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'input-unsupported', /SVG/],
    ['plain.svg', '\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'input-unsupported', /SVG/],
    ['page.jpg', '<!DOCTYPE html><html></html>', 'input-unsupported', /is a web page/],
    ['doc.png', '%PDF-1.7\n', 'input-unsupported', /is a PDF document/],
    ['h.heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'input-damaged', /is damaged/],
    [
      'm.png',
      Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1'),
      'input-unsupported',
      /is an MP4 or MOV file/,
    ],
    ['ascii.png', Buffer.from('\x89PNG\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'input-damaged', /almost like a PNG/],
    ['sky.fits', 'SIMPLE  =                    T', 'input-unsupported', /is a FITS picture/],
    ['film.cin', Buffer.from('\x80\x2a\x5f\xd7\0\0', 'latin1'), 'input-unsupported', /is a Cineon picture/],
    ['i.xpm', '/* XPM */\nstatic char *x[] = {', 'input-unsupported', /is an XPM picture/],
    ['noise.png', Buffer.from([3, 250, 0, 1, 7, 0, 200]), 'input-unsupported', /is not a picture that upreel knows/],
    ['head.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'input-damaged', /is damaged/],
    ['raw.dng', makeDng(), 'input-unsupported', /is a camera's raw file/],
    ['loop.tif', Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 'input-damaged', /is damaged/],
  ]; // prettier-ignore
  for (const [name, content, code, message] of contents) {
    writeFileSync(folder.path(name), content);
    await expect(inspectPicture(folder.path(name), DEFAULT_PICTURE_LIMITS), name).rejects.toMatchObject({
      name: 'UpreelError',
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/./),
    });
  }
});

test('missing files, folders, pipes and dangling links are told apart', async () => {
  mkdirSync(folder.path('album.png'));
  symlinkSync('nowhere.png', folder.path('dangling.png'));
  const cases: (readonly [string, string, RegExp])[] = [
    ['absent.png', 'input-missing', /absent\.png does not exist/],
    ['dangling.png', 'input-missing', /does not exist/],
    ['album.png', 'input-unreadable', /is a folder/],
    ['album.png/x.png', 'input-missing', /does not exist/],
  ];
  if (spawnSync('mkfifo', [folder.path('pipe.png')]).status === 0)
    cases.push(['pipe.png', 'input-unreadable', /not a regular file/]);
  for (const [name, code, message] of cases) {
    await expect(inspectPicture(folder.path(name), DEFAULT_PICTURE_LIMITS), name).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  }
});

test('a file without permission is told as such', async ({ skip }) => {
  skip(!canDropRights(), 'this Node.js does not let root take the rights of another user');
  writeFileSync(folder.path('private.png'), 'x');
  chmodSync(folder.path('private.png'), 0);
  chmodSync(folder.path('.'), 0o755);
  await asNobody(async () => {
    await expect(decode(folder.path('private.png'))).rejects.toMatchObject({
      code: 'input-unreadable',
      message: expect.stringMatching(/may not read/),
    });
  });
});

function canDropRights(): boolean {
  if (process.geteuid?.() !== 0) return true;
  try {
    process.seteuid?.(65_534);
    process.seteuid?.(0);
    return true;
  } catch {
    // Node.js refuses it where io_uring may be in use.
    return false;
  }
}

/** Root may read everything: as root the action runs with the rights of "nobody". */
async function asNobody(action: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return action();
  process.seteuid?.(65_534);
  try {
    await action();
  } finally {
    process.seteuid?.(0);
  }
}

/** A TIFF with nothing but a DNGVersion tag. */
function makeDng(): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write('II*\0\x08\0\0\0\x01\0', 'latin1');
  bytes.writeUInt16LE(0xc612, 10);
  bytes.writeUInt16LE(1, 12);
  bytes.writeUInt32LE(4, 14);
  return bytes;
}

function makePng(
  width: number,
  height: number,
  bits: number,
  type: number,
  extra: readonly Buffer[],
  rows: Buffer,
): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.writeUInt8(bits, 8);
  head.writeUInt8(type, 9);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const end = pngChunk('IEND', Buffer.alloc(0));
  return Buffer.concat([signature, pngChunk('IHDR', head), ...extra, pngChunk('IDAT', deflateSync(rows)), end]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

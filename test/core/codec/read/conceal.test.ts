import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { openPicture } from '../../../../src/core/codec/index.ts';
import { decode, makeFolder, makeNoise, samplesOf } from '../pictures.ts';

const folder = makeFolder();
const SIDE = 64;
const whole = new Map<string, Buffer>();

beforeAll(async () => {
  const noise = makeNoise(SIDE, SIDE, 3, 1);
  const rgb = () => sharp(noise.data, { raw: { width: SIDE, height: SIDE, channels: 3 } });
  const alpha = new Uint8Array(SIDE * SIDE).fill(200);
  whole.set('base.jpg', await rgb().jpeg({ quality: 95 }).toBuffer());
  whole.set('waves.jpg', await rgb().jpeg({ quality: 95, progressive: true }).toBuffer());
  whole.set('turned.jpg', await rgb().withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer());
  whole.set('rgb.png', await rgb().png({ compressionLevel: 0 }).toBuffer());
  const clear = rgb().joinChannel(Buffer.from(alpha), { raw: { width: SIDE, height: SIDE, channels: 1 } });
  whole.set('clear.png', await clear.png({ compressionLevel: 0 }).toBuffer());
  whole.set('a.gif', await rgb().gif().toBuffer());
  whole.set('a.tif', await rgb().tiff({ compression: 'lzw' }).toBuffer());
  whole.set('a.webp', await rgb().webp().toBuffer());
  whole.set('a.avif', await rgb().avif().toBuffer());
});

/** Files of their own: libvips remembers what it opened. */
let files = 0;
function write(name: string, change: (bytes: Buffer) => Buffer): string {
  const path = folder.path(`${files++}-${name}`);
  writeFileSync(path, change(Buffer.from(whole.get(name)!)));
  return path;
}

const cutTo = (share: number) => (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * share));
/** Four bytes at that share of the file. */
const breakAt = (share: number) => (bytes: Buffer) => {
  bytes.fill(
    Buffer.from([0xff, 0xd3, 0x5a, 0xff]),
    Math.floor(bytes.length * share),
    Math.floor(bytes.length * share) + 4,
  );
  return bytes;
};

async function conceal(path: string) {
  const reader = await openPicture(path, { maxInputMegapixels: 1, onDecodeError: 'conceal' });
  return await reader.readPage(0);
}

describe.each([
  {
    name: 'base.jpg',
    change: cutTo(0.6),
    loss: /(3\d|4\d|50) % of it, at the bottom, .* it is gray there/,
    intact: 0.4,
  },
  { name: 'turned.jpg', change: cutTo(0.6), loss: /(3\d|4\d|50) % of it, on the left, .* it is gray there/, intact: 0 },
  { name: 'waves.jpg', change: cutTo(0.5), loss: /decoded as far as possible/, intact: 0 },
  { name: 'rgb.png', change: cutTo(0.7), loss: /(29|3\d) % of it, at the bottom, .* it is black there/, intact: 0.6 },
  {
    name: 'clear.png',
    change: cutTo(0.5),
    loss: /(49|5\d) % of it, at the bottom, .* it is transparent there/,
    intact: 0.4,
  },
  { name: 'rgb.png', change: breakAt(0.5), loss: /could not be decoded|as far as possible/, intact: 0.3 },
  { name: 'a.gif', change: cutTo(0.5), loss: /at the bottom, .* it is transparent there/, intact: 0 },
  { name: 'a.tif', change: breakAt(0.5), loss: /is damaged/, intact: 0 },
])('$name, damaged ($loss)', ({ name, change, loss, intact }) => {
  test('is refused with the way to go on, and with it is read as far as possible', async () => {
    const path = write(name, change);
    await expect(decode(path)).rejects.toMatchObject({
      code: 'input-damaged',
      hint: expect.stringContaining('--on-decode-error conceal'),
    });
    const { colour, warnings } = await conceal(path);
    expect(warnings).toEqual([expect.stringMatching(loss)]);
    expect(colour).toMatchObject({ width: SIDE, height: SIDE });
    const right = samplesOf((await decode(write(name, (bytes) => bytes))).colour);
    const rows = Math.floor(intact * SIDE) * SIDE * 3;
    expect(samplesOf(colour).slice(0, rows)).toEqual(right.slice(0, rows));
  });
});

test('a JPEG that lacks its end mark alone is read whole, and that is said', async () => {
  for (const name of ['base.jpg', 'waves.jpg', 'turned.jpg']) {
    const right = await decode(write(name, (bytes) => bytes));
    for (const bytes of [1, 2]) {
      const { colour, warnings } = await decode(write(name, (file) => file.subarray(0, file.length - bytes)));
      expect(samplesOf(colour)).toEqual(samplesOf(right.colour));
      expect(warnings).toEqual([expect.stringMatching(/lacks its last bytes; no pixel is missing/)]);
    }
  }
});

test('what has no header, and formats that are whole or nothing, stay refused', async () => {
  for (const name of ['a.webp', 'a.avif', 'a.tif', 'base.jpg', 'rgb.png']) {
    const path = write(name, cutTo(name.startsWith('a.') ? 0.8 : 0.01));
    for (const read of [decode, conceal]) {
      const error = await read(path).catch((refusal: unknown) => refusal);
      expect({ name, error }).toMatchObject({
        error: { code: expect.stringMatching(/^input-(damaged|unsupported)$/) },
      });
      expect((error as { hint: string }).hint).not.toContain('conceal');
    }
  }
});

test('a file that is whole is read alike with and without it', async () => {
  for (const name of whole.keys()) {
    const path = write(name, (bytes) => bytes);
    expect(await conceal(path)).toEqual(await decode(path));
  }
});

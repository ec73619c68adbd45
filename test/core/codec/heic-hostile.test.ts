import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/codec/bytes/byte-source.ts';
import { boxesIn } from '../../../src/core/codec/bytes/iso-boxes.ts';
import { readHeifFile } from '../../../src/core/codec/heif/heif-boxes.ts';
import { heifExtras } from '../../../src/core/codec/heif/heif-extras.ts';
import { readHeifMetadata } from '../../../src/core/codec/heif/heif-metadata.ts';
import { describeHeif } from '../../../src/core/codec/heif/heif-picture.ts';
import { UpreelError } from '../../../src/core/errors.ts';
import { fromDist } from '../../support/dist.ts';
import { box, codeHevc, extents, type HeifPlan, heifFile, nclx, pictureItem, uint } from '../../support/heif-file.ts';
import { makeFolder, makeNoise } from './pictures.ts';

const { openPicture } = await fromDist<typeof import('../../../src/core/codec/index.ts')>('core/codec/index.js');

const folder = makeFolder();
const LIMITS = { maxInputMegapixels: 1000 };
const SIZE = { width: 32, height: 32 };
const picture = codeHevc(Buffer.from(makeNoise(32, 32, 3, 1).data), { ...SIZE, pixelFormat: 'gbrp' });
const tile = { ...pictureItem(2, picture), hidden: true };
const grid = (width: number, height: number, data = Buffer.concat([Buffer.alloc(4), uint(2, width, height)])) => ({
  id: 1,
  type: 'grid',
  data,
  properties: [extents(width, height), nclx(1, 13, 0, true), box('irot', Buffer.from([1]))],
});
const EXIF = {
  id: 3,
  type: 'Exif',
  data: Buffer.concat([uint(4, 0), Buffer.from('II*\0\x08\0\0\0\0\0\0\0', 'latin1')]),
};
const SOUND: HeifPlan = {
  items: [grid(30, 20), tile, EXIF],
  primary: 1,
  references: [
    { type: 'dimg', from: 1, to: [2] },
    { type: 'cdsc', from: 3, to: [1] },
  ],
};
const sound = heifFile(SOUND);

async function decode(file: Buffer): Promise<number> {
  const path = folder.path('hostile.heic');
  writeFileSync(path, file);
  return (await (await openPicture(path, LIMITS)).readPage(0)).colour.data.length;
}

async function codeOf(file: Buffer): Promise<string> {
  return await decode(file).then(
    () => 'decoded',
    // Another copy of the class than this one's.
    (error: UpreelError) => (error.name === 'UpreelError' ? error.code : `not typed: ${error}`),
  );
}

test('our own reading of a HEIF file survives 5,000 mutations', async () => {
  const random = makeRandom(1);
  // The description only: what is behind it is not read.
  const reach = sound.indexOf('mdat');
  for (let turn = 0; turn < 5000; turn++) {
    const bytes = Buffer.from(sound);
    for (let left = 1 + random(6); left > 0; left--) bytes[random(reach)] = random(3) === 0 ? 255 : random(256);
    const source = bufferSource(random(10) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
    const file = await readHeifFile(source);
    heifExtras(file, 'x');
    try {
      const described = file.meta && (await describeHeif(source, file.meta, 'x'));
      if (described) await readHeifMetadata(source, file.meta!, described, 'x');
    } catch (error) {
      expect(error).toBeInstanceOf(UpreelError);
    }
  }
});

test('a mutated file decodes or fails with a typed error, and the next one decodes', async () => {
  expect(await codeOf(sound)).toBe('decoded');
  const random = makeRandom(2);
  const codes = new Set<string>();
  const media = sound.indexOf('mdat');
  for (let turn = 0; turn < 12; turn++) {
    const bytes = Buffer.from(sound);
    const [from, to] = turn % 2 === 0 ? [0, media] : [media + 8, bytes.length];
    for (let left = 3; left > 0; left--) bytes[from + random(to - from)] = random(256);
    codes.add(await codeOf(bytes));
  }
  for (const code of codes) expect(code).toMatch(/^(decoded|input-(damaged|unsupported|too-large))$/);
  expect(codes).toContain('input-damaged');
  expect(await decode(sound)).toBe(30 * 20 * 3);
}, 120_000);

test('a file that ends early is damaged, wherever it ends', async () => {
  const ends = [...cuts(sound)];
  expect(ends.length).toBeGreaterThan(15);
  // A last byte of EXIF is not the picture's.
  for (const end of ends)
    expect({ end, code: await codeOf(sound.subarray(0, end)) }).toMatchObject({ code: /damaged/ });
}, 120_000);

test('sizes beyond the limit are refused from the description, whoever states them', async () => {
  const references = SOUND.references!;
  const huge = [40_000, 40_000] as const;
  const table: readonly (readonly [string, HeifPlan])[] = [
    ['of the picture', { items: [withSize(pictureItem(1, picture), ...huge)], primary: 1 }],
    ['of a canvas', { ...SOUND, items: [grid(...huge), withSize(tile, ...huge)], references }],
  ];
  for (const [name, plan] of table) expect([name, await codeOf(heifFile(plan))]).toEqual([name, 'input-too-large']);
});

test('more memory than WebAssembly has is an error like any other, and the next file decodes', async () => {
  // The first plane is more than there is, so that little is taken before it.
  const deep = codeHevc(Buffer.alloc(32 * 32 * 6), { ...SIZE, pixelFormat: 'gbrp10le' });
  const large = { ...deep, hvcC: withCodedSize(deep.hvcC, 30_848), width: 30_848, height: 30_848 };
  const plan = { items: [pictureItem(1, large)], primary: 1 };
  expect(await codeOf(heifFile(plan))).toBe('out-of-memory');
  expect(await codeOf(sound)).toBe('decoded');
});

test('items that are made of one another, of nothing or of what is not there are damaged', async () => {
  const iden = (id: number) => ({ id, type: 'iden', data: Buffer.alloc(0), properties: [extents(32, 32)] });
  const references = (...pairs: [number, number][]) => pairs.map(([from, to]) => ({ type: 'dimg', from, to: [to] }));
  const plans: readonly HeifPlan[] = [
    { items: [iden(1), iden(2), tile], primary: 1, references: references([1, 2], [2, 1]) },
    { items: [iden(1), tile], primary: 1, references: references([1, 1]) },
    { items: [iden(1), tile], primary: 1, references: references([1, 9]) },
    { items: [{ ...grid(32, 32), id: 2 }], primary: 2, references: references([2, 2]) },
    { ...SOUND, items: [grid(30, 20, Buffer.from([0, 0, 3, 3, 0, 30, 0, 20])), tile] },
    { ...SOUND, items: [grid(33, 20), tile] },
    { ...SOUND, primary: 7 },
    // Coded as more than the file says.
    { items: [pictureItem(1, { ...picture, hvcC: withCodedSize(picture.hvcC, 4096) })], primary: 1 },
  ];
  for (const plan of plans) expect(await codeOf(heifFile(plan))).toMatch(/^input-(damaged|unsupported)$/);
});

/** Ends of the boxes, at any depth, and places inside them. */
function* cuts(bytes: Buffer, base = 0): Iterable<number> {
  let at = base;
  for (const { type, body } of boxesIn(bytes)) {
    yield at + 4;
    const inside = { meta: 4, iprp: 0, ipco: 0 }[type];
    if (inside !== undefined) yield* cuts(body.subarray(inside), at + 8 + inside);
    else yield at + 8 + (body.length >> 1);
    at += 8 + body.length;
  }
}

function withSize<T extends { readonly properties: readonly Buffer[] }>(item: T, width: number, height: number): T {
  const properties = item.properties.map((it) => (it.includes('ispe') ? extents(width, height) : it));
  return { ...item, properties };
}

/** A configuration whose sequence's parameter set (ITU-T H.265, 7.3.2.2.1) states another width and height. */
function withCodedSize(hvcC: Buffer, size: number): Buffer {
  let at = 23;
  const parts = [hvcC.subarray(0, at)];
  while (at < hvcC.length) {
    const length = hvcC.readUInt16BE(at + 3);
    const unit = hvcC.subarray(at + 5, at + 5 + length);
    const changed = ((unit[0]! >> 1) & 63) === 33 ? changedSequence(unit, size) : unit;
    parts.push(hvcC.subarray(at, at + 3), uint(2, changed.length), changed);
    at += 5 + length;
  }
  return Buffer.concat(parts);
}

function changedSequence(unit: Buffer, size: number): Buffer {
  const plain = [...unit].filter((byte, at) => !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0));
  const bits = plain.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const ends = (from: number) => from + 2 * (bits.indexOf('1', from) - from) + 1;
  const code = (value: number) => (value + 1).toString(2).padStart(2 * (value + 1).toString(2).length - 1, '0');
  // Behind the profile: an identity, 4:4:4 and its one bit, then width and height.
  const start = ends(ends(15 * 8)) + 1;
  const changed = bits.slice(0, start) + code(size) + code(size) + bits.slice(ends(ends(start)));
  const bytes = Buffer.from(changed.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)));
  return withEmulation(bytes);
}

/** ITU-T H.265, 7.3.1.1: nothing in it looks like a start code. */
function withEmulation(bytes: Buffer): Buffer {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte <= 3 && out.length > 1 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Buffer.from(out);
}

function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

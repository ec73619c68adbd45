import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/codec/bytes/byte-source.ts';
import { readJpegExtras } from '../../../src/core/codec/formats/jpeg/jpeg-extras.ts';
import { DEFAULT_PICTURE_LIMITS, inspectPicture } from '../../../src/core/codec/index.ts';
import { dropClaims } from '../../../src/core/codec/metadata/xmp-claims.ts';
import { box } from '../../support/heif-file.ts';
import { decode, makeFolder, write } from './pictures.ts';

const folder = makeFolder();
const GOOGLE = 'http://ns.google.com/photos/1.0';
const RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"';

/** An XMP packet with attributes and elements that stay (`dc:format`, a creator) around those given. */
function xmpOf(attributes: string, elements = ''): string {
  return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ${RDF}><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"${attributes} dc:format='image/jpeg'>${elements}<dc:creator>A &gt; B</dc:creator></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
}

const DIRECTORY = `<C:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><C:Item Item:Semantic="GainMap" Item:Mime="a>b"/></rdf:li></rdf:Seq></C:Directory>`;
const SPACES = ` xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:C="${GOOGLE}/container/" xmlns:Item="${GOOGLE}/container/item/" xmlns:Cam="${GOOGLE}/camera/" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"`;

const CUT_OFF = xmpOf(`${SPACES} hdrgm:Version="1.0"`).split(' dc:format', 1)[0]!;

test('XMP loses what it says of things that are not in the result, and nothing else', () => {
  const table: readonly (readonly [given: string, left: string])[] = [
    [xmpOf(''), xmpOf('')],
    [xmpOf(`${SPACES} hdrgm:Version="1.0"`, DIRECTORY), xmpOf(SPACES)],
    [
      xmpOf(`${SPACES} Cam:MotionPhoto="1" Cam:MotionPhotoVersion='1' Cam:BurstID="7"`),
      xmpOf(`${SPACES} Cam:BurstID="7"`),
    ],
    [xmpOf(SPACES, '<Cam:MicroVideo>1</Cam:MicroVideo><Cam:MicroVideoOffset>9</Cam:MicroVideoOffset>'), xmpOf(SPACES)],
    [xmpOf(`${SPACES} xmpNote:HasExtendedXMP="0123"`), xmpOf(SPACES)],
    [xmpOf(SPACES, '<C:Directory/><!-- <C:Directory> -->'), xmpOf(SPACES, '<!-- <C:Directory> -->')],
    // The same names of another name space.
    [xmpOf(' xmlns:hdrgm="x" hdrgm:Version="1.0"'), xmpOf(' xmlns:hdrgm="x" hdrgm:Version="1.0"')],
    // No XML: as it is.
    [xmpOf(SPACES, '<C:Directory>'), xmpOf(SPACES, '<C:Directory>')],
    [CUT_OFF, CUT_OFF],
  ];
  for (const [given, left] of table) expect(Buffer.from(dropClaims(Buffer.from(given))).toString()).toBe(left);
});

// What grew with the square of the length would take longer than a test may.
test('megabytes of forged XMP come to an end', () => {
  const forged = [
    `<a ${SPACES}>${'<C:a>'.repeat(400_000)}`,
    `<a ${SPACES} ${'"<'.repeat(1_000_000)}`,
    `<a ${SPACES}${' '.repeat(2_000_000)}`,
  ];
  for (const text of forged) {
    expect(Buffer.from(dropClaims(Buffer.from(text))).toString()).toBe(text);
  }
});

const film = Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0isom')), box('mdat', Buffer.alloc(64))]);

test('the still of an Ultra HDR JPEG, a motion photo or a 3D photo is read, and the rest is named', async () => {
  const jpeg = await sharp({ create: { width: 16, height: 8, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  const gainMap = withSegments(jpeg, [xmpSegment(xmpOf(`${SPACES} hdrgm:Version="1.0"`))]);
  const appleGainMap = withSegments(jpeg, [xmpSegment('urn:com:apple:photo:2020:aux:hdrgainmap')]);
  const disparity = withSegments(jpeg, [xmpSegment('urn:com:apple:photo:2016:aux:disparity')]);
  const motion = [xmpSegment(xmpOf(`${SPACES} Cam:MotionPhoto="1"`))];
  const samsung = Buffer.concat([Buffer.from('MotionPhoto_Data'), film, Buffer.from('SEFH\0\0\0\0SEFT')]);
  const table: readonly (readonly [name: string, file: Buffer, besides: string | null])[] = [
    ['plain', jpeg, null],
    ['Ultra HDR', multiPicture(jpeg, [[0, gainMap]]), 'a gain map for HDR screens'],
    ["Apple's", multiPicture(jpeg, [[0, appleGainMap]]), 'a gain map for HDR screens'],
    ['portrait', multiPicture(jpeg, [[0, disparity]]), 'a depth map'],
    ['3D', multiPicture(jpeg, [[0x020002, jpeg]]), 'a further picture'],
    [
      'panorama',
      multiPicture(jpeg, [
        [0x020001, jpeg],
        [0x020001, jpeg],
      ]),
      '2 further pictures',
    ],
    ['with a preview', multiPicture(jpeg, [[0x010002, jpeg]]), null],
    [
      'both',
      Buffer.concat([multiPicture(jpeg, [[0, gainMap]], motion), film]),
      'a gain map for HDR screens and a film',
    ],
    ['motion photo', Buffer.concat([withSegments(jpeg, motion), film]), 'a film'],
    ['motion photo without its film', withSegments(jpeg, motion), null],
    ["Samsung's motion photo", Buffer.concat([jpeg, samsung]), 'a film'],
    ["Samsung's photo", Buffer.concat([jpeg, Buffer.from('Image_UTC_DataSEFH\0\0\0\0SEFT')]), null],
    ['a list of what an editor cut off', multiPicture(jpeg, [[0, gainMap]]).subarray(0, jpeg.length + 78), null],
  ];
  const pixels = await sharp(jpeg).raw().toBuffer();
  const path = folder.path('photo.jpg');
  for (const [name, file, besides] of table) {
    writeFileSync(path, file);
    const { warnings } = await inspectPicture(path, DEFAULT_PICTURE_LIMITS);
    expect([name, ...warnings]).toEqual([
      name,
      ...(besides === null ? [] : [`${path} also holds ${besides}: left out.`]),
    ]);
    expect(Buffer.from((await decode(path)).colour.data)).toEqual(pixels);
  }
});

test('mutated lists of further pictures are read without an error', async () => {
  const jpeg = await sharp({ create: { width: 16, height: 8, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  const seed = multiPicture(jpeg, [[0, jpeg]], [xmpSegment(xmpOf(`${SPACES} Cam:MotionPhoto="1"`))]);
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let turn = 0; turn < 3000; turn++) {
    const bytes = Buffer.from(seed);
    for (let left = 1 + random(8); left > 0; left--) bytes[random(1000)] = random(3) === 0 ? 255 : random(256);
    expect((await readJpegExtras(bufferSource(bytes))).length).toBeLessThan(4);
  }
});

test('a result does not say that it has what was left out', async () => {
  const jpeg = await sharp({ create: { width: 16, height: 8, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  const claims = [xmpSegment(xmpOf(`${SPACES} hdrgm:Version="1.0" Cam:MotionPhoto="1"`, DIRECTORY))];
  writeFileSync(folder.path('claims.jpg'), Buffer.concat([multiPicture(jpeg, [[0, jpeg]], claims), film]));
  const { colour, metadata } = await decode(folder.path('claims.jpg'));
  for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif'] as const) {
    const path = folder.path(`result.${format}`);
    await write(path, colour, null, { format, metadata });
    const bytes = readFileSync(path);
    for (const claim of ['MPF\0', 'hdrgm:Version', 'MotionPhoto=', 'Directory'])
      expect(bytes.includes(claim)).toBe(false);
    expect((await sharp(path).metadata()).xmpAsString).toContain('dc:creator');
  }
});

/** JPEG segments behind its first one, JFIF. */
function withSegments(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  const at = 2 + 2 + jpeg.readUInt16BE(4);
  return Buffer.concat([jpeg.subarray(0, at), ...segments, jpeg.subarray(at)]);
}

function segment(marker: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

function xmpSegment(xmp: string): Buffer {
  return segment(0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0'), Buffer.from(xmp));
}

/** A Multi-Picture Format file (CIPA DC-007). @param others kinds, and the pictures behind the first */
function multiPicture(
  jpeg: Buffer,
  others: readonly (readonly [number, Buffer])[],
  more: readonly Buffer[] = [],
): Buffer {
  const listBytes = 16 * (others.length + 1);
  const index = Buffer.alloc(8 + 2 + 2 * 12 + 4 + listBytes);
  index.write('MM\0*\0\0\0\x08', 'latin1');
  index.writeUInt16BE(2, 8);
  index.writeUInt16BE(0xb001, 10);
  index.writeUInt16BE(4, 12);
  index.writeUInt32BE(1, 14);
  index.writeUInt32BE(others.length + 1, 18);
  index.writeUInt16BE(0xb002, 22);
  index.writeUInt16BE(7, 24);
  index.writeUInt32BE(listBytes, 26);
  index.writeUInt32BE(38, 30);
  const segments = [...more, segment(0xe2, Buffer.from('MPF\0'), index)];
  const first = withSegments(jpeg, segments);
  const base = first.indexOf('MPF\0') + 4;
  let at = first.length;
  others.forEach(([kind, picture], place) => {
    const entry = base + 38 + 16 * (place + 1);
    first.writeUInt32BE(kind, entry);
    first.writeUInt32BE(picture.length, entry + 4);
    first.writeUInt32BE(at - base, entry + 8);
    at += picture.length;
  });
  return Buffer.concat([first, ...others.map(([, picture]) => picture)]);
}

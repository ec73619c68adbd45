import { expect, it } from 'vitest';
import { ZipArchive } from '../../../../src/core/model/checkpoint/zip-archive.ts';
import { expectRefusal } from '../refusals.ts';
import { writeZip } from '../writers/zip-writer.ts';

const ENTRIES = [
  { name: 'a/one', content: Buffer.from('first first first first') },
  { name: 'a/two', content: Buffer.from('second') },
];

it.each([
  ['stored', {}],
  ['DEFLATEd', { deflate: true }],
  ["in torch's style", { torchStyle: true }],
])('reads entries %s', (_name, options) => {
  const archive = new ZipArchive(writeZip(ENTRIES, options));
  expect(archive.names).toEqual(['a/one', 'a/two']);
  expect(Buffer.from(archive.read('a/one')).toString()).toBe('first first first first');
  expect(archive.sizeOf('a/two')).toBe(6);
});

it('reads a zip that has a comment', () => {
  const zip = writeZip(ENTRIES);
  zip.writeUInt16LE(7, zip.length - 2);
  expect(new ZipArchive(Buffer.concat([zip, Buffer.from('comment')])).names).toHaveLength(2);
});

const firstDirectoryHeader = (zip: Buffer) => zip.indexOf('PK\x01\x02', 0, 'latin1');
const change = (zip: Buffer, edit: (zip: Buffer, header: number) => void) => {
  edit(zip, firstDirectoryHeader(zip));
  return zip;
};

it.each<[string, () => Buffer, RegExp]>([
  ['two entries of one name', () => writeZip([ENTRIES[0]!, ENTRIES[0]!]), /two entries named a\/one/],
  ['a file cut off', () => writeZip(ENTRIES).subarray(0, -30), /no directory at its end/],
  ['bytes after its end', () => Buffer.concat([writeZip(ENTRIES), Buffer.from('more')]), /no directory at its end/],
  [
    'an entry with another name in its own header',
    () => change(writeZip(ENTRIES), (zip) => zip.write('x', 30)),
    /header of a\/one and the directory of its zip disagree/,
  ],
  [
    'an entry that begins inside another',
    () => {
      const inner = writeZip([{ name: 'a/two', content: Buffer.from('second') }]).subarray(0, 41);
      const zip = writeZip([
        { name: 'a/one', content: inner },
        { name: 'a/two', content: Buffer.from('second') },
      ]);
      return change(zip, (bytes, header) =>
        bytes.writeUInt32LE(35, bytes.indexOf('PK\x01\x02', header + 4, 'latin1') + 42),
      );
    },
    /a\/one overlaps another entry/,
  ],
  [
    'an entry that inflates to more than it declares',
    () =>
      change(writeZip(ENTRIES, { deflate: true }), (zip, header) => {
        zip.writeUInt32LE(5, header + 24);
        zip.writeUInt32LE(5, 22);
      }),
    /cannot be unpacked to the 5 bytes/,
  ],
  [
    'an entry that inflates to less than it declares',
    () =>
      change(writeZip(ENTRIES, { deflate: true }), (zip, header) => {
        zip.writeUInt32LE(50, header + 24);
        zip.writeUInt32LE(50, 22);
      }),
    /unpacks to 23 bytes, not 50/,
  ],
  [
    'a bomb',
    () => writeZip([{ name: 'a/one', content: new Uint8Array(8 << 20) }], { deflate: true }),
    /would inflate from/,
  ],
  [
    'many small bombs',
    () =>
      writeZip(
        Array.from({ length: 40 }, (_, index) => ({ name: `a/${index}`, content: new Uint8Array(1 << 20) })),
        { deflate: true },
      ),
    /would inflate to \d+ and more/,
  ],
  [
    'a wrong checksum',
    () => change(writeZip(ENTRIES), (zip) => zip.write('F', 35)),
    /checksum of a\/one in its zip is wrong/,
  ],
  ['encryption', () => change(writeZip(ENTRIES), (zip, header) => zip.writeUInt16LE(1, header + 8)), /is encrypted/],
  ['another method', () => change(writeZip(ENTRIES), (zip, header) => zip.writeUInt16LE(14, header + 10)), /method 14/],
  [
    'a directory that is longer than its entries',
    () =>
      change(writeZip(ENTRIES), (zip) => {
        zip.writeUInt16LE(1, zip.length - 14);
        zip.writeUInt16LE(1, zip.length - 12);
      }),
    /another length/,
  ],
  [
    'two directories that disagree',
    () =>
      change(writeZip(ENTRIES, { torchStyle: true }), (zip) =>
        zip.writeUInt8(1, zip.lastIndexOf('PK\x06\x06', undefined, 'latin1') + 32),
      ),
    /two directories of its zip disagree/,
  ],
])('refuses %s', (_name, make, reason) => {
  expectRefusal(() => new ZipArchive(make()).read('a/one'), reason);
});

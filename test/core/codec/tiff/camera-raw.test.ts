import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_PICTURE_LIMITS, openPicture } from '../../../../src/core/codec/index.ts';
import { numberEntry, serialiseIfd, TYPE } from '../../../../src/core/codec/metadata/ifd.ts';
import { box } from '../../../support/heif-file.ts';
import { makeFolder } from '../pictures.ts';

const folder = makeFolder();

/** A TIFF file of one directory, with `mark` behind its head. */
function tiff(tags: Readonly<Record<number, number>>, mark = ''): Buffer {
  const layout = { littleEndian: true, big: false };
  const start = 8 + mark.length;
  const entries = Object.entries({ 256: 16, 257: 8, ...tags })
    .map(([tag, value]) => numberEntry(Number(tag), TYPE.long, [value], true))
    .sort((a, b) => a.tag - b.tag);
  const head = Buffer.from(`II*\0\0\0\0\0${mark}`, 'latin1');
  head.writeUInt32LE(start, 4);
  return Buffer.concat([head, serialiseIfd(entries, layout, start, 0), Buffer.alloc(512)]);
}

test('raw files of cameras are named by their content, with a way on, and never as a film', async () => {
  const mark = (start: string) => Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(600)]);
  const table: Readonly<Record<string, Buffer>> = {
    'canon.cr3': Buffer.concat([
      box('ftyp', Buffer.from('crx \0\0\0\x01crx isom', 'latin1')),
      box('moov', Buffer.alloc(600)),
    ]),
    'canon.cr2': tiff({ 259: 6 }, 'CR\x02\0\0\0\0\0'),
    'canon.crw': mark('II\x1a\0\0\0HEAPCCDR'),
    'fuji.raf': mark('FUJIFILMCCD-RAW 0201'),
    'olympus.orf': mark('IIRO\x08\0\0\0'),
    'om.orf': mark('MMOR\0\0\0\x08'),
    'panasonic.rw2': mark('IIU\0\x18\0\0\0'),
    'sigma.x3f': mark('FOVb'),
    'minolta.mrw': mark('\0MRM'),
    'phase-one.iiq': tiff({}, 'IIIIwaR\0'),
    'phone.dng': tiff({ 50706: 0x0401 }),
    'linear.dng': tiff({ 262: 34_892 }),
    'nikon.nef': tiff({ 254: 1, 330: 8 }),
    'pentax.pef': tiff({ 259: 65_535 }),
    'samsung.srw': tiff({ 262: 32_803 }),
    'sony.arw': tiff({ 259: 32_767 }),
  };
  for (const [name, bytes] of Object.entries(table)) {
    // By another name, too: only the content counts.
    for (const path of [folder.path(name), folder.path(`${name}.jpg`)]) {
      writeFileSync(path, bytes);
      const message = `${path} is a camera's raw file, which upreel does not read.`;
      const hint = expect.stringMatching(/darktable-cli .*exiftool/);
      await expect(openPicture(path, DEFAULT_PICTURE_LIMITS)).rejects.toMatchObject({
        code: 'input-unsupported',
        message,
        hint,
      });
    }
  }
});

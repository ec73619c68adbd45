import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { losslessTile } from '../../src/core/codec/index.ts';
import { createPageFile, type PageContent } from '../../src/page/index.ts';
import { temporaryFolder } from '../support/clips.ts';
import { testPicture } from '../support/rasters.ts';

const folder = temporaryFolder();

describe('a page file', () => {
  const pieces = [
    '</script>',
    '<!--',
    '<script>',
    ']]>',
    '"',
    "'",
    '&lt;',
    '\u2028',
    '\\',
    '\n',
    '<img src=x onerror=alert(1)>',
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 6 });

  test('has names as they are, and no element of theirs, whatever they are', async () => {
    const path = join(folder, 'names.html');
    await fc.assert(
      fc.asyncProperty(
        text.map((parts) => parts.join('')),
        async (name) => {
          const page = await createPageFile(path, name);
          await page.addData('t0-0-0-0', Buffer.from(name));
          await page.finish({ ...EMPTY, notes: [name] }, true);
          const html = await readFile(path, 'utf8');
          const [, manifest] = /<script type="application\/json" id="manifest">(.*)<\/script>\n/.exec(html)!;
          expect(JSON.parse(manifest!)).toMatchObject({ title: name, notes: [name] });
          // The page's own: the tile, the manifest, and the viewer.
          expect(html.match(/<\/?script/g)?.length).toBe(6);
          expect(/<title>[^<]*<\/title>/.test(html)).toBe(true);
          expect(/<img|<!--/.test(html)).toBe(false);
        },
      ),
      { seed: 4, numRuns: 60 },
    );
  });

  test('that is given up leaves nothing, and one that is there stays', async () => {
    const path = join(folder, 'kept.html');
    const page = await createPageFile(path, 'a');
    await page.abort();
    await (await createPageFile(path, 'b')).finish(EMPTY, false);
    const second = await createPageFile(path, 'c');
    await expect(second.finish(EMPTY, false)).rejects.toMatchObject({ code: 'output-exists' });
    await second.abort();
    expect(await readFile(path, 'utf8')).toContain('<title>b</title>');
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    await expect(createPageFile(join(folder, 'none/a.html'), 'a')).rejects.toMatchObject({ code: 'output-unwritable' });
  });
});

describe('a tile', () => {
  test.each([
    [1, false],
    [1, true],
    [3, false],
    [3, true],
  ] as const)('of %i channels, alpha %s, has the samples without loss, and the profile', async (channels, hasAlpha) => {
    const colour = testPicture(30, 20, { channels, bytesPerSample: 1 }, 3);
    const alpha = hasAlpha ? testPicture(30, 20, { channels: 1, bytesPerSample: 1 }, 4) : null;
    const icc = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
      .withIccProfile('p3')
      .png()
      .toBuffer()
      .then((png) => sharp(png).metadata())
      .then(({ icc: profile }) => profile!);
    const tile = await losslessTile(colour, alpha, icc);
    expect((await sharp(tile).metadata()).icc).toEqual(icc);
    const plain = await losslessTile(colour, alpha, null);
    const read = await sharp(plain).ensureAlpha().raw().toBuffer();
    for (let pixel = 0; pixel < 30 * 20; pixel++) {
      const rgb = [0, 1, 2].map((channel) => colour.data[pixel * channels + Math.min(channel, channels - 1)]!);
      expect([...read.subarray(pixel * 4, pixel * 4 + 4)]).toEqual([...rgb, alpha?.data[pixel] ?? 255]);
    }
  });
});

const EMPTY: PageContent = { notes: [], scenes: [] };

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { MODEL_TEST_TIMEOUT, testModel } from '../support/models.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await testModel('realesr-general-x4v3');
  await mkdir(at('truth'));
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const picture = sharp({ create: { width: 66, height: 49, channels: 3, background: '#000', noise } }).blur(3);
  await picture.png().toFile(at('truth/a.png'));
  await sharp(at('truth/a.png')).modulate({ brightness: 1.1 }).png().toFile(at('brighter.png'));
  await sharp(at('truth/a.png')).toColourspace('b-w').toFile(at('truth/gray.png'));
  await sharp(at('truth/a.png'))
    .ensureAlpha(128 / 255)
    .toFile(at('half.png'));
}, MODEL_TEST_TIMEOUT);

describe('upreel eval', () => {
  test('scores plain resampling and a network, each in its row', async () => {
    const { code, records } = await upreel([
      ...['eval', at('truth'), '--models', 'nearest,bicubic,lanczos,realesr-general-x4v3', '--scale', '4', '--json'],
    ]);
    expect(code).toBe(0);
    expect(records.map(({ model }) => model)).toEqual(['nearest', 'bicubic', 'lanczos', 'realesr-general-x4v3']);
    for (const record of records) {
      expect(record).toMatchObject({
        v: 1,
        type: 'score',
        scale: 4,
        border: 4,
        luma: 'rounded',
        pictures: 2,
        equal: 0,
      });
      expect(record.each).toMatchObject([{ picture: 'a.png' }, { picture: 'gray.png' }]);
      expect(record.psnrY).toBeGreaterThan(15);
      expect(record.psnrY).toBeLessThan(60);
      expect(record.ssimY).toBeGreaterThan(0.2);
      expect(record.ssimY).toBeLessThan(1);
      expect(record.secondsPerMegapixel).toBeGreaterThan(0);
      if (record.model === 'realesr-general-x4v3') expect(record.peakBytes).toBeGreaterThan(5e7);
      else expect(record.peakBytes).toBeNull();
    }
  });

  test('tells the pictures, the protocol, time and memory, in Markdown and in a page, too', async () => {
    const words = ['eval', at('truth'), '--models', 'bicubic', '--scale', '2', '--each'];
    const { out, code } = await upreel(words);
    expect(code).toBe(0);
    const tooSmall = 'below 96x96 pixels inside the border, or where all is flat, there is no NIQE: "-"';
    const protocol =
      'shrunk 2 times by bicubic, border of 2 px left out, luma of BT.601 rounded as MATLAB does (gray as it is)';
    expect(out.replace(/\d+\.\d+/g, 'N').replace(/ +/g, ' ')).toBe(
      [
        ...['MODEL PICTURES PSNR-Y SSIM-Y NIQE S/MP MEMORY', 'bicubic 2 N dB N - N -'],
        ...[' a.png N dB N -', ' gray.png N dB N -', tooSmall, protocol, ''],
      ].join('\n'),
    );
    const markdown = await upreel([...words, '--markdown', '--html', at('eval.html')]);
    expect(markdown.out.replace(/\d+\.\d+/g, 'N')).toBe(
      [
        ...['| model | pictures | PSNR-Y | SSIM-Y | NIQE | s/MP | memory |', '|---|---:|---:|---:|---:|---:|---:|'],
        ...[
          '| bicubic | 2 | N dB | N | - | N | - |',
          '| — a.png |  | N dB | N | - |  |  |',
          '| — gray.png |  | N dB | N | - |  |  |',
        ],
        ...['', tooSmall, '', protocol, ''],
      ].join('\n'),
    );
    const page = await readFile(at('eval.html'), 'utf8');
    expect(page).toMatch(/"notes":\["bicubic: PSNR-Y \d+\.\d\d dB.* a megapixel\./);
    expect(page).toMatch(/"name":"a\.png".*"name":"original".*"name":"bicubic".*"name":"gray\.png"/);
  });

  test.each([
    [['--models', ','], 2, /Expected the names of models/],
    [['--models', 'bicubic,no-such-model'], 5, /no model "no-such-model"/],
  ])('refuses %j before anything is scored', async (flags, expected, message) => {
    const { code, err, out } = await upreel(['eval', at('truth'), ...flags]);
    expect({ code, out }).toEqual({ code: expected, out: '' });
    expect(err).toMatch(message);
  });
});

describe('upreel compare', () => {
  test('tells how alike two pictures are, and which border was left out', async () => {
    const same = await upreel(['compare', at('truth/a.png'), at('truth/a.png'), '--json']);
    expect(same.records).toEqual([
      {
        ...{ v: 1, type: 'comparison', equal: true, psnr: null, psnrY: null, ssimY: 1, maxDifference: 0, alpha: null },
        ...{ niqe: [null, null], pages: 1, worstPage: null, border: 0, luma: 'rounded', notes: [] },
      },
    ]);
    const other = await upreel(['compare', at('truth/a.png'), at('brighter.png'), '--border', '3']);
    expect(other.code).toBe(0);
    expect(other.out).toMatch(
      /^PSNR \d+\.\d\d dB, PSNR-Y \d+\.\d\d dB, SSIM-Y 0\.\d{4},\nlargest difference \d+ of 255\nborder of 3 px left out/,
    );
  });

  test('does not call pictures equal that differ in alpha alone', async () => {
    const { out, code } = await upreel(['compare', at('truth/a.png'), at('half.png')]);
    expect(code).toBe(0);
    expect(out).toMatch(/^PSNR \d+\.\d\d dB, PSNR-Y equal/);
    expect(out).toMatch(/\ntransparency: PSNR 6\.0\d dB, largest difference 127 of 255\nno border left out/);
  });

  test('refuses a border that leaves nothing', async () => {
    const { code, err } = await upreel(['compare', at('truth/a.png'), at('brighter.png'), '--border', '25']);
    expect(code).toBe(2);
    expect(err).toMatch(/A border of 25 pixels on each side leaves nothing of .*a\.png of 66x49/);
  });

  test('compares several, and folders, in a page and a picture that it does not replace', async () => {
    await mkdir(at('other'));
    await sharp(at('truth/a.png')).resize(33, 25, { fit: 'fill' }).toFile(at('other/a.jpg'));
    const files = ['--html', at('page.html'), '--png', at('sheet.png')];
    const told = await upreel(['compare', at('other'), '--reference', at('truth'), ...files, '--json']);
    expect(told.code).toBe(0);
    expect(told.records).toMatchObject([
      { type: 'comparison', set: 'a', a: at('truth/a.png'), b: at('other/a.jpg'), width: 66, niqe: [null, null] },
      { type: 'written', path: at('page.html') },
      { type: 'written', path: at('sheet.png') },
    ]);
    expect(told.err).toMatch(/Without a counterpart, left out: .*gray\.png/);
    expect((await sharp(at('sheet.png')).metadata()).width).toBeGreaterThan(2 * 66);
    const again = await upreel(['compare', at('truth/a.png'), at('half.png'), ...files]);
    expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/page\.html exists already/) });
    const onto = await upreel(['compare', at('truth/a.png'), at('half.png'), '--html', at('half.png'), '--overwrite']);
    expect(onto).toMatchObject({ code: 2, err: expect.stringMatching(/is the input itself/) });
  });

  test.each([
    [['truth/a.png'], 2, /Expected two pictures or folders to compare, got one/],
    [['truth/a.png', 'truth'], 2, /a\.png is a file among folders/],
    [['truth/a.png', 'none.png'], 3, /none\.png/],
  ])('refuses %j', async (names, expected, message) => {
    const { code, err } = await upreel(['compare', ...names.map(at)]);
    expect(code).toBe(expected);
    expect(err).toMatch(message);
  });
});

describe('upreel --compare', () => {
  test('writes a page beside the result, and says why there is none', async () => {
    const words = ['-m', 'realesr-general-x4v3', '--device', 'cpu', '--compare', '--json'];
    const { code, records } = await upreel([at('other/a.jpg'), '-o', at('made.png'), ...words]);
    expect(code).toBe(0);
    expect(records).toContainEqual(expect.objectContaining({ message: `Compared in ${at('made.compare.html')}` }));
    expect(await readFile(at('made.compare.html'), 'utf8')).toMatch(/a\.jpg, 33x25, is enlarged by bicubic to 132x100/);
    const cut = await upreel([at('other/a.jpg'), '-o', at('cut.png'), '--crop', '33x10+0+0', ...words]);
    expect(cut.code).toBe(0);
    expect(cut.records).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/^No page was made/) }),
    );
  });
});

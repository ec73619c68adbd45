import { describe, expect, test } from 'vitest';
import { pairByName } from '../../src/eval/find-scenes.ts';
import { commonSize } from '../../src/eval/fit-sizes.ts';

describe('pairByName', () => {
  test.each([
    ['photo.png', ['photo.png', 'photo.jpg'], 'photo.png'],
    ['photo.jpg', ['photo.png'], 'photo.png'],
    ['photo.jpg', ['photo.upreel-4x.png', 'photos.png'], 'photo.upreel-4x.png'],
    ['photo.upreel-1920x1080.png', ['photo.webp'], 'photo.webp'],
    ['baby.png', ['babyx4.png'], 'babyx4.png'],
    ['<b>.png', ['<b>.jpg'], '<b>.jpg'],
  ])('%s has its counterpart among %j: %s', (file, files, found) => {
    const { scenes } = pairByName([
      { folder: 'a', files: [file] },
      { folder: 'b', files },
    ]);
    expect(scenes.map(({ paths }) => paths)).toEqual([[`a/${file}`, `b/${found}`]]);
  });

  test('tells what has none, and folders apart', () => {
    const folders = [
      { folder: 'x/out', files: ['1.png', '2.png'] },
      { folder: 'y/out', files: ['2.png', '3.png'] },
      { folder: 'z', files: ['2.png'] },
    ];
    const { scenes, notes } = pairByName(folders);
    expect(scenes).toEqual([
      {
        ...{ name: '2', paths: ['x/out/2.png', 'y/out/2.png', 'z/2.png'] },
        names: ['x/out: 2.png', 'y/out: 2.png', 'z: 2.png'],
      },
    ]);
    expect(notes).toEqual(['Without a counterpart, left out: x/out/1.png, y/out/3.png.']);
  });

  test('refuses what is not clear', () => {
    const pair =
      (...files: string[]) =>
      () =>
        pairByName([
          { folder: 'a', files: ['photo.png'] },
          { folder: 'b', files },
        ]);
    expect(pair('other.png')).toThrow('No picture has the same name in a, b.');
    expect(pair('photo.jpg', 'photo.webp')).toThrow('b has several pictures for photo.png: photo.jpg, photo.webp.');
  });
});

describe('commonSize', () => {
  const pictures = (...sizes: [number, number][]) =>
    sizes.map(([width, height]) => ({ name: `${width}`, width, height }));

  test.each([
    [pictures([100, 50], [400, 200]), [400, 200]],
    [pictures([101, 51], [403, 203], [25, 13]), [403, 203]],
    [pictures([1, 1], [4, 4]), [4, 4]],
    // Cut to a multiple of the scale, as data sets are.
    [pictures([125, 120], [500, 480]), [500, 480]],
  ])('of %j is that of the largest', (of, [width, height]) => {
    expect(commonSize(of)).toEqual({ width, height });
  });

  test.each([[pictures([100, 100], [200, 100])], [pictures([640, 480], [1920, 1080])]])('%j have none', (of) => {
    expect(() => commonSize(of)).toThrow(/Expected pictures of one shape, got \d+x\d+ \(\d+\) and/);
  });
});

import { expect, test } from 'vitest';
import { extensionFor, type FormatChoice } from '../../../../src/core/codec/index.ts';

const page = { width: 1, height: 1 };
const jpeg = { path: '/a/photo.JPG', format: 'jpeg', pages: [page], animated: false } as const;
const wrongName = { ...jpeg, path: '/a/photo.png' };
const animation = { path: '/a/star.gif', format: 'gif', pages: [page, page], animated: true } as const;
const webp = { ...animation, path: '/a/star.webp', format: 'webp' } as const;
const apng = { ...animation, path: '/a/star.png', format: 'png' } as const;
const bmp = { ...jpeg, path: '/a/photo.bmp', format: 'bmp' } as const;
const sheaf = { path: '/a/scan.tif', format: 'tiff', pages: [page, page], animated: false } as const;

test.each<[FormatChoice | null, Parameters<typeof extensionFor>[1], string]>([
  [null, jpeg, '.png'],
  [null, animation, '.webp'],
  [null, sheaf, '.tiff'],
  ['same', jpeg, '.JPG'],
  ['same', wrongName, '.jpg'],
  ['same', animation, '.gif'],
  ['apng', animation, '.apng'],
  ['apng', jpeg, '.png'],
  ['gif', jpeg, '.gif'],
  ['same', webp, '.webp'],
  ['same', apng, '.png'],
  ['same', bmp, '.bmp'],
  ['same', sheaf, '.tif'],
  ['avif', jpeg, '.avif'],
  ['jpg', animation, '.jpg'],
  ['jxl', jpeg, '.jxl'],
  ['exr', jpeg, '.exr'],
])('with %s, %j becomes a file that ends in %s', (choice, info, expected) => {
  expect(extensionFor(choice, info)).toBe(expected);
});

import { describe, expect, test } from 'vitest';
import { layered } from '../../src/cli/flags/flag-layers.ts';
import { checkReach, givenFor, type InputKind, REACH } from '../../src/cli/flags/flag-reach.ts';
import { upscaleFlags } from '../../src/cli/flags/upscale-options.ts';

const PICTURES: ReadonlySet<InputKind> = new Set(['image']);
const VIDEOS: ReadonlySet<InputKind> = new Set(['video']);
const BOTH: ReadonlySet<InputKind> = new Set(['image', 'video']);

const check = (given: object, kinds: ReadonlySet<InputKind>, { file = null as string | null, hasBox = false } = {}) =>
  checkReach({ ...given }, { kinds, file, hasBox });

/** Every flag with a value for each of its reaches, as the command line's parser has it. */
const rows = upscaleFlags().flatMap((option): [string, unknown, 'all' | InputKind][] => {
  const name = option.attributeName();
  const reach = REACH[name];
  if (reach === undefined) return [[name, undefined, 'all']];
  const value = !option.negate;
  if (typeof reach === 'string') return [[name, value, reach]];
  return Object.entries(reach).map(([value, kind]) => [name, value, kind]);
});

test('the table has every flag, and no other', () => {
  const names = upscaleFlags().map((option) => option.attributeName());
  expect(Object.keys(REACH).sort()).toEqual([...new Set(names)].sort());
});

describe.each(rows)('--%s %j, which is for %s', (name, value, kind) => {
  test('is refused where it does nothing, and told where it does nothing for some', () => {
    const given = { [name]: value };
    for (const [kinds, only] of [
      [PICTURES, 'image'],
      [VIDEOS, 'video'],
    ] as const) {
      const isFor = kind === 'all' || kind === only;
      expect(givenFor(only, given)).toEqual(isFor ? given : {});
      if (name === 'fill' || (name === 'quality' && only === 'image')) continue;
      if (isFor) expect(check(given, kinds)).toEqual([]);
      else expect(() => check(given, kinds)).toThrow(expect.objectContaining({ code: 'usage' }));
    }
    if (name === 'fill' || name === 'quality') return;
    const told = check(given, BOTH);
    if (kind === 'all') expect(told).toEqual([]);
    else expect(told).toEqual([expect.stringContaining(kind === 'video' ? 'is for videos' : 'is for pictures')]);
  });
});

test('what the configuration says of every input reaches those that it is for', () => {
  const both = { alpha: 'lanczos', crop: 'auto', trim: '1-2', strip: true, tile: 64 };
  const config = { defaults: { both, pictures: {}, video: {} }, presets: {}, fleet: {} };
  expect(layered('image', {}, config)).toEqual({ alpha: 'lanczos', strip: true, tile: 64 });
  expect(layered('video', {}, config)).toEqual({ crop: 'auto', strip: true, trim: '1-2', tile: 64 });
});

test('filters that compare frames are refused where there are none', () => {
  expect(() => check({ pre: 'deflicker,dedot' }, PICTURES)).toThrow(/^--pre deflicker,dedot does nothing for pictures/);
  for (const kinds of [VIDEOS, BOTH]) expect(check({ pre: 'deflicker' }, kinds)).toEqual([]);
  expect(check({ pre: 'deflicker,median' }, PICTURES)).toEqual([]);
});

test('a flag is named as it was typed', () => {
  expect(() => check({ reuse: false }, PICTURES)).toThrow(/^--no-reuse is for videos: it does nothing for pictures\.$/);
  expect(() => check({ maxInputMegapixels: 3 }, VIDEOS)).toThrow(/^--max-input-megapixels is for pictures/);
  expect(() => check({ crop: 'auto' }, PICTURES)).toThrow(/^--crop auto is for videos/);
  expect(check({ alpha: 'drop', trim: '1-2' }, BOTH)).toEqual([
    '--alpha drop is for videos: the pictures are made without it.',
    '--trim is for videos: the pictures are made without it.',
  ]);
});

test.each([
  [{ quality: 10 }, PICTURES, 'a.png', /^--quality does nothing for PNG/],
  [{ quality: 10 }, PICTURES, 'a.tif', /^--quality does nothing for TIFF/],
  [{ quality: 10 }, PICTURES, 'a.exr', /^--quality does nothing for OpenEXR/],
  [{ quality: 10 }, PICTURES, 'a.pgm', /^--quality does nothing for PNM/],
  [{ quality: 10, format: 'bmp' }, PICTURES, null, /^--quality does nothing for BMP/],
  [{ quality: 10 }, PICTURES, 'a.apng', /^--quality does nothing for PNG/],
  [{ quality: 10, format: 'apng' }, PICTURES, null, /^--quality does nothing for PNG/],
  [{ quality: 10 }, PICTURES, 'a.gif', /^--quality does nothing for GIF, which has the best palette/],
  [{ quality: 10, format: 'tiff' }, PICTURES, null, /^--quality does nothing for TIFF/],
  [{ fill: 'pad' }, PICTURES, null, /^--fill pad says how a box is filled/],
  [{ fill: 'stretch' }, VIDEOS, null, /--fill/],
  [
    { format: 'webp' },
    PICTURES,
    'a.png',
    /^--format webp is for results that get their names from upreel, not for a.png/,
  ],
  [{ format: 'same' }, PICTURES, 'a.png', /--format same/],
] as const)('%j is refused where a result cannot follow it', (given, kinds, file, message) => {
  expect(() => check(given, kinds, { file })).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
  );
});

test.each([
  [{ quality: 10 }, PICTURES, 'a.jpeg'],
  [{ quality: 10 }, PICTURES, 'a.jxl'],
  [{ format: 'pnm' }, PICTURES, 'a.ppm'],
  [{ quality: 10, format: 'same' }, PICTURES, null],
  [{ quality: 10 }, VIDEOS, 'a.mkv'],
  [{ fill: 'fit' }, PICTURES, null],
  [{ format: 'jpg' }, PICTURES, 'a.JPEG'],
  [{ quality: 10 }, PICTURES, 'a.avifs'],
] as const)('%j is taken', (given, kinds, file) => {
  expect(check(given, kinds, { file })).toEqual([]);
});

test('what counts for some results alone is said', () => {
  expect(check({ quality: 10 }, PICTURES)).toEqual([expect.stringMatching(/^PNG has no --quality/)]);
  expect(check({ quality: 10 }, BOTH, { file: 'a.png' })).toEqual([
    expect.stringMatching(/^--quality is for the videos/),
  ]);
  expect(check({ fill: 'pad' }, BOTH, { hasBox: true })).toEqual([]);
});

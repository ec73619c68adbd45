import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NO_CONFIG, parseConfig, readConfigFile } from '../../src/cli/flags/config-file.ts';

describe('the configuration', () => {
  test('is empty without a file, and refused where it cannot be read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'upreel-config-'));
    try {
      expect(await readConfigFile(join(folder, 'config.toml'))).toBe(NO_CONFIG);
      await mkdir(join(folder, 'folder.toml'));
      await expect(readConfigFile(join(folder, 'folder.toml'))).rejects.toMatchObject({ code: 'place-untrusted' });
      await writeFile(join(folder, 'good.toml'), 'defaults.tile = 64\n');
      expect((await readConfigFile(join(folder, 'good.toml'))).defaults.both).toEqual({ tile: 64 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('gives the names of flags to what it sets', () => {
    const text = `
      [defaults]
      max-input-megapixels = 200
      memory = "2G"
      [pictures]
      alpha = "lanczos"
      strip = true
      format = "webp"
      [video]
      reuse = false
      encoder-options = ["preset=slow"]
      alpha = "keep"
    `;
    expect(parseConfig(text, 'c').defaults).toEqual({
      both: { maxInputMegapixels: 200, memory: '2G' },
      pictures: { alpha: 'lanczos', strip: true, format: 'webp' },
      video: { reuse: false, encoderOptions: ['preset=slow'], alpha: 'keep' },
    });
  });

  test.each([
    ['no TOML', '[defaults]\nmodel = \n', /^c\.toml, line 2: this is not TOML: /],
    ['an unknown table', '[default]\n', /^c\.toml, line 1: there is no table \[default\]; known are \[defaults\]/],
    ['a key outside a table', 'tile = 3\n', /^c\.toml, line 1: there is no table \[tile\]/],
    ['a value where a table belongs', 'video = 3\n', /^c\.toml, line 1: expected a table \[video\], got 3\./],
    [
      'an unknown key',
      '[defaults]\n\nmodle = "x"\n',
      /line 3: "modle" cannot be set in \[defaults\]; did you mean model\?/,
    ],
    ['what belongs to one run', '[defaults]\noverwrite = true\n', /"overwrite" cannot be set in \[defaults\]/],
    ['a value out of range', '[video]\nquality = 101\n', /line 2: quality cannot be 101: .*100/],
    ['a value of another kind', '[defaults]\ntta = "yes"\n', /line 2: tta cannot be "yes": .*boolean/],
    ['a format that upreel does not write', '[pictures]\nformat = "svg"\n', /line 2: format cannot be "svg": .*webp/],
    ['an unknown filter', '[video]\npre = "movie=x"\n', /line 2: pre: the filter movie is not one of /],
    ['a crop that is none', '[presets.x.video]\ncrop = "all"\n', /line 2: crop takes auto, or a place/],
    ['hours that are none', '[video]\nonly = "late"\n', /line 2: .*late/],
    ['a size of nothing', '[defaults]\nsize = "0x0"\n', /line 2: size cannot be 0x0/],
    ['a preset with a bad name', '[presets."Old Film"]\n', /line 1: a preset's name is of /],
    ['a preset named none', '[presets.none]\n', /and not "none"/],
    ['a preset in a preset', '[presets.x]\npreset = "vhs"\n', /line 2: a preset cannot name another one\./],
    ['a date', '[defaults]\ntile = 2020-01-01\n', /line 2: tile cannot be /],
  ])('is refused, with file and line, for %s', (_, text, message) => {
    expect(() => parseConfig(text, 'c.toml')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    );
  });

  test('cannot reach into prototypes', () => {
    const { presets } = parseConfig('[presets.x]\ntile = 64\n', 'c');
    expect(Object.keys(presets)).toEqual(['x']);
    expect(() => parseConfig('[defaults]\n"__proto__" = 1\n', 'c')).toThrow(/c, line 2|c: /);
    expect(() => parseConfig('[presets."__proto__"]\ntile = 64\n', 'c')).toThrow(/a preset's name/);
  });
});

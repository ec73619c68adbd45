import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_CONFIG, parseConfig } from '../../src/cli/flags/config-file.ts';
import { settableFlags } from '../../src/cli/flags/config-flags.ts';
import { givenFlags, layered } from '../../src/cli/flags/flag-layers.ts';
import { networkSettings, parseUpscaleFlags, upscaleFlags } from '../../src/cli/flags/upscale-options.ts';
import { videoSettings } from '../../src/cli/flags/video-settings.ts';
import { readCatalogue } from '../../src/core/model/index.ts';
import { findPreset, PRESETS, presetsWith } from '../../src/library/presets.ts';
import { randomCompact } from '../core/model/writers/random-networks.ts';
import { temporaryFolder } from '../support/clips.ts';
import { upreel } from '../support/command.ts';
import { modelOf } from '../support/random-model.ts';

const folder = temporaryFolder();

describe('each preset', () => {
  test.each(Object.keys(PRESETS))('%s names models of the catalogue and flags with values that they take', (name) => {
    const ids = readCatalogue().models.map(({ id }) => id);
    for (const kind of ['image', 'video'] as const) {
      const flags = parseUpscaleFlags(layered(kind, { preset: name }, NO_CONFIG));
      expect(ids).toContain(networkSettings(flags).model);
      expect(() => videoSettings(flags)).not.toThrow();
    }
    const { both, pictures, video } = PRESETS[name]!;
    const names = new Set([...settableFlags().values()].map((flag) => flag.name));
    for (const flag of Object.keys({ ...both, ...pictures, ...video })) expect(names).toContain(flag);
  });

  test('only asks for a denoise strength where the model has a twin', () => {
    for (const [name, { both, pictures, video }] of Object.entries(PRESETS)) {
      for (const values of [
        { ...both, ...pictures },
        { ...both, ...video },
      ]) {
        if (!('denoise' in values)) continue;
        expect(readCatalogue().models.find(({ id }) => id === values.model)?.twin, name).toBeDefined();
      }
    }
  });
});

describe('layers of flags', () => {
  const config = parseConfig(
    `
    [defaults]
    model = "realesrgan-x4plus"
    scale = 2
    quality = 50
    [video]
    quality = 60
    [presets.mine]
    suits = "a test"
    model = "realesr-general-x4v3"
    denoise = 0.5
    tile = 64
    [presets.mine.video]
    pre = "hqdn3d=3"
    `,
    'config.toml',
  );

  test('take the command line over the preset over the configuration', () => {
    expect(layered('image', {}, config)).toEqual({ model: 'realesrgan-x4plus', scale: 2, quality: 50 });
    expect(layered('video', {}, config)).toEqual({ model: 'realesrgan-x4plus', scale: 2, quality: 60 });
    expect(layered('video', { preset: 'mine', tile: 32 }, config)).toEqual({
      ...{ model: 'realesr-general-x4v3', scale: 2, quality: 60, denoise: 0.5, tile: 32, pre: 'hqdn3d=3' },
      preset: 'mine',
    });
    expect(layered('image', { preset: 'mine' }, config)).not.toHaveProperty('pre');
  });

  test('leave with a model what was said of it, and with a size the factor', () => {
    const own = layered('image', { preset: 'mine', model: 'other.pth', size: '100x100' }, config);
    expect(own).toEqual({ preset: 'mine', model: 'other.pth', size: '100x100', quality: 50, tile: 64 });
    expect(layered('image', { preset: 'mine', denoise: 0.1 }, config)).toMatchObject({ denoise: 0.1 });
  });

  test('let a preset be the default, and none of them be wished', () => {
    const anime = parseConfig('[defaults]\npreset = "anime"', 'config.toml');
    expect(layered('image', {}, anime)).toMatchObject({ model: 'realesrgan-x4plus-anime' });
    expect(layered('video', {}, anime)).toMatchObject({ model: 'realesr-animevideov3-x2' });
    expect(layered('video', { preset: 'none' }, anime)).not.toHaveProperty('model');
  });

  test('hold whatever flag is left out: none has a value before they are laid over each other', () => {
    for (const option of upscaleFlags()) expect([undefined, true], option.long!).toContain(option.defaultValue);
    expect(() => parseUpscaleFlags({})).not.toThrow();
  });

  test('know what was said from what the parser of the command line leaves behind', () => {
    expect(givenFlags({ reuse: true, tui: true, spaceCheck: true, config: true, tile: undefined })).toEqual({});
    expect(givenFlags({ reuse: false, tta: true })).toEqual({ reuse: false, tta: true });
  });
});

describe('a preset’s name', () => {
  test('that is mistyped is answered with those that look like it', () => {
    expect(() => findPreset('old-flim', {})).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('old-film') }),
    );
    expect(() => findPreset('constructor', {})).toThrow(/There is no preset/);
  });

  test('is found by the model that it uses', () => {
    expect(presetsWith('realesrgan-x4plus', PRESETS)).toBe('photo (pictures), best, old-photo (pictures)');
    expect(presetsWith('nosuch', PRESETS)).toBe('');
  });
});

describe('upreel --preset', () => {
  let small: Awaited<ReturnType<typeof modelOf>>;
  const clip = join(folder, 'clip.mp4');
  const picture = join(folder, 'picture.png');
  beforeAll(async () => {
    small = await modelOf(randomCompact(4, 1, 2, 3));
    const source = ['-f', 'lavfi', '-i', 'testsrc2=size=48x32:rate=25'];
    const made = [
      spawnSync('ffmpeg', ['-v', 'error', ...source, '-frames:v', '6', '-pix_fmt', 'yuv420p', clip]).status,
      spawnSync('ffmpeg', ['-v', 'error', ...source, '-frames:v', '1', picture]).status,
    ];
    expect(made).toEqual([0, 0]);
  });
  afterAll(() => small.dispose());

  test.each(Object.entries(PRESETS).flatMap(([name, { video }]) => (video.pre === undefined ? [] : [name])))(
    '%s filters a video that ffmpeg then really makes, with the model of the command line',
    async (name) => {
      const args = ['-m', small.path, '--preset', name, '--device', 'cpu', '--json'];
      const { code, out, records } = await upreel([clip, '-o', join(folder, `${name}.mkv`), ...args]);
      expect(code, out).toBe(0);
      expect(records.find(({ type }) => type === 'started')).toMatchObject({ model: small.path, framesTotal: 6 });
    },
    120_000,
  );

  test.each(Object.entries(PRESETS).flatMap(([name, { pictures }]) => (pictures.pre === undefined ? [] : [name])))(
    '%s filters a picture that ffmpeg then really takes',
    async (name) => {
      const args = ['-m', small.path, '--preset', name, '--device', 'cpu', '--json'];
      const { code, out } = await upreel([picture, '-o', join(folder, `${name}.png`), ...args]);
      expect(code, out).toBe(0);
      const plain = await upreel([picture, '-o', join(folder, `${name}-not.png`), ...args, '--preset', 'none']);
      expect(plain.code, plain.out).toBe(0);
      const [filtered, unfiltered] = await Promise.all(
        [`${name}.png`, `${name}-not.png`].map((file) => sharp(join(folder, file)).raw().toBuffer()),
      );
      expect(filtered!.equals(unfiltered!)).toBe(false);
    },
    120_000,
  );

  test('grain says before any work that its network is not here, and what to do', async () => {
    const env = { UPREEL_MODELS: folder, UPREEL_CACHE: join(folder, 'empty') };
    const { code, records } = await upreel(
      [picture, '-o', join(folder, 'grain.png'), '--preset', 'grain', '--device', 'cpu', '--json'],
      env,
    );
    expect(code).toBe(5);
    expect(records.map(({ type }) => type)).not.toContain('started');
    const said = JSON.stringify(records);
    expect(said).toMatch(/--preset grain \(--denoise 0\.25\) needs the network realesr-general-wdn-x4v3/);
    expect(said).toMatch(/upreel models pull realesr-general-wdn-x4v3.*--preset photo is nearest/);
    const listed = await upreel(['presets', '--json'], env);
    const lacking = listed.records.filter(({ lacks }) => (lacks as string[]).length > 0);
    expect(lacking.map(({ name, lacks }) => [name, lacks])).toEqual([['grain', ['realesr-general-wdn-x4v3']]]);
  });

  test('takes defaults and presets from the configuration, unless --no-config', async () => {
    const home = join(folder, 'home');
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(join(home, 'upreel'), { recursive: true });
    const path = join(home, 'upreel', 'config.toml');
    await writeFile(
      path,
      `[presets.mine]\nsuits = "tests"\nmodel = ${JSON.stringify(small.path)}\n[defaults]\nscale = 3\n`,
    );
    const env = { XDG_CONFIG_HOME: home };
    const args = [picture, '--device', 'cpu', '--json', '-o'];
    const scaled = await upreel([...args, join(folder, 'a.png'), '--preset', 'mine'], env);
    expect(scaled.records.find(({ type }) => type === 'started')).toMatchObject({
      ...{ model: small.path, target: { width: 144, height: 96 } },
    });
    const plain = await upreel([...args, join(folder, 'b.png'), '-m', small.path, '--no-config'], env);
    expect(plain.records.find(({ type }) => type === 'started')).toMatchObject({ target: { width: 96, height: 64 } });
    const listed = await upreel(['presets', '--json'], env);
    expect(listed.records.at(-1)).toMatchObject({ type: 'preset', name: 'mine', isOwn: true, suits: 'tests' });

    await writeFile(path, '[defaults]\ntile = "big"\n');
    const wrong = await upreel([...args, join(folder, 'c.png')], env);
    expect(wrong.code).toBe(2);
    expect(wrong.records.at(-1)).toMatchObject({
      error: { message: expect.stringMatching(/config\.toml, line 2: tile cannot be "big": /) },
    });
  }, 120_000);
});

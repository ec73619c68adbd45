import { describe, expect, test } from 'vitest';
import { parseUpscaleFlags } from '../../src/cli/flags/upscale-options.ts';
import { parseCrop, parseRate, parseTrim } from '../../src/cli/flags/video-options.ts';
import { videoSettings } from '../../src/cli/flags/video-settings.ts';

describe('--trim', () => {
  test.each([
    ['0:10-0:20', 10, 20],
    ['90-', 90, null],
    ['-1:00:00.5', 0, 3600.5],
    ['1.25-2', 1.25, 2],
  ])('%s', (text, startSeconds, endSeconds) => {
    expect(parseTrim(text)).toEqual({ startSeconds, endSeconds });
  });
  test.each(['', '-', '10', '20-10', '5-5', '1-2-3', 'a-b', '1:2:3:4-5:0:0:0', '-5-10'])('%j is refused', (text) => {
    expect(() => parseTrim(text)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('--trim') }),
    );
  });
});

describe('--fps', () => {
  test.each([
    ['25', 25, 1],
    ['30000/1001', 30000, 1001],
    ['23.976', 24000, 1001],
    ['29.97', 30000, 1001],
    ['59.94', 60000, 1001],
    ['12.5', 12500, 1000],
  ])('%s', (text, num, den) => {
    expect(parseRate(text)).toEqual({ num, den });
  });
  test.each(['0', '0.0', '-5', '1/0', 'fast', '1e3'])('%j is refused', (text) => {
    expect(() => parseRate(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('--crop', () => {
  test('takes a place or auto', () => {
    expect(parseCrop('640x360+0+60')).toEqual({ width: 640, height: 360, x: 0, y: 60 });
    expect(parseCrop('auto')).toBe('auto');
  });
  test.each(['640x360', '0x10+0+0', '1x1+-1+0', 'full'])('%j is refused', (text) => {
    expect(() => parseCrop(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('the settings of a video', () => {
  const settings = (raw: object) =>
    videoSettings(
      parseUpscaleFlags({ model: 'x', device: 'cpu', maxInputMegapixels: 1, tui: true, reuse: true, ...raw }),
    );

  test('are the defaults where no flag is given', () => {
    expect(settings({})).toMatchObject({ deinterlace: 'auto', trim: null, crop: 'off', fps: null, encoderOptions: {} });
  });
  test('follow the flags', () => {
    const raw = {
      deinterlace: 'bob',
      trim: '1-2',
      crop: 'auto',
      encoderOptions: ['g=5', 'preset=slow'],
      lossless: true,
    };
    expect(settings(raw)).toMatchObject({
      ...{ deinterlace: 'bob', trim: { startSeconds: 1, endSeconds: 2 }, crop: 'auto', lossless: true },
      encoderOptions: { g: '5', preset: 'slow' },
    });
  });
  test.each([
    [{ pre: 'movie=x.mkv' }, '--pre'],
    [{ deinterlace: 'maybe' }, '--deinterlace'],
    [{ encoderOptions: ['fast'] }, '--encoder-options'],
  ])('%j is refused by the flag’s name', (raw, flag) => {
    expect(() => settings(raw)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(flag) }),
    );
  });
});

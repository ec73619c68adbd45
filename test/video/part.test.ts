import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decodeRgb,
  ffmpeg,
  frameTimes,
  H264,
  pattern,
  probe,
  temporaryFolder,
  tone,
  videoOf,
} from '../support/clips.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const FFV1 = { encoder: 'ffv1' } as const;

describe('a part of the film', () => {
  beforeAll(() => {
    const lines = [2, 5, 8].map(
      (second, index) => `${index + 1}\n00:00:0${second},000 --> 00:00:0${second},900\nline ${second}\n`,
    );
    writeFileSync(at('text.srt'), lines.join('\n'));
    const inputs = [...pattern(10), ...tone(10), '-i', at('text.srt')];
    ffmpeg(...inputs, '-map', '0', '-map', '1', '-map', '2', ...H264, '-c:a', 'aac', at('film.mkv'));
    ffmpeg('-i', at('film.mkv'), '-map', '0:v', '-map', '0:a', '-c', 'copy', at('film.ts'));
  });

  test.each([
    ['film.mkv', 'mkv'],
    ['film.mkv', 'mp4'],
    ['film.ts', 'mkv'],
  ])('of %s begins at 0 in .%s, with its own sound to a frame of it', async (name, extension) => {
    const output = at(`${name}-part.${extension}`);
    const trim = { startSeconds: 3.01, endSeconds: 6 };
    const { framesTotal, events } = await upscaleClip(at(name), output, { settings: { trim } });
    // The clock of the result without the part.
    const origin = name.endsWith('.ts') ? Math.min(...['v', 'a'].map((kind) => firstTime(at(name), kind))) : 0;
    const expected = frameTimes(at(name))
      .map((time) => time - origin - 3.01)
      .filter((time) => time >= 0 && time < 2.99);
    expect(framesTotal).toBe(expected.length);
    expect(events.find((event) => event.type === 'started')).toMatchObject({ framesTotal });
    const times = frameTimes(output);
    for (const [index, time] of expected.entries())
      expect(Math.abs(time - times[index]!)).toBeLessThanOrEqual(0.001 + 1e-6);
    const sound = packetTimes(output, 'a');
    // One frame of AAC is 23 ms.
    expect(sound[0]).toBeGreaterThanOrEqual(-0.001);
    expect(sound[0]).toBeLessThan(0.024);
    expect(sound.at(-1)).toBeGreaterThan(2.99 - 2 * 0.024);
    expect(sound.at(-1)).toBeLessThan(2.99);
    // It is that frame, not one of its neighbours, which differ little.
    const picture = decodeRgb(output, '-frames:v', '1', '-vf', 'scale=64:48:flags=neighbor,format=gray');
    const distance = (frame: number) =>
      meanDifference(picture, decodeRgb(at(name), '-vf', `select=eq(n\\,${frame}),format=gray`, '-frames:v', '1'));
    const index = frameTimes(at(name)).findIndex((time) => time - origin >= 3.01);
    const distances = [-2, -1, 0, 1, 2].map((step) => distance(index + step));
    expect(Math.min(...distances)).toBe(distances[2]);
  });

  test('keeps the subtitle that lies in it', async () => {
    await upscaleClip(at('film.mkv'), at('said.mkv'), { settings: { trim: { startSeconds: 4, endSeconds: 7 } } });
    const [, second] = packetTimes(at('film.mkv'), 's');
    expect(packetTimes(at('said.mkv'), 's')).toEqual([expect.closeTo(second! - 4, 3)]);
  });

  test('that is outside the film is refused before any work', async () => {
    const settings = { trim: { startSeconds: 60, endSeconds: null } };
    await expect(upscaleClip(at('film.mkv'), at('none.mkv'), { settings })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('inside --trim'),
    });
  });
});

describe('another frame rate', () => {
  test.each([
    [{ num: 50, den: 1 }, 50],
    [{ num: 10, den: 1 }, 10],
    [{ num: 24000, den: 1001 }, 24],
  ])('of %j gives frames at its times', async (fps, count) => {
    ffmpeg(...pattern(1), ...H264, at('rate.mp4'));
    const output = at(`rate-${fps.num}.mp4`);
    const { framesTotal } = await upscaleClip(at('rate.mp4'), output, { settings: { fps } });
    expect(framesTotal).toBe(count);
    for (const [index, time] of frameTimes(output).entries()) expect(time).toBeCloseTo((index * fps.den) / fps.num, 3);
  });
});

describe('a part of the picture', () => {
  test('is exactly the pixels that were asked for', async () => {
    ffmpeg(...pattern(0.4), '-pix_fmt', 'gbrp', '-c:v', 'ffv1', at('rgb.mkv'));
    const crop = { x: 5, y: 3, width: 31, height: 17 };
    await upscaleClip(at('rgb.mkv'), at('cropped.mkv'), { settings: { ...FFV1, crop } });
    const expected = decodeRgb(at('rgb.mkv'), '-vf', 'crop=31:17:5:3,scale=62:34:flags=neighbor');
    expect(meanDifference(decodeRgb(at('cropped.mkv')), expected)).toBeLessThan(1.5);
  });

  test('without its black borders is found by itself', async () => {
    ffmpeg(...pattern(0.6, { size: '64x40' }), '-vf', 'pad=80:64:8:12', '-c:v', 'libx264', at('boxed.mp4'));
    const { warnings } = await upscaleClip(at('boxed.mp4'), at('unboxed.mkv'), { settings: { crop: 'auto' } });
    expect(videoOf(at('unboxed.mkv'))).toMatchObject({ width: 128, height: 80 });
    expect(warnings.find(({ code }) => code === 'crop')?.message).toContain('64x40+8+12');
  });

  test('beyond the picture is refused, naming its size', async () => {
    const settings = { crop: { x: 40, y: 0, width: 30, height: 10 } };
    await expect(upscaleClip(at('rgb.mkv'), at('none.mkv'), { settings })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('64x48'),
    });
  });
});

describe('a box that has another shape', () => {
  test.each(['pad', 'crop', 'stretch'] as const)('is filled by %s, in square pixels', async (fill) => {
    // 64x48 with pixels twice as wide is shown as 8:3.
    ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'color=white:size=64x48:rate=5:duration=0.4,setsar=2',
      '-c:v',
      'libx264',
      at('wide.mp4'),
    );
    const target = { kind: 'fit', width: 160, height: 90 } as const;
    await upscaleClip(at('wide.mp4'), at(`${fill}.mp4`), { settings: { target, fill } });
    expect(videoOf(at(`${fill}.mp4`))).toMatchObject({ width: 160, height: 90, sample_aspect_ratio: '1:1' });
    const column = (x: number) =>
      [...decodeRgb(at(`${fill}.mp4`), '-frames:v', '1', '-vf', `format=rgb24,crop=1:90:${x}:0`)].filter(
        (_, i) => i % 3 === 0,
      );
    const white = column(80).filter((level) => level > 200).length;
    // 160 wide is 60 high.
    expect(Math.abs(white - (fill === 'pad' ? 60 : 90))).toBeLessThanOrEqual(2);
    expect(column(2)[45]).toBeGreaterThan(200);
  });
});

describe('the user’s own filters', () => {
  test('run before and after the network', async () => {
    ffmpeg(...pattern(0.4), ...H264, at('plain.mp4'));
    await upscaleClip(at('plain.mp4'), at('flipped.mkv'), { settings: { ...FFV1, pre: 'hflip', post: 'vflip' } });
    const expected = decodeRgb(at('plain.mp4'), '-vf', 'hflip,vflip,scale=128:96:flags=neighbor');
    expect(meanDifference(decodeRgb(at('flipped.mkv')), expected)).toBeLessThan(8);
  });

  test.each([
    ['pre', 'movie=/etc/passwd'],
    ['pre', 'hflip,amovie=x'],
    ['pre', 'hflip[a];[a]vflip'],
    ['pre', "unsharp='5'"],
    ['pre', 'subtitles=x.srt'],
    ['post', 'hqdn3d=3'],
    ['post', ''],
  ] as const)('%s %j is refused', async (place, text) => {
    await expect(upscaleClip(at('plain.mp4'), at('none.mkv'), { settings: { [place]: text } })).rejects.toThrow();
  });
});

function firstTime(file: string, kind: string): number {
  return packetTimes(file, kind)[0] ?? Number.NaN;
}

/** Presentation times of a stream's packets, in order. */
function packetTimes(file: string, kind: string): number[] {
  const index = probe(file).streams.find((stream) => stream.codec_type.startsWith(kind))?.index;
  const text = ffmpeg('-copyts', '-i', file, '-map', `0:${index}`, '-c', 'copy', '-f', 'framecrc', '-').toString();
  const unit = /#tb 0: (\d+)\/(\d+)/.exec(text);
  const lines = text.split('\n').filter((line) => /^0,/.test(line));
  return lines
    .map((line) => (Number(line.split(',')[2]) * Number(unit?.[1])) / Number(unit?.[2]))
    .sort((a, b) => a - b);
}

function meanDifference(left: Buffer, right: Buffer): number {
  expect(left.length).toBe(right.length);
  let sum = 0;
  for (const [index, value] of left.entries()) sum += Math.abs(value - (right[index] ?? 0));
  return sum / left.length;
}

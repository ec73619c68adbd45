import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeRgb, ffmpeg, frameTimes, pattern, temporaryFolder } from '../../support/clips.ts';
import { makeFrames, messages, twice } from '../../support/frame-files.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

describe('what is wrong with pictures is said before the work', () => {
  beforeAll(() => {
    makeFrames(at('film'), '%04d.png', 30);
  });

  test('missing numbers by name, and held or passed over if asked', async () => {
    const input = makeFrames(at('gaps'), '%02d.png', 12);
    for (const number of ['03', '04', '09']) rmSync(at(`gaps/${number}.png`));
    await expect(upscaleClip(input, at('gaps.mkv'))).rejects.toMatchObject({
      code: 'input-missing',
      message: '3 of the frames 1 to 12 are missing: 3 to 4, 9.',
    });
    const held = await upscaleClip(input, at('held/%d.png'), { settings: { gaps: 'hold', reuse: false } });
    expect(held.framesTotal).toBe(12);
    expect(decodeRgb(at('held/4.png')).equals(twice(decodeRgb(at('gaps/02.png')), 46, 30, 3))).toBe(true);
    expect(decodeRgb(at('held/12.png')).equals(twice(decodeRgb(at('gaps/12.png')), 46, 30, 3))).toBe(true);
    const skipped = await upscaleClip(input, at('skipped/%d.png'), { settings: { gaps: 'skip', reuse: false } });
    expect(skipped.framesTotal).toBe(9);
    expect(decodeRgb(at('skipped/3.png')).equals(twice(decodeRgb(at('gaps/05.png')), 46, 30, 3))).toBe(true);
    expect(messages(skipped.events, 'frames-missing')[0]).toContain('3 to 4, 9');
  });

  test('another size, kind or nature, with the number of the frame', async () => {
    const input = makeFrames(at('sizes'), '%d.png', 4);
    ffmpeg(...pattern(0.1, { size: '48x30', rate: '10' }), at('sizes/3.png'));
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({
      code: 'input-unsupported',
      message: `Frame 3 (${at('sizes/3.png')}) is 48x30, expected 46x30 as the first.`,
    });
    ffmpeg(...pattern(0.1, { size: '46x30', rate: '10' }), '-f', 'mjpeg', at('sizes/3.png'));
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({
      message: /Frame 3 .* is JPEG, expected PNG/,
    });
    writeFileSync(at('sizes/3.png'), 'ffconcat version 1.0\nfile /etc/passwd\n');
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({ message: /Frame 3 .* is no picture/ });
    rmSync(at('sizes/3.png'));
    mkdirSync(at('sizes/3.png'));
    await expect(upscaleClip(input, at('sizes.mkv'))).rejects.toMatchObject({ message: /Frame 3 .* no regular file/ });
    expect(readdirSync(folder).filter((name) => name.startsWith('sizes'))).toEqual(['sizes']);
  });

  test.each(['png', 'tif', 'dpx', 'exr', 'jpg'])('a cut-off %s, and the one before is shown if asked', async (kind) => {
    const input = makeFrames(at(`cut-${kind}`), `%d.${kind}`, 4);
    const file = at(`cut-${kind}/3.${kind}`);
    truncateSync(file, Math.floor(readFileSync(file).length * 0.7));
    await expect(upscaleClip(input, at(`cut-${kind}.mkv`))).rejects.toMatchObject({
      code: 'input-damaged',
      message: `Frame 3 (${file}) is cut off.`,
    });
    const settings = { onDecodeError: 'conceal' as const, reuse: false };
    const { framesTotal, events } = await upscaleClip(input, at(`cut-${kind}-out/%d.png`), { settings });
    expect(framesTotal).toBe(4);
    expect(decodeRgb(at(`cut-${kind}-out/3.png`)).equals(decodeRgb(at(`cut-${kind}-out/2.png`)))).toBe(true);
    expect(messages(events, 'concealed')[0]).toContain('Frame 3');
  });

  test('a picture that is broken inside, where only the decoder can see it', async () => {
    const input = makeFrames(at('broken'), '%d.png', 4);
    const bytes = readFileSync(at('broken/3.png'));
    bytes.fill(0xff, 80, 160);
    writeFileSync(at('broken/3.png'), bytes);
    await expect(upscaleClip(input, at('broken.mkv'))).rejects.toMatchObject({
      code: 'input-damaged',
      message: `Frame 3 (${at('broken/3.png')}) cannot be decoded.`,
    });
    const settings = { onDecodeError: 'conceal' as const };
    const { events } = await upscaleClip(input, at('broken-shown.mkv'), { settings });
    expect(frameTimes(at('broken-shown.mkv')).map((time) => Math.round(24 * time))).toEqual([0, 1, 3]);
    expect(events.filter(({ type }) => type === 'warning').length).toBeGreaterThan(1);
  });

  test.each([
    ['no such name', 'film/%03d.png', {}, 'No picture is named like'],
    ['no such folder', 'nowhere/%d.png', {}, 'cannot be read'],
    ['sound without sound', 'film/%04d.png', { sound: 'film/0001.png' }, 'sound'],
    ['sound that is missing', 'film/%04d.png', { sound: 'no.wav' }, 'no such file'],
    ['sound that names others', 'film/%04d.png', { sound: 'list.wav' }, 'no sound that ffmpeg can read'],
    [
      'a folder of frames as the result',
      'film/%04d.png',
      { overwrite: true, output: 'film/%04d.png' },
      'the input itself',
    ],
    ['a report over a picture', 'film/%04d.png', { overwrite: true, report: 'film/0001.png' }, 'name of a picture'],
  ])('%s', async (_, input, { output = 'refused.mkv', ...given }: Record<string, string | boolean>, message) => {
    writeFileSync(at('list.wav'), 'ffconcat version 1.0\nfile tone.flac\n');
    const named = Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? at(value) : value]);
    const settings = Object.fromEntries(named);
    await expect(upscaleClip(at(input), at(`${output}`), { settings })).rejects.toThrow(message);
    expect(readdirSync(at('film')).length).toBe(30);
  });

  test('--sound for a video', async () => {
    ffmpeg(...pattern(0.2), at('plain.mp4'));
    await expect(upscaleClip(at('plain.mp4'), at('no.mkv'), { settings: { sound: at('tone.flac') } })).rejects.toThrow(
      'a video keeps its own',
    );
  });
});

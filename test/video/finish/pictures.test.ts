import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UpreelError } from '../../../src/core/errors.ts';
import { isPictureOf, isSequenceName, pictureName } from '../../../src/core/files/sequence-name.ts';
import { decodeRgb, ffmpeg, H264, pattern, temporaryFolder, tone, videoOf } from '../../support/clips.ts';
import { nearestUpscaler } from '../../support/nearest-upscaler.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(() => {
  const rgb = ['-c:v', 'png', '-pix_fmt', 'rgb24'];
  ffmpeg(...pattern(1, { rate: '12' }), ...tone(1), '-vf', 'scale=31:25', ...rgb, '-c:a', 'aac', at('rgb.mov'));
  ffmpeg(...pattern(1, { rate: '10' }), '-c:v', 'ffv1', '-pix_fmt', 'yuv420p10le', at('deep.mkv'));
  ffmpeg(...pattern(2, { rate: '10' }), ...H264, '-g', '10', at('film.mp4'));
});

/** All pictures of a sequence, one after the other. */
function decodePictures(name: string): Buffer {
  return ffmpeg('-f', 'image2', '-i', at(name), '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-');
}

test.each([
  ['frames/%06d.png', true],
  ['a %d.TIF', true],
  ['%4d.tiff', true],
  ['100%.png', false],
  ['%d-%d.png', false],
  ['%06d.jpg', false],
  ['%06d/film.png', false],
])('%s is a sequence: %s', (name, expected) => expect(isSequenceName(name)).toBe(expected));

test('names of a sequence are those that its pattern gives, and no others', () => {
  expect([1, 1_234_567].map((number) => pictureName('f/a-%06d.png', number))).toEqual([
    'a-000001.png',
    'a-1234567.png',
  ]);
  const names = ['a-000001.png', 'a-1.png', 'a-1234567.png', 'a-000000.png', 'b-000001.png', 'a-000001.png.txt'];
  expect(names.filter((name) => isPictureOf('f/a-%06d.png', name))).toEqual(['a-000001.png', 'a-1234567.png']);
});

describe('a film as numbered pictures', () => {
  test('has one for each frame, with exactly the samples that the network gave, odd sizes too', async () => {
    const { events, ...result } = await upscaleClip(at('rgb.mov'), at('rgb 100%/%04d.png'), {
      settings: { segmentSeconds: 0.4 },
    });
    expect(readdirSync(at('rgb 100%')).sort()).toEqual(
      Array.from({ length: 12 }, (_, index) => `${String(index + 1).padStart(4, '0')}.png`),
    );
    expect(result).toMatchObject({ framesTotal: 12, output: at('rgb 100%/%04d.png') });
    expect(videoOf(at('rgb 100%/0007.png'))).toMatchObject({ width: 62, height: 50, pix_fmt: 'rgb24' });
    const twice = decodeRgb(at('rgb.mov'), '-vf', 'scale=62:50:flags=neighbor');
    const pictures = ffmpeg('-f', 'image2', '-i', at('rgb 100%%/%04d.png'), '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
    expect(pictures.equals(twice)).toBe(true);
    const warnings = events.filter((event) => event.type === 'warning').map((event) => event.message);
    expect(warnings).toEqual(['Numbered pictures hold nothing but frames; left out: 1 sound.']);
    expect(readdirSync(folder).filter((name) => name.includes('.upreel'))).toEqual([]);
  });

  test.each([
    ['deep.mkv', 'deep/%d.png', {}, 'rgb48be'],
    ['deep.mkv', 'deep-tiff/%03d.tiff', {}, 'rgb48le'],
    ['film.mp4', 'sixteen/%03d.tif', { depth: '16' }, 'rgb48le'],
    ['deep.mkv', 'eight/%03d.tif', { depth: '8' }, 'rgb24'],
  ])('of %s in %s with %j has pixels of %s', async (input, output, settings, format) => {
    await upscaleClip(at(input), at(output), { settings });
    const [, name = ''] = output.split('/');
    const first = name.replace('%d', '1').replace('%03d', '001');
    expect(videoOf(join(at(output), '..', first)).pix_fmt).toBe(format);
  });

  test('that was stopped goes on, and is the same', async () => {
    const settings = { segmentSeconds: 0.5 };
    await upscaleClip(at('film.mp4'), at('whole/%06d.png'), { settings });
    const drain = new AbortController();
    const stopped = upscaleClip(at('film.mp4'), at('stopped/%06d.png'), {
      ...{ settings, drain: drain.signal, upscaler: nearestUpscaler(2, { delayMs: 30 }) },
      onEvent: (event) => {
        if (event.type === 'progress' && event.framesDone > 0) drain.abort(new UpreelError('interrupted', 'Enough.'));
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    expect(existsSync(at('stopped'))).toBe(false);
    const { events } = await upscaleClip(at('film.mp4'), at('stopped/%06d.png'), { settings });
    const started = events.find((event) => event.type === 'started');
    expect(started?.type === 'started' && started.framesKept).toBeGreaterThan(0);
    expect(decodePictures('stopped/%06d.png').equals(decodePictures('whole/%06d.png'))).toBe(true);
  });

  test('goes into an empty folder, never among other files, and replaces only its own kind when told to', async () => {
    mkdirSync(at('mine'));
    await upscaleClip(at('deep.mkv'), at('mine/%03d.png'));
    const again = { settings: { overwrite: true } };
    await expect(upscaleClip(at('deep.mkv'), at('mine/%03d.png'))).rejects.toMatchObject({ code: 'output-exists' });
    rmSync(at('mine/003.png'));
    await upscaleClip(at('deep.mkv'), at('mine/%03d.png'), again);
    expect(readdirSync(at('mine'))).toHaveLength(10);
    writeFileSync(at('mine/notes.txt'), 'keep me');
    await expect(upscaleClip(at('deep.mkv'), at('mine/%03d.png'), again)).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining('notes.txt is in it'),
    });
    expect(readdirSync(at('mine'))).toHaveLength(11);
  });

  test('has no room for levels beyond black and white', async () => {
    const kept = upscaleClip(at('deep.mkv'), at('levels/%03d.png'), { settings: { levels: 'keep' } });
    await expect(kept).rejects.toMatchObject({ code: 'usage' });
    expect(readdirSync(folder).filter((name) => name.startsWith('levels'))).toEqual([]);
  });
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { colourMarks, ffmpeg, pattern, temporaryFolder, videoOf } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** A ramp over all code values of luma, also those that limited range has no colour for. */
function makeRamp(file: string, pixelFormat: string, step: number): void {
  const ramp = `nullsrc=size=256x32:rate=5:duration=0.6,format=${pixelFormat},geq=lum=X*${step}:cb=${128 * step}:cr=${128 * step}`;
  const { filter, options } = colourMarks({ matrix: 'bt709', range: 'tv' });
  ffmpeg('-f', 'lavfi', '-i', `${ramp},${filter}`, '-c:v', 'ffv1', ...options, file);
}

/** The first row of luma of the first frame, every other column. */
function luma(file: string, pixelFormat: string): number[] {
  const format = pixelFormat.endsWith('10le') ? 'gray10le' : 'gray';
  const raw = ffmpeg(
    '-i',
    file,
    '-frames:v',
    '1',
    '-vf',
    `format=${pixelFormat},extractplanes=y,format=${format}`,
    '-f',
    'rawvideo',
    '-',
  );
  return Array.from({ length: 256 }, (_, x) => (format === 'gray' ? raw[2 * x]! : raw.readUInt16LE(4 * x)));
}

describe('levels beyond black and white', () => {
  test.each([
    ['yuv420p', 1],
    ['yuv420p10le', 4],
  ])('of %s are found and kept, each of them, and the result is marked as limited', async (pixelFormat, step) => {
    makeRamp(at('ramp.mkv'), pixelFormat, step);
    const { warnings } = await upscaleClip(at('ramp.mkv'), at(`out-${step}.mkv`), {
      settings: { encoder: 'ffv1', overwrite: true },
    });
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'levels', message: expect.stringMatching(/^1\d\.\d %/) }),
      // The ramp has no colour.
      expect.objectContaining({ code: 'gray' }),
    ]);
    for (const [x, level] of luma(at(`out-${step}.mkv`), pixelFormat).entries()) {
      expect(Math.abs(level - x * step)).toBeLessThanOrEqual(1);
    }
    expect(videoOf(at(`out-${step}.mkv`))).toMatchObject({ color_range: 'tv', color_space: 'bt709' });
  });

  test('are clipped on request', async () => {
    makeRamp(at('clip.mkv'), 'yuv420p', 1);
    await upscaleClip(at('clip.mkv'), at('clip-out.mkv'), { settings: { encoder: 'ffv1', levels: 'clip' } });
    const levels = luma(at('clip-out.mkv'), 'yuv420p');
    expect([levels[0], levels[128], levels[255]]).toEqual([16, 128, 235]);
  });

  test('survive borders, whose black is the film’s black', async () => {
    makeRamp(at('box.mkv'), 'yuv420p', 1);
    const target = { kind: 'fit', width: 600, height: 100 } as const;
    await upscaleClip(at('box.mkv'), at('box-out.mkv'), { settings: { encoder: 'ffv1', target, fill: 'pad' } });
    const raw = ffmpeg('-i', at('box-out.mkv'), '-frames:v', '1', '-vf', 'extractplanes=y', '-f', 'rawvideo', '-');
    expect(raw[0]).toBe(16);
    expect(Math.max(...raw.subarray(50 * 600, 51 * 600))).toBeGreaterThanOrEqual(254);
  });

  test('within range nothing is said or changed', async () => {
    ffmpeg(
      ...pattern(0.4),
      '-vf',
      'format=yuv420p,lutyuv=y=clip(val\\,30\\,220):u=90:v=128',
      '-c:v',
      'ffv1',
      at('tame.mkv'),
    );
    expect((await upscaleClip(at('tame.mkv'), at('tame-out.mkv'))).warnings).toEqual([]);
  });
});

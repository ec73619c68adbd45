import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Upscaler } from '../../src/core/upscaler/upscaler.ts';
import { colourMarks, decodeRgb, ffmpeg, temporaryFolder, videoOf } from '../support/clips.ts';
import { nearestUpscaler } from '../support/nearest-upscaler.ts';
import { upscaleClip } from '../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** Adds red to what has colours, as networks do that have never seen gray. */
const tinting: Upscaler = (() => {
  const nearest = nearestUpscaler(2);
  const upscale: Upscaler['upscale'] = async (source, options) => {
    const result = await nearest.upscale(source, options);
    const step = source.bytesPerSample * 3;
    // The high byte of little-endian samples.
    const from = source.bytesPerSample - 1;
    if (source.channels === 3) for (let byte = from; byte < result.data.length; byte += step) result.data[byte]! ^= 8;
    return result;
  };
  return { ...nearest, upscale, planChange: () => ({ parts: [], kept: [], workShare: 1 }) };
})();

/** A gray picture that moves. */
function grayFilm(
  name: string,
  pixelFormat: string,
  codec: readonly string[],
  filters: readonly string[] = [],
): string {
  const source = 'testsrc2=size=48x32:rate=10:duration=0.5,format=gray';
  ffmpeg('-f', 'lavfi', '-i', source, '-vf', [...filters, `format=${pixelFormat}`].join(','), ...codec, at(name));
  return at(name);
}

async function grayWarnings(input: string, output: string, gray?: 'auto' | 'on' | 'off'): Promise<readonly string[]> {
  const settings = { encoder: 'ffv1', ...(gray && { gray }) } as const;
  const { warnings } = await upscaleClip(input, output, { upscaler: tinting, settings });
  return warnings.filter(({ code }) => code === 'gray').map(({ message }) => message);
}

/** Largest distance of chroma from its middle, in the film's own levels. */
function chromaOf(file: string): number {
  const isDeep = videoOf(file).pix_fmt?.includes('10') ?? false;
  const samples = ['u', 'v'].flatMap((name) => {
    const plane = new Uint8Array(ffmpeg('-i', file, '-vf', `extractplanes=${name}`, '-f', 'rawvideo', '-'));
    return [...(isDeep ? new Uint16Array(plane.buffer) : plane)];
  });
  return samples.reduce((most, level) => Math.max(most, Math.abs(level - (isDeep ? 512 : 128))), 0);
}

const FFV1 = ['-c:v', 'ffv1'];
const X264 = ['-c:v', 'libx264', '-crf', '20', '-preset', 'ultrafast'];
const hd = colourMarks({ matrix: 'bt709', range: 'tv' });
const sd = colourMarks({ matrix: 'smpte170m', range: 'pc' });

describe('a film', () => {
  test.each([
    ['neutral.mkv', 'yuv420p', FFV1, [], 1],
    ['ten.mkv', 'yuv420p10le', FFV1, [], 1],
    ['gray.mkv', 'gray', FFV1, [], 0],
    ['coded.mp4', 'yuv420p', X264, ['format=yuv444p,noise=c1s=3:c2s=3:allf=t:all_seed=3'], 1],
    ['bt709.mkv', 'yuv420p', [...FFV1, ...hd.options], [hd.filter], 1],
    ['bt601.mkv', 'yuv444p', [...FFV1, ...sd.options], [sd.filter], 1],
    ['rgb.mov', 'rgb24', ['-c:v', 'png'], [], 1],
  ] as const)('that is gray stays so: %s', async (name, pixelFormat, codec, filters, told) => {
    const source = grayFilm(name, pixelFormat, codec, filters);
    expect(await grayWarnings(source, at(`${name}.out.mkv`))).toHaveLength(told);
    expect(chromaOf(at(`${name}.out.mkv`))).toBe(0);
    if (name === 'neutral.mkv') {
      const luma = (file: string, filter: string) =>
        ffmpeg('-i', file, '-vf', `${filter},format=yuv420p,extractplanes=y`, '-f', 'rawvideo', '-');
      expect(luma(at(`${name}.out.mkv`), 'null').equals(luma(source, 'scale=iw*2:ih*2:flags=neighbor'))).toBe(true);
      expect(await grayWarnings(source, at('off.mkv'), 'off')).toEqual([]);
      expect(chromaOf(at('off.mkv'))).toBeGreaterThan(2);
    }
  });

  test('with colours stays as it is, unless gray is asked for', async () => {
    const sepia = grayFilm('sepia.mkv', 'yuv420p', FFV1, ['format=yuv444p,lutyuv=u=124:v=131']);
    expect(await grayWarnings(sepia, at('sepia-out.mkv'))).toEqual([]);
    expect(chromaOf(at('sepia-out.mkv'))).toBeGreaterThan(2);
    expect(await grayWarnings(sepia, at('asked.mkv'), 'on')).toEqual(['The result is gray, as asked.']);
    expect(chromaOf(at('asked.mkv'))).toBe(0);
  });

  test('with a scene in colour between the places that are looked at first is no gray one', async () => {
    const scenes = 'testsrc2=size=32x24:rate=10:duration=70,hue=s=0:enable=not(between(t\\,63\\,65))';
    ffmpeg('-f', 'lavfi', '-i', `${scenes},format=yuv420p`, ...X264, '-force_key_frames', '63', at('late.mp4'));
    const warnings = await grayWarnings(at('late.mp4'), at('late-out.mkv'));
    expect(warnings).toEqual([]);
  });

  test('is gray in all of its segments, and with transparency', async () => {
    const source = grayFilm(
      'clear.mov',
      'rgba',
      ['-c:v', 'png'],
      ['format=rgba,geq=r=r(X\\,Y):g=r(X\\,Y):b=r(X\\,Y):a=5*X+1'],
    );
    const settings = { alpha: 'keep', encoder: 'ffv1' } as const;
    await upscaleClip(source, at('whole.mkv'), { upscaler: tinting, settings });
    await upscaleClip(source, at('parts.mkv'), { upscaler: tinting, settings: { ...settings, segmentSeconds: 0.2 } });
    expect(chromaOf(at('whole.mkv'))).toBe(0);
    expect(decodeRgb(at('parts.mkv')).equals(decodeRgb(at('whole.mkv')))).toBe(true);
  });
});

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FieldMeasure, type FieldMotion, planFields } from '../../../src/video/source/field-plan.ts';
import { measurePicture } from '../../../src/video/source/measure.ts';
import { probeVideo } from '../../../src/video/source/probe.ts';
import { decodeRgb, ffmpeg, frameTimes, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const signal = new AbortController().signal;

/** A picture that moves everywhere, as film does. */
function moving(rate: string, seconds: number, ...filters: string[]): string[] {
  const texture = 'noise=alls=100:allf=u:all_seed=7,gblur=3,eq=contrast=5,scroll=h=0.02:v=0.003';
  const source = `color=gray:size=192x144:rate=${rate},format=yuv420p,${texture}`;
  return ['-f', 'lavfi', '-t', `${seconds}`, '-i', [source, ...filters].join(',')];
}

/** Filters and flags of the output: frames that are marked, and an encoder that heeds it. */
function marked(order: 'tff' | 'bff', ...filters: string[]): string[] {
  return ['-vf', [...filters, `setfield=${order}`].join(','), '-flags', '+ilme+ildct'];
}

async function fieldsOf(file: string): Promise<FieldMeasure | null> {
  return (await measurePicture(await probeVideo(file, signal), { gray: 'off' }, signal)).fields;
}

describe('interlaced video', () => {
  test.each(['tff', 'bff'] as const)('marked %s is found and deinterlaced, frame for frame', async (order) => {
    const source = at(`${order}.mkv`);
    ffmpeg(
      ...moving('50', 2, `interlace=scan=${order}:lowpass=off`),
      '-c:v',
      'mpeg2video',
      '-q:v',
      '2',
      ...marked(order),
      source,
    );
    expect((await probeVideo(source, signal)).video.fieldOrder).toBe(order);
    const fields = await fieldsOf(source);
    expect(fields?.motion?.[order]).toBeGreaterThan(25);
    const { warnings, framesTotal } = await upscaleClip(source, at(`${order}-out.mkv`));
    expect(warnings.find((warning) => warning.code === 'fields')?.message).toMatch(/is interlaced: it is deinterlaced/);
    expect(framesTotal).toBe(50);
    expect(largestDeviation(source, at(`${order}-out.mkv`))).toBeLessThanOrEqual(0.001);
  });

  test('loses its combing, which stays where it is not wanted gone', async () => {
    const film = at('film-50.mkv');
    ffmpeg(...moving('50', 1), '-c:v', 'ffv1', film);
    ffmpeg('-i', film, '-vf', 'interlace=scan=tff:lowpass=off', '-c:v', 'ffv1', at('combed.mkv'));
    await upscaleClip(at('combed.mkv'), at('combed-out.mkv'), { settings: { encoder: 'ffv1', deinterlace: 'off' } });
    await upscaleClip(at('combed.mkv'), at('clean-out.mkv'), { settings: { encoder: 'ffv1' } });
    const reference = decodeRgb(
      film,
      '-vf',
      "select='not(mod(n,2))',scale=iw*2:ih*2:flags=neighbor",
      '-fps_mode',
      'passthrough',
    );
    const error = (name: string) => meanDifference(decodeRgb(at(name)), reference);
    expect(error('clean-out.mkv')).toBeLessThan(0.75 * error('combed-out.mkv'));
  });

  test('is found also when the stream says progressive', async () => {
    ffmpeg(
      ...moving('50', 2, 'interlace=scan=bff:lowpass=off', 'setfield=prog'),
      '-c:v',
      'libx264',
      '-crf',
      '10',
      at('lie.mp4'),
    );
    const source = await probeVideo(at('lie.mp4'), signal);
    expect(source.video.fieldOrder).toBeNull();
    const { warnings } = await upscaleClip(at('lie.mp4'), at('lie-out.mp4'));
    expect(warnings.find((warning) => warning.code === 'fields')?.message).toMatch(/not marked as such/);
  });

  test('progressive video that is marked as interlaced is left as it is', async () => {
    ffmpeg(...moving('25', 2), '-c:v', 'mpeg2video', '-q:v', '2', ...marked('tff'), at('psf.mkv'));
    const source = await probeVideo(at('psf.mkv'), signal);
    expect(source.video.fieldOrder).toBe('tff');
    const { warnings } = await upscaleClip(at('psf.mkv'), at('psf-out.mkv'));
    expect(warnings.find((warning) => warning.code === 'fields')?.message).toMatch(/taken for progressive/);
  });

  test.each(['testsrc2', 'testsrc', 'cellauto', 'gradients'])(
    'progressive %s is not taken for interlaced',
    async (name) => {
      ffmpeg(
        '-f',
        'lavfi',
        '-i',
        `${name}=size=160x120:rate=25`,
        '-t',
        '2',
        '-c:v',
        'libx264',
        '-pix_fmt',
        'yuv420p',
        at(`${name}.mp4`),
      );
      const { video } = await probeVideo(at(`${name}.mp4`), signal);
      const decision = planFields(video, { deinterlace: 'auto', ivtc: 'auto' }, await fieldsOf(at(`${name}.mp4`)));
      expect(decision).toEqual({ plan: { kind: 'frames' }, finding: null });
    },
  );

  test('gives every field a frame of its own on request, at the field’s time', async () => {
    ffmpeg(
      ...moving('50', 1.2, 'interlace=scan=tff:lowpass=off'),
      ...tone(1.2),
      '-c:v',
      'mpeg2video',
      '-c:a',
      'aac',
      ...marked('tff'),
      at('bob.mkv'),
    );
    const { framesTotal } = await upscaleClip(at('bob.mkv'), at('bob-out.mp4'), { settings: { deinterlace: 'bob' } });
    const times = frameTimes(at('bob.mkv'));
    expect(framesTotal).toBe(2 * times.length);
    const expected = times.flatMap((time) => [time, time + 0.02]);
    for (const [index, time] of frameTimes(at('bob-out.mp4')).entries()) {
      expect(Math.abs(time - (expected[index] ?? Number.NaN))).toBeLessThanOrEqual(0.001);
    }
  });
});

describe('telecined film', () => {
  test('is found and taken back to its own frames', async () => {
    const film = at('film-24.mkv');
    ffmpeg(...moving('24000/1001', 3), '-c:v', 'ffv1', film);
    ffmpeg('-i', film, '-c:v', 'mpeg2video', '-q:v', '2', ...marked('tff', 'telecine=pattern=23'), at('telecined.mkv'));
    expect(frameTimes(at('telecined.mkv'))).toHaveLength(Math.floor(72 * 1.25));
    const { framesTotal, warnings } = await upscaleClip(at('telecined.mkv'), at('film-out.mp4'), {
      settings: { encoder: 'libx264', quality: 90 },
    });
    expect(warnings.find((warning) => warning.code === 'fields')?.message).toMatch(/telecined film/);
    expect(Math.abs(framesTotal - 72)).toBeLessThanOrEqual(1);
    const times = frameTimes(at('film-out.mp4'));
    for (const [index, time] of times.slice(1).entries())
      expect(time - (times[index] ?? 0)).toBeCloseTo(1001 / 24000, 3);
    const count = Math.min(framesTotal, 70);
    const frames = (file: string, ...filters: string[]) =>
      decodeRgb(file, '-frames:v', `${count}`, '-vf', [...filters, 'scale=192:144'].join(','));
    expect(meanDifference(frames(at('film-out.mp4')), frames(film))).toBeLessThan(4);
  });

  test('keeps all frames where asked', async () => {
    const { framesTotal } = await upscaleClip(at('telecined.mkv'), at('kept-out.mkv'), { settings: { ivtc: 'off' } });
    expect(framesTotal).toBe(frameTimes(at('telecined.mkv')).length);
  });
});

describe('the decision', () => {
  const AUTO = { deinterlace: 'auto', ivtc: 'auto' } as const;
  const NTSC = { num: 30000, den: 1001 };
  const measure = (combed: number, motion: FieldMotion | null, repeatedShare: number | null = null) => ({
    ...{ combed, smooth: 100 - combed, motion, repeatedShare },
  });
  const SMOOTH = { tff: 0, bff: 0, neither: 90, insideShare: 0 };
  const TOP_FIRST = { tff: 80, bff: 2, neither: 5, insideShare: 0.95 };
  test.each([
    [
      'unmarked, combed and moving so',
      null,
      AUTO,
      measure(80, TOP_FIRST),
      { kind: 'deinterlace', order: 'tff', output: 'frames' },
    ],
    ['unmarked, combed but moving as one', null, AUTO, measure(80, SMOOTH), { kind: 'frames' }],
    ['unmarked, half of it moving as one', null, AUTO, measure(80, { ...TOP_FIRST, neither: 60 }), { kind: 'frames' }],
    ['unmarked film', null, AUTO, measure(80, { ...TOP_FIRST, neither: 60 }, 0.9), { kind: 'film', order: 'tff' }],
    [
      'marked the wrong way round',
      'bff',
      AUTO,
      measure(80, TOP_FIRST),
      { kind: 'deinterlace', order: 'tff', output: 'frames' },
    ],
    ['marked, moving as one', 'tff', AUTO, measure(0, SMOOTH), { kind: 'frames' }],
    [
      'marked, without motion',
      'bff',
      AUTO,
      measure(0, { ...SMOOTH, neither: 0 }),
      { kind: 'deinterlace', order: 'bff', output: 'frames' },
    ],
    ['film', 'tff', AUTO, measure(40, TOP_FIRST, 0.9), { kind: 'film', order: 'tff' }],
    ['film, to be left alone', 'tff', { ...AUTO, deinterlace: 'off' }, measure(40, TOP_FIRST, 0.9), { kind: 'frames' }],
    [
      'film, all frames wanted',
      'tff',
      { ...AUTO, ivtc: 'off' },
      measure(40, TOP_FIRST, 0.9),
      { kind: 'deinterlace', order: 'tff', output: 'frames' },
    ],
    [
      'wanted fields of unmeasured video',
      null,
      { ...AUTO, deinterlace: 'bob' },
      null,
      { kind: 'deinterlace', order: null, output: 'fields' },
    ],
  ] as const)('%s', (_, fieldOrder, settings, measured, plan) => {
    expect(planFields({ fieldOrder, frameRate: NTSC }, settings, measured).plan).toEqual(plan);
  });
});

function largestDeviation(source: string, output: string): number {
  const actual = frameTimes(output);
  return Math.max(...frameTimes(source).map((time, index) => Math.abs(time - (actual[index] ?? Number.NaN))));
}

function meanDifference(left: Buffer, right: Buffer): number {
  expect(left.length).toBe(right.length);
  let sum = 0;
  for (const [index, value] of left.entries()) sum += Math.abs(value - (right[index] ?? 0));
  return sum / left.length;
}

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRational } from '../../../src/video/rational.ts';
import { containerFor } from '../../../src/video/source/containers.ts';
import { probeVideo } from '../../../src/video/source/probe.ts';
import { planTimecode } from '../../../src/video/source/timecode.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const NTSC = '30000/1001';
const CLIP = pattern(1, { size: '32x24', rate: NTSC });
const WOVEN = ['-vf', 'tinterlace=interleave_top', ...H264, '-flags', '+ilme+ildct'];
const { signal } = new AbortController();

test.each([
  ['track.mov', 'mov', '10:00:00:00', {}, '10:00:00:00', []],
  ['drop.mov', 'mp4', '00:59:59;29', {}, '00:59:59;29', []],
  ['drop.mp4', 'mkv', '10:00:00;00', {}, '10:00:00;00', ['timecode-converted']],
  // Its times are in milliseconds: the track has to count frames all the same.
  ['tag.mkv', 'mov', '10:00:00;00', {}, '10:00:00;00', []],
  ['film.mxf', 'mp4', '23:59:59:10', {}, '23:59:59:10', []],
  // From 10 frames later on, two numbers are dropped.
  ['part.mov', 'mov', '00:00:59;25', { trim: { startSeconds: 0.3336, endSeconds: 0.8 } }, '00:01:00;07', []],
  ['midnight.mkv', 'mkv', '23:59:59;25', { trim: { startSeconds: 0.3336, endSeconds: null } }, '00:00:00;05', []],
  ['rate.mov', 'mov', '10:00:00;15', { fps: { num: 24, den: 1 } }, '10:00:00:12', ['timecode-rate']],
  ['bob.mov', 'mp4', '10:00:00;11', { deinterlace: 'bob' }, '10:00:00;22', ['timecode-rate']],
  ['words.mkv', 'mp4', 'noon', {}, null, ['timecode-dropped']],
  ['rate.mkv', 'mkv', '10:00:00:30', {}, null, ['timecode-dropped']],
] as const)('the timecode of %s in .%s (%s)', async (name, extension, start, settings, expected, codes) => {
  const codec = name === 'bob.mov' ? WOVEN : name === 'film.mxf' ? ['-c:v', 'mpeg2video'] : H264;
  const isTag = name.endsWith('.mkv');
  const clip = name === 'bob.mov' ? pattern(1, { size: '32x24', rate: '60000/1001' }) : CLIP;
  ffmpeg(...clip, ...codec, ...(isTag ? ['-metadata', `timecode=${start}`] : ['-timecode', start]), at(name));
  const output = at(`${name}.out.${extension}`);
  const { warnings } = await upscaleClip(at(name), output, { settings: { levels: 'clip', reuse: false, ...settings } });
  expect(warnings.map(({ code }) => code).filter((code) => /timecode|stream-dropped/.test(code))).toEqual(codes);
  expect(warnings.find(({ code, message }) => code === 'tags-dropped' && /timecode\b/i.test(message))).toBeUndefined();
  expect((await probeVideo(output, signal)).timecode?.start ?? null).toBe(expected);
  if (expected === null || extension === 'mkv') return;
  expect(trackRate(output)).toBe({ fps: '24/1', deinterlace: '60000/1001' }[Object.keys(settings)[0] ?? ''] ?? NTSC);
});

test('a track of frames moves no picture of a film in milliseconds', async () => {
  ffmpeg(...CLIP, ...H264, '-metadata', 'timecode=01:00:00;00', at('times.mkv'));
  await upscaleClip(at('times.mkv'), at('times.mov'), { settings: { levels: 'clip', segmentSeconds: 0.4 } });
  expect(frameTimes(at('times.mov'))).toEqual(frameTimes(at('times.mkv')));
});

test.each([
  ['00:00:00;00', NTSC, 1800, '00:01:00;02'],
  ['00:00:00;00', NTSC, 17_982, '00:10:00;00'],
  ['00:00:00;00', NTSC, 107_892, '01:00:00;00'],
  ['00:00:00.00', '60000/1001', 3600, '00:01:00;04'],
  ['00:00:00:00', NTSC, 1800, '00:01:00:00'],
  ['09:59:59:23', '24000/1001', 1, '10:00:00:00'],
  ['23:59:59:49', '50/1', 1, '00:00:00:00'],
  ['00:00:00:119', '120/1', 1, '00:00:01:00'],
])('from %s at %s frames a second, %i frames later it is %s', (start, rate, later, expected) => {
  expect(timecodeAfter(start, rate, later)).toBe(expected);
});

test('numbers that are dropped never come up, and frame after frame counts on', () => {
  const frames = fc.integer({ min: 0, max: 2_589_408 - 2 });
  fc.assert(
    fc.property(frames, (frame) => {
      const [label, next] = [frame, frame + 1].map((later) => timecodeAfter('00:00:00;00', NTSC, later)!);
      expect(label).not.toMatch(/:\d[1-9]:00;0[01]$/);
      expect(timecodeAfter(label!, NTSC, 1)).toBe(next);
      expect(next! > label!).toBe(true);
    }),
  );
});

/** Of a part that begins so many frames later. */
function timecodeAfter(start: string, text: string, later: number): string | null {
  const rate = parseRational(text)!;
  const timeBase = { num: rate.den, den: rate.num };
  const timecode = { start, trackRate: rate, isOfVideo: true, hasTrack: true };
  const [film, part] = [0, later].map((tick) => ({ ptsTicks: Float64Array.of(tick), timeBase }));
  const video = { timeBase, frameRate: rate } as Parameters<typeof planTimecode>[0]['video'];
  return planTimecode({ timecode, video }, film!, part!, rate, containerFor('film.mov')).start;
}

/** At which the timecode's track counts. */
function trackRate(file: string): string {
  const show = ['-select_streams', 'd:0', '-show_entries', 'stream=avg_frame_rate', '-of', 'csv=p=0'];
  return execFileSync('ffprobe', ['-v', 'error', ...show, file], { encoding: 'utf8' }).trim();
}

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pipeTimes } from '../../../src/video/encode/encode-plan.ts';
import { listFrames } from '../../../src/video/plan/list-frames.ts';
import { originOf } from '../../../src/video/plan/origin.ts';
import { planPicture } from '../../../src/video/plan/plan-picture.ts';
import type { VideoPlan } from '../../../src/video/plan/video-plan.ts';
import { videoSettingsSchema } from '../../../src/video/settings.ts';
import { containerFor } from '../../../src/video/source/containers.ts';
import { readSource } from '../../../src/video/source/read-source.ts';
import { planStreams } from '../../../src/video/source/streams.ts';
import { isInside, planTrim } from '../../../src/video/source/trim.ts';
import { ffmpeg, frameTimes, H264, pattern, temporaryFolder, tone } from '../../support/clips.ts';
import { upscaleClip } from '../../support/upscale-clip.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const { signal } = new AbortController();
const NTSC = '30000/1001';

/**
 * Rates and time bases of every kind: what makes it, and how many cuts are tried (each decodes where packets lack
 * times).
 */
const CLIPS: readonly (readonly [string, readonly string[], number])[] = [
  ['odd-rate.avi', [...pattern(2, { rate: '300003/10000' }), '-c:v', 'mpeg4'], 200],
  ['microseconds.avi', [...pattern(2, { rate: '1000000/33367' }), '-c:v', 'mjpeg'], 200],
  ['b-frames.avi', [...pattern(1.5, { rate: NTSC }), '-c:v', 'mpeg4', '-bf', '2'], 6],
  ['ntsc.mp4', [...pattern(2, { rate: NTSC }), ...H264], 200],
  ['fine.mp4', [...pattern(2, { rate: '24000/1001' }), ...H264, '-video_track_timescale', '90000'], 200],
  ['milliseconds.mkv', [...pattern(2, { rate: NTSC }), ...H264], 200],
  ['broadcast.ts', [...pattern(2, { rate: NTSC }), ...tone(2), ...H264, '-c:a', 'mp2'], 200],
  ['disc.mpg', [...pattern(1.5, { rate: '25' }), '-c:v', 'mpeg2video', '-bf', '2'], 8],
  ['late.mkv', ['-itsoffset', '0.4567', ...pattern(2, { rate: NTSC }), ...tone(2), ...H264, '-c:a', 'aac'], 200],
  ['early.mkv', ['-itsoffset', '-0.35', ...pattern(2), ...H264, '-avoid_negative_ts', 'disabled', '-copyts'], 200],
  ['varying.mp4', [...pattern(2), '-vf', 'setpts=PTS*(1+0.3*sin(N))', '-vsync', 'vfr', ...H264], 200],
  ['slow.mkv', [...pattern(3, { rate: '5' }), ...H264], 100],
  ['raw.h264', [...pattern(1.5, { rate: '25' }), ...H264], 100],
  [
    'hidden.webm',
    [...pattern(1.5), '-c:v', 'libvpx', '-deadline', 'good', '-auto-alt-ref', '1', '-lag-in-frames', '10'],
    6,
  ],
  ['drawn.gif', [...pattern(1.5, { rate: '10' })], 6],
];

test.each(CLIPS)('a part of %s holds the frames that ffmpeg lists in [start, end)', async (name, options, cuts) => {
  ffmpeg(...options, at(name));
  const { source, scan, measure } = await readSource(at(name), videoSettingsSchema.parse({}), signal);
  const origin = originOf(source, planStreams(source, containerFor('out.mkv'), { audio: 'auto', subtitles: 'auto' }));
  const times = decodedTicks(at(name), source.formatName.startsWith('h264')).map((ticks) => {
    const { num, den } = source.video.timeBase;
    return { ticks, micros: Math.round((ticks * num * 1e6) / den - origin * 1e6) };
  });
  expect(times.length).toBeGreaterThan(14);
  // Limits are anywhere, or right at a frame, or a microsecond beside it.
  const atFrame = fc
    .tuple(fc.integer({ min: 0, max: times.length - 1 }), fc.constantFrom(-1, 0, 1))
    .map(([index, step]) => Math.max(0, times[index]!.micros + step));
  const limit = fc.oneof(atFrame, fc.integer({ min: 0, max: 3_000_000 }));
  await fc.assert(
    fc.asyncProperty(limit, fc.oneof(limit, fc.constant(null)), async (one, other) => {
      const [start, end] = other === null ? [one, null] : [Math.min(one, other), Math.max(one, other)];
      fc.pre(end === null || end > start);
      const inside = times.filter(({ micros }) => micros >= start && (end === null || micros < end));
      const trim = { startSeconds: start / 1e6, endSeconds: end === null ? null : end / 1e6 };
      const picture = planPicture(source, videoSettingsSchema.parse({ trim }), measure, origin);
      const listed = listFrames(source, scan, picture, false, signal).then(({ ptsTicks }) => [...ptsTicks]);
      if (inside.length === 0) await expect(listed).rejects.toMatchObject({ code: 'usage' });
      else expect(await listed).toEqual(inside.map(({ ticks }) => ticks));
    }),
    { numRuns: cuts, seed: 7 },
  );
});

describe('a part that begins and ends off the grid comes out whole, at its times', () => {
  test.each([
    ['odd-rate.avi', 0, 1.5],
    ['odd-rate.avi', 0.5, 1.5],
    ['microseconds.avi', 0.123456, 0.9],
    ['b-frames.avi', 0.5, 1],
    ['ntsc.mp4', 0.033367, 0.567234],
    ['early.mkv', 0.5, 1.1],
    ['hidden.webm', 0.2, 0.7],
    ['varying.mp4', 0.333333, 1.25],
    ['slow.mkv', 0.1, 1.7],
  ])('%s from %d to %d s', async (name, startSeconds, endSeconds) => {
    const output = at(`${name}-${startSeconds}.mp4`);
    const settings = { trim: { startSeconds, endSeconds }, segmentSeconds: 0.3 };
    const { framesTotal } = await upscaleClip(at(name), output, { settings });
    const { source } = await readSource(at(name), videoSettingsSchema.parse({}), signal);
    const { num, den } = source.video.timeBase;
    const origin = Math.min(0, source.video.startSeconds ?? 0);
    const expected = decodedTicks(at(name), false)
      .map((ticks) => (ticks * num) / den - origin)
      .filter((time) => time > startSeconds - 5e-7 && time < endSeconds - 5e-7)
      .map((time) => time - startSeconds);
    expect(framesTotal).toBe(expected.length);
    const times = frameTimes(output);
    for (const [index, time] of expected.entries())
      expect(Math.abs(times[index]! - Math.max(0, time))).toBeLessThan(2e-5);
  });
});

test('any limit and any time base: the ticks that are kept are those whose printed time is in the part', () => {
  const timeBase = fc.record({
    num: fc.integer({ min: 1, max: 200_000 }),
    den: fc.integer({ min: 1, max: 10_000_000 }),
  });
  const micros = fc.integer({ min: 0, max: 20_000_000_000 });
  fc.assert(
    fc.property(timeBase, micros, micros, fc.integer({ min: -3, max: 3 }), (unit, a, b, step) => {
      fc.pre(a !== b);
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const part = planTrim({ startSeconds: start / 1e6, endSeconds: end / 1e6 }, 0, unit)!;
      for (const limit of [start, end]) {
        const ticks = Math.round((limit * unit.den) / (1e6 * unit.num)) + step;
        // 2t num 1e6 + den >= 2 limit den: rounded half up.
        const [double, unitTwice] = [
          2n * BigInt(ticks) * BigInt(unit.num) * 1_000_000n + BigInt(unit.den),
          2n * BigInt(unit.den),
        ];
        const printed = double >= 0n ? double / unitTwice : -1n;
        expect(isInside(part, ticks)).toBe(printed >= BigInt(start) && printed < BigInt(end));
      }
    }),
    { numRuns: 2000, seed: 7 },
  );
});

test('any shift and any time base: the pipe’s unit is one that ffmpeg takes, and keeps frames apart as they are', () => {
  const reduced = fc
    .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 999_999_999 }))
    .filter(([num, den]) => gcd(num, den) === 1);
  fc.assert(
    fc.property(reduced, fc.integer({ min: 0, max: 10_000_000_000 }), ([num, den], micros) => {
      const frames = { timeBase: { num, den } } as VideoPlan['frames'];
      const { timeBase, parts, shift } = pipeTimes({ frames, shiftSeconds: micros / 1e6 });
      expect(gcd(timeBase.num, timeBase.den)).toBe(1);
      expect(timeBase.den).toBeLessThanOrEqual(1_000_000_000);
      expect(BigInt(parts) * BigInt(timeBase.num) * BigInt(den)).toBe(BigInt(num) * BigInt(timeBase.den));
      expect(Math.abs((shift * timeBase.num) / timeBase.den - micros / 1e6)).toBeLessThan(2e-9);
    }),
    { numRuns: 2000, seed: 7 },
  );
});

/** Times of the pictures as ffmpeg's own decoder gives them, in ticks of the stream. */
function decodedTicks(file: string, hasNoTimes: boolean): number[] {
  const rate = hasNoTimes ? ['-r', '25'] : [];
  const show = ['-select_streams', 'v:0', '-show_entries', 'stream=time_base', '-of', 'csv=p=0'];
  const unit = execFileSync('ffprobe', ['-v', 'error', ...show, file], { encoding: 'utf8' })
    .trim()
    .split('\n')[0]!;
  const times = ['-copyts', ...rate, '-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough'];
  const text = ffmpeg(
    ...times,
    '-enc_time_base',
    unit.replace('/', ':').replace(',', ''),
    '-f',
    'framecrc',
    '-',
  ).toString();
  const lines = text.split('\n').filter((line) => line.startsWith('0,'));
  return lines.map((line) => Number(line.split(',')[2])).sort((a, b) => a - b);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

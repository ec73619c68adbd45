import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VideoPlan } from '../../../src/video/plan/video-plan.ts';
import { planSeeks } from '../../../src/video/segment/seek.ts';
import { planSegments } from '../../../src/video/segment/segments.ts';

interface FilmFacts {
  readonly times: readonly number[];
  readonly keys: readonly number[];
  readonly packets?: number;
  readonly codec?: string;
  readonly formatName?: string;
  readonly framesBefore?: number | null;
}

/** A film in milliseconds: only what the planner reads. */
function film({
  times,
  keys,
  packets = times.length,
  codec = 'h264',
  formatName = 'matroska,webm',
  framesBefore = 0,
}: FilmFacts): VideoPlan {
  const video = { timeBase: { num: 1, den: 1000 }, frameRate: { num: 25, den: 1 }, codec };
  const scan = { keyTicks: Float64Array.from(keys) };
  const frames = { count: packets, ptsTicks: Float64Array.from(times), timeBase: video.timeBase, isExact: false };
  return { source: { video, formatName }, scan, frames, picture: { framesBefore, trim: null } } as unknown as VideoPlan;
}

const every40ms = (frames: number) => Array.from({ length: frames }, (_, index) => index * 40);
const TEN_SECONDS = { seconds: 10, frames: 1e9 };

describe('segments', () => {
  test.each([
    ['a short film is one', film({ times: every40ms(100), keys: [0, 2000] }), TEN_SECONDS, [0]],
    [
      'cuts are at the keyframes nearest to the length',
      film({ times: every40ms(750), keys: [0, 4000, 9000, 12_000, 19_960, 24_000] }),
      TEN_SECONDS,
      [0, 225, 499],
    ],
    [
      'without a keyframe near, any frame is cut at',
      film({ times: every40ms(750), keys: [0, 400] }),
      TEN_SECONDS,
      [0, 250, 500],
    ],
    [
      'a rest shorter than half a segment belongs to the last',
      film({ times: every40ms(360), keys: [0] }),
      TEN_SECONDS,
      [0],
    ],
    [
      'fewer frames if they are much work',
      film({ times: every40ms(100), keys: every40ms(100) }),
      { seconds: 10, frames: 30 },
      [0, 30, 60],
    ],
    [
      'frames that come slowly are cut by time',
      film({ times: [0, 8000, 16_000, 24_000, 32_000], keys: [0, 8000, 16_000, 24_000, 32_000] }),
      TEN_SECONDS,
      [0, 2, 4],
    ],
    [
      'where times are missing, frames are counted',
      film({ times: [0, 40], keys: [], packets: 1000, codec: 'mpeg4' }),
      TEN_SECONDS,
      [0, 250, 500, 750],
    ],
  ])('%s', (_, plan, limits, starts) => {
    expect(planSegments(plan, limits).map((segment) => segment.startFrame)).toEqual(starts);
  });

  test('of a film that must be decoded from its start each time are fewer', () => {
    const plan = film({ times: [], keys: [], packets: 25 * 3600, codec: 'gif' });
    const segments = planSegments(plan, TEN_SECONDS);
    expect(segments.length).toBeGreaterThan(10);
    expect(segments.length).toBeLessThan(20);
  });

  test('cover every frame once, in order, with times that say the same', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(steps, fc.nat(30), fc.double({ min: 0.1, max: 5, noNaN: true }), (gaps, keyEvery, seconds) => {
        let now = -500;
        const times = gaps.map((gap) => {
          now += gap;
          return now;
        });
        const keys = times.filter((_, index) => keyEvery > 0 && index % keyEvery === 0);
        const segments = planSegments(film({ times, keys: [...new Set(keys)] }), { seconds, frames: 100 });
        expect(segments[0]).toMatchObject({ startFrame: 0, startTicks: null });
        expect(segments.at(-1)).toMatchObject({ endFrame: times.length, endTicks: null });
        for (const [index, segment] of segments.entries()) {
          const next = segments[index + 1];
          if (next === undefined) continue;
          expect([next.startFrame, next.startTicks]).toEqual([segment.endFrame, segment.endTicks]);
          expect(segment.endFrame).toBeGreaterThan(segment.startFrame);
          if (next.startTicks === null) continue;
          const before = times.filter((time) => time < (next.startTicks ?? 0)).length;
          expect(next.startFrame).toBe(before);
        }
      }),
    );
  });
});

describe('where decoding begins', () => {
  const plan = film({ times: every40ms(1000), keys: [0, 10_000, 20_000, 30_000] });
  const at = (startTicks: number | null) => ({ index: 1, startFrame: 0, endFrame: 1, startTicks, endTicks: null });

  test('is at the start for the first segment, and for what cannot be sought', () => {
    expect(planSeeks(plan, at(null))).toEqual([null]);
    expect(planSeeks(plan, at(5000))).toEqual([null]);
    expect(planSeeks(film({ times: every40ms(1000), keys: [0, 10_000], codec: 'gif' }), at(10_000))).toEqual([null]);
  });

  test('is at the keyframe before, then earlier, then at the start', () => {
    expect(planSeeks(plan, at(20_000))).toEqual([20.15, 17.15, null]);
    expect(planSeeks(plan, at(29_960))).toEqual([20.15, 17.15, null]);
  });

  test('is far enough before that filters get the frames they need, and at the start for those that need all', () => {
    const filtered = (framesBefore: number | null) =>
      film({ times: every40ms(1000), keys: [0, 10_000, 20_000], framesBefore });
    expect(planSeeks(filtered(2), at(20_000))).toEqual([10.15, 7.15, null]);
    expect(planSeeks(filtered(2), at(20_080))).toEqual([20.15, 17.15, null]);
    expect(planSeeks(filtered(null), at(20_080))).toEqual([null]);
  });

  test('leaves a transport stream room to find the keyframe', () => {
    const stream = film({ times: every40ms(1000), keys: [0, 10_000, 20_000], formatName: 'mpegts' });
    expect(planSeeks(stream, at(20_000))).toEqual([19, 16, null]);
  });
});

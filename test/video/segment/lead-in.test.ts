import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEAD_IN_FRAMES, planLeadIn } from '../../../src/video/segment/lead-in.ts';

const trim = { startSeconds: 1 };
type Plan = Parameters<typeof planLeadIn>[0];

function film(times: readonly number[], { steady = 0.5, isPart = false } = {}): Plan {
  const frames = { ptsTicks: Float64Array.from(times), count: times.length };
  return { steady, frames, picture: { trim: isPart ? trim : null } } as unknown as Plan;
}

const every40ms = Array.from({ length: 60 }, (_, index) => 100 + index * 40);
const at = (startFrame: number, times: readonly number[] | null = every40ms) => ({
  ...{ index: 1, startFrame, endFrame: startFrame + 20, endTicks: null },
  startTicks: times?.[startFrame] ?? null,
});

test.each([
  ['not where nothing is steadied', film(every40ms, { steady: 0 }), at(30), 30, every40ms[30]],
  ['not before the first segment', film(every40ms), { ...at(0), startTicks: null }, 0, null],
  ['by eight frames', film(every40ms), at(30), 22, every40ms[22]],
  ['by what there is: then the film is decoded from its start', film(every40ms), at(5), 0, null],
  ['of a part, from its first frame', film(every40ms, { isPart: true }), at(5), 0, every40ms[0]],
  ['by counting, where there are no times', film([]), at(30, null), 22, null],
])('a segment is led to %s', (_, plan, segment, startFrame, startTicks) => {
  const { segment: led } = planLeadIn(plan, segment);
  expect(led).toEqual({ ...segment, startFrame, startTicks });
});

test('what leads to a segment is told from it, with times that are shared, too', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 12, maxLength: 40 }),
      fc.nat(),
      (steps, place) => {
        let now = 0;
        const times = steps.map((step) => {
          now += step;
          return now;
        });
        const starts = times.flatMap((time, frame) => (frame > 0 && time > times[frame - 1]! ? [frame] : []));
        fc.pre(starts.length > 0);
        const start = starts[place % starts.length]!;
        const { segment, isBefore } = planLeadIn(film(times), at(start, times));
        const decoded = times.filter((time) => segment.startTicks === null || time >= segment.startTicks);
        const before = decoded.filter((time, index) => isBefore(time, index));
        expect(decoded.slice(before.length)[0]).toBe(times[start]);
        expect(before.length).toBe(start - segment.startFrame);
        expect(before.length).toBeGreaterThanOrEqual(Math.min(start, LEAD_IN_FRAMES));
      },
    ),
  );
});

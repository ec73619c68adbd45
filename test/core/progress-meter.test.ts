import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/core/events.ts';
import { openProgressMeter } from '../../src/core/progress-meter.ts';

describe('openProgressMeter', () => {
  test('reports at most twice a second, however often work is added', () => {
    const { meter, events, clock } = meterOf(1000);
    for (let i = 0; i < 100; i++) {
      clock.seconds += 0.05;
      meter.add({ outputPixels: 1 });
    }
    expect(events.length).toBeGreaterThanOrEqual(8);
    expect(events.length).toBeLessThanOrEqual(10);
  });

  test('tells the time left from output pixels at a steady rate', () => {
    const { meter, events, clock } = meterOf(1000);
    meter.flush();
    for (let i = 0; i < 60; i++) {
      clock.seconds += 1;
      meter.add({ outputPixels: 10, frames: 1 });
    }
    const last = events.at(-1)!;
    expect(last.outputPixelsDone).toBe(600);
    expect(last.secondsLeft).toBeCloseTo(40, 0);
    expect(last.framesPerSecond).toBeCloseTo(1, 1);
  });

  test('says nothing about the time left before it can know', () => {
    const { meter, events, clock } = meterOf(1000);
    meter.flush();
    clock.seconds += 0.6;
    meter.add({ outputPixels: 10 });
    expect(events.map((event) => event.secondsLeft)).toEqual([null, null]);
  });

  test('follows a rate that changes within half a minute', () => {
    const { meter, events, clock } = meterOf(10_000);
    meter.flush();
    for (let i = 0; i < 60; i++) {
      clock.seconds += 1;
      meter.add({ outputPixels: 100 });
    }
    for (let i = 0; i < 40; i++) {
      clock.seconds += 1;
      meter.add({ outputPixels: 10 });
    }
    const last = events.at(-1)!;
    expect(last.secondsLeft).toBeCloseTo((10_000 - 6400) / 10, 0);
  });
});

function meterOf(outputPixelsTotal: number) {
  const clock = { seconds: 100 };
  const events: Progress[] = [];
  const meter = openProgressMeter({
    ...{ input: 'a.png', framesTotal: 100, outputPixelsTotal },
    emit: (event) => events.push(event),
    now: () => clock.seconds,
  });
  return { meter, events, clock };
}

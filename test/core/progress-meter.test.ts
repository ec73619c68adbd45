import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/core/events.ts';
import { type MeterOptions, openProgressMeter } from '../../src/core/progress-meter.ts';

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

  test('reminds that time passes while a tile takes long, and keeps the rate that was', () => {
    const { meter, events, clock } = meterOf(1000);
    meter.flush();
    for (let i = 0; i < 5; i++) {
      clock.seconds += 40;
      meter.add({ outputPixels: 10, frames: 1 });
    }
    const before = events.at(-1)!;
    expect(before.framesPerSecond).toBeCloseTo(1 / 40, 3);
    clock.seconds += 0.5;
    meter.remind();
    expect(events.at(-1)).toBe(before);
    clock.seconds += 35;
    meter.remind();
    expect(events.at(-1)!.elapsedSeconds).toBeCloseTo(before.elapsedSeconds + 35.5, 3);
    expect(events.at(-1)!.framesPerSecond).toBe(before.framesPerSecond);
  });

  test('counts what comes after the last pixel, to the end', () => {
    let ending = 30;
    const { meter, events, clock } = meterOf(100, { endingSeconds: () => ending });
    meter.flush();
    for (let i = 0; i < 5; i++) {
      clock.seconds += 1;
      meter.add({ outputPixels: 10 });
    }
    expect(events.at(-1)!.secondsLeft).toBeCloseTo(35, 0);
    meter.add({ outputPixels: 50 });
    ending = 12;
    meter.enter('join');
    expect(events.at(-1)).toMatchObject({ stage: 'join', secondsLeft: 12 });
  });

  test('says nothing about the time left before it can know', () => {
    const { meter, events, clock } = meterOf(1000);
    meter.flush();
    clock.seconds += 0.6;
    meter.add({ outputPixels: 10 });
    expect(events.map((event) => event.secondsLeft)).toEqual([null, null]);
  });

  test('does not take what is taken over for speed', () => {
    const { meter, events, clock } = meterOf(10_000);
    meter.flush();
    for (let i = 0; i < 40; i++) {
      clock.seconds += 1;
      meter.add({ outputPixels: 10, reusedPixels: 10, frames: 1 });
    }
    // A scene in which nothing moves, at fifty times the pace: of what is left, as much needs work as so far.
    for (let i = 0; i < 2; i++) {
      clock.seconds += 1;
      meter.add({ outputPixels: 1, reusedPixels: 999, frames: 50 });
    }
    const last = events.at(-1)!;
    expect(last.outputPixelsDone).toBe(2800);
    expect(last.reusedShare).toBeCloseTo((400 + 2 * 999) / 2800, 6);
    const workLeft = 7200 * (402 / 2800);
    expect(last.secondsLeft).toBeGreaterThan((workLeft / 10) * 0.95);
    expect(last.secondsLeft).toBeLessThan((workLeft / 10) * 1.15);
  });

  test('still tells the time left when nothing at all needs work', () => {
    const { meter, events, clock } = meterOf(1000);
    meter.add({ outputPixels: 10 });
    for (let i = 0; i < 50; i++) {
      clock.seconds += 1;
      meter.add({ reusedPixels: 10, frames: 1 });
    }
    expect(events.at(-1)!.secondsLeft).toBeCloseTo(49, 0);
    expect(events.at(-1)!.framesPerSecond).toBeCloseTo(1, 1);
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

function meterOf(outputPixelsTotal: number, options: Partial<MeterOptions> = {}) {
  const clock = { seconds: 100 };
  const events: Progress[] = [];
  const meter = openProgressMeter({
    ...{ input: 'a.png', framesTotal: 100, outputPixelsTotal },
    emit: (event) => events.push(event),
    now: () => clock.seconds,
    ...options,
  });
  return { meter, events, clock };
}

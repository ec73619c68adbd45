import { describe, expect, test } from 'vitest';
import { type Eta, openEta } from '../../src/core/eta.ts';

/** One frame of a simulated job: what it takes, and how much of it is made and taken over. */
interface Step {
  readonly seconds: number;
  readonly made: number;
  readonly reused?: number;
  /** Time that passes before it without work. */
  readonly idle?: number;
}

const FRAME = 1_000_000;
const FRAMES = 4000;

const TRACES: readonly { readonly name: string; readonly step: (index: number) => Step }[] = [
  { name: 'a steady job', step: () => ({ seconds: 0.5, made: FRAME }) },
  { name: 'a noisy job', step: (index) => ({ seconds: 0.5 * (0.6 + 0.8 * noise(index)), made: FRAME }) },
  {
    name: 'a slow start',
    step: (index) => ({ seconds: 0.5 * (1 + 6 * Math.exp(-index / 40)), made: FRAME }),
  },
  {
    name: 'a device that becomes hot after a while, and stays so',
    step: (index) => ({ seconds: (index < 120 ? 0.4 : 0.75) * (0.95 + 0.1 * noise(index)), made: FRAME }),
  },
  {
    name: 'cheap and expensive segments by turns',
    step: (index) => ({ seconds: Math.floor(index / 40) % 2 === 0 ? 0.3 : 0.8, made: FRAME }),
  },
  {
    name: 'pauses',
    step: (index) => ({ seconds: 0.5, made: FRAME, ...(index % 700 === 350 ? { idle: 3600 } : {}) }),
  },
  {
    name: 'a laptop in standby over night',
    step: (index) => ({ seconds: 0.5, made: FRAME, ...(index === 390 ? { idle: 8 * 3600 } : {}) }),
  },
  {
    name: 'a screen recording of which most is taken over',
    step: (index) => {
      // In each group of five frames, one at random is new.
      const isNew = index % 5 === Math.floor(5 * noise(Math.floor(index / 5)));
      const made = isNew ? FRAME : 0.02 * FRAME;
      return { seconds: 0.02 + 0.5 * (made / FRAME), made, reused: FRAME - made };
    },
  },
  {
    name: 'tiles of a second each',
    step: (index) => ({ seconds: 4 * (0.9 + 0.2 * noise(index)), made: FRAME }),
  },
];

describe('openEta', () => {
  test.each(TRACES)('is right to a tenth after a tenth of the work: $name', ({ step }) => {
    expect(worstError(step, 0.1)).toBeLessThan(0.1);
  });

  test('is right to a tenth of what is left, too, where the pace is steady', () => {
    expect(worstError(TRACES[0]!.step, 0.1, 'left')).toBeLessThan(0.01);
  });

  test('follows a device that slows down in the middle, once that has lasted', () => {
    const step = (index: number): Step => ({ seconds: index < FRAMES / 2 ? 0.4 : 0.8, made: FRAME });
    expect(worstError(step, 0.56)).toBeLessThan(0.1);
  });

  test('says nothing before the first second of work, however long the network took to load', () => {
    const eta = openEta();
    eta.observe(600, FRAME, 0);
    eta.observe(600.3, FRAME, 0);
    eta.observe(600.6, FRAME, 0);
    expect(eta.estimate(100 * FRAME)).toBeNull();
    for (let at = 600.9; at < 603; at += 0.3) eta.observe(at, FRAME, 0);
    expect(eta.estimate(100 * FRAME)!.seconds).toBeCloseTo(30, 0);
  });

  test('counts no work of earlier runs as speed, and learns from them how much is taken over', () => {
    const eta = openEta({ madePixels: 1000 * FRAME, reusedPixels: 1000 * FRAME });
    for (let at = 0; at < 40; at += 1) eta.observe(at, FRAME, 0);
    const { seconds } = eta.estimate(2000 * FRAME)!;
    expect(seconds).toBeGreaterThan(950);
    expect(seconds).toBeLessThan(1150);
  });

  test('does not take a scene in which nothing moves for speed', () => {
    const eta = openEta();
    for (let index = 1; index <= 60; index++) eta.observe(index, FRAME, FRAME);
    const before = eta.estimate(1000 * FRAME)!.seconds;
    for (let index = 1; index <= 60; index++) eta.observe(60 + index / 50, 0, 2 * FRAME);
    const after = eta.estimate(1000 * FRAME)!.seconds;
    expect(after).toBeGreaterThan(before * 0.4);
  });

  test('gives a range where the pace is unsteady, and none where it is steady', () => {
    const steady = played((index) => TRACES[0]!.step(index), 800);
    expect(steady.estimate(1000 * FRAME)!.range).toBeNull();
    const unsteady = played((index) => ({ seconds: noise(Math.floor(index / 20)) < 0.7 ? 0.2 : 2, made: FRAME }), 160);
    const { seconds, range } = unsteady.estimate(1000 * FRAME)!;
    expect(range![0]).toBeLessThan(seconds);
    expect(range![1]).toBeGreaterThan(seconds);
  });

  test('tells the time that was no work', () => {
    const eta = played((index) => ({ seconds: 0.5, made: FRAME, ...(index === 100 ? { idle: 3600 } : {}) }), 200);
    expect(eta.idleSeconds).toBeGreaterThan(3599);
    expect(eta.idleSeconds).toBeLessThan(3601);
  });

  test('does not take a slow tile for a pause', () => {
    const eta = played((index) => ({ seconds: index % 10 === 9 ? 11 : 2, made: FRAME }), 200);
    expect(eta.idleSeconds).toBe(0);
  });

  test('a clock that stands still or goes back breaks nothing', () => {
    const eta = openEta();
    for (const at of [10, 10, 9, 11, 12, 13, 5, 14, 15]) eta.observe(at, FRAME, 0);
    expect(eta.estimate(10 * FRAME)!.seconds).toBeGreaterThan(0);
  });

  test('takes back what has to be made again', () => {
    const eta = played(() => ({ seconds: 0.5, made: FRAME }), 100);
    eta.takeBack(50 * FRAME, 0);
    expect(eta.estimate(100 * FRAME)!.seconds).toBeCloseTo(50, 0);
  });
});

/**
 * Largest error of all estimates from this share of the work on, by the active time of the whole or of what is left.
 */
function worstError(step: (index: number) => Step, from: number, of: 'whole' | 'left' = 'whole'): number {
  const steps = Array.from({ length: FRAMES }, (_, index) => step(index));
  const whole = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  const eta = openEta();
  let [at, active, worst] = [0, 0, 0];
  for (const [index, { seconds, made, reused = 0, idle = 0 }] of steps.entries()) {
    at += seconds + idle;
    active += seconds;
    eta.observe(at, made, reused);
    const done = (index + 1) / FRAMES;
    if (done < from || index === FRAMES - 1) continue;
    const estimate = eta.estimate((FRAMES - index - 1) * FRAME)!.seconds;
    const error = Math.abs(estimate - (whole - active)) / (of === 'whole' ? whole : whole - active);
    worst = Math.max(worst, error);
  }
  return worst;
}

function played(step: (index: number) => Step, frames: number): Eta {
  const eta = openEta();
  let at = 0;
  for (let index = 0; index < frames; index++) {
    const { seconds, made, reused = 0, idle = 0 } = step(index);
    at += seconds + idle;
    eta.observe(at, made, reused);
  }
  return eta;
}

/** 0 to 1, the same for the same index: a hash, not a sequence, so that traces are reproducible. */
function noise(index: number): number {
  const mixed = Math.imul((index + 1) ^ 0x9e3779b9, 0x85ebca6b);
  return (Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0) / 2 ** 32;
}

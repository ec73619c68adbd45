import { describe, expect, test } from 'vitest';
import { FlickerMeter } from '../../src/eval/film/flicker.ts';
import { seededRandom } from '../core/model/writers/random-networks.ts';
import { noisyFrames, repeated, SCENE, type Scene } from '../support/noisy-frames.ts';

const SIZE = { width: 64, height: 48 };

/** One channel of each frame. */
function planes(scenes: readonly Scene[], options: Parameters<typeof noisyFrames>[1] = {}): Uint8Array[] {
  return noisyFrames(scenes, options).map(({ data }) => data.filter((_, at) => at % 3 === 0));
}

function flickerOf(sources: readonly Uint8Array[], results: readonly Uint8Array[], enlargement = 1, size = SIZE) {
  const meter = new FlickerMeter(size, enlargement);
  for (const [index, source] of sources.entries()) meter.add(source, results[index]!);
  return meter.finish(sources.length);
}

describe('flicker where the source stands still', () => {
  const still = planes(repeated(12));

  test('of the source itself is 1, of a frozen result 0, of half the noise half, of other noise as much', () => {
    const whole = flickerOf(still, still);
    expect(whole).toMatchObject({ ratio: 1, stillShare: 1 });
    expect(flickerOf(still, still)).toEqual(whole);
    expect(flickerOf(still, Array(12).fill(still[0]))).toMatchObject({ ratio: 0, stillShare: 1 });
    const calmer = planes(repeated(12), { sigma: 2 });
    expect(flickerOf(still, calmer).ratio).toBeCloseTo(0.5, 1);
    const other = planes(repeated(12), { seed: 5 });
    expect(flickerOf(still, other).ratio).toBeCloseTo(1, 1);
  });

  test('is told of each frame that has three before it and three from it on', () => {
    const { source, result } = flickerOf(still, still);
    expect(source.map((value) => value === null)).toEqual([
      ...Array(3).fill(true),
      ...Array(7).fill(false),
      true,
      true,
    ]);
    expect(result).toEqual(source);
    // The mean absolute difference of normal noise is 2 sigma / sqrt(pi).
    for (const value of source.slice(3, 10)) expect(value).toBeCloseTo(4.51, 0);
    const short = flickerOf(still.slice(0, 5), still.slice(0, 5));
    expect(short).toEqual({ source: Array(5).fill(null), result: Array(5).fill(null), ratio: null, stillShare: 0 });
  });

  test('a still source without noise has none to hold it against', () => {
    const silent = planes(repeated(8), { sigma: 0 });
    expect(flickerOf(silent, still.slice(0, 8))).toMatchObject({ ratio: null, stillShare: 1 });
  });
});

describe('what moves does not count', () => {
  test.each<[string, (frame: number) => Scene]>([
    ['a zoom', (frame) => (x, y) => SCENE((x - 32) * (1 + frame / 8) + 32, (y - 24) * (1 + frame / 8) + 24)],
    ['halves that part', (frame) => (x, y) => SCENE(x + (y < 24 ? frame : -frame), y)],
    ['half of the picture fades', (frame) => (x, y) => SCENE(x, y) - (x < 32 ? 4 : -4) * frame],
    ['a cut between any two frames', (frame) => (x, y) => SCENE(x + 7 * (frame % 5), 11 * frame + y)],
  ])('%s', (_, scene) => {
    const frames = planes(
      Array.from({ length: 12 }, (__, frame) => scene(frame)),
      { sigma: 1 },
    );
    expect(flickerOf(frames, frames).stillShare).toBeLessThan(0.1);
  });

  test.each<[string, (frame: number) => Scene]>([
    ['weaves', (frame) => (x, y) => SCENE(x + 0.6 * Math.sin(2 * frame), y + 0.6 * Math.cos(3 * frame))],
    ['pans', (frame) => (x, y) => SCENE(x + frame / 2, y + frame / 3)],
    ['flickers', (frame) => (x, y) => SCENE(x, y) * (1 + 0.03 * Math.sin(3 * frame))],
    ['fades', (frame) => (x, y) => SCENE(x, y) - 2 * frame],
  ])('a picture that %s as a whole is measured in itself', (_, scene) => {
    const scenes = Array.from({ length: 14 }, (__, frame) => scene(frame));
    const size = { width: 192, height: 144 };
    const [loud, calm] = [planes(scenes, { ...size, sigma: 3 }), planes(scenes, { ...size, sigma: 1.5 })];
    const { stillShare, ratio } = flickerOf(loud, calm, 1, size);
    expect(stillShare).toBeGreaterThan(0.25);
    expect(ratio).toBeGreaterThan(0.42);
    expect(ratio).toBeLessThan(0.62);
  });

  test('an object that moves hides only what is around it', () => {
    const scenes = Array.from({ length: 12 }, (_, frame): Scene => {
      return (x, y) => (x >= frame && x < frame + 6 && y >= 8 && y < 16 ? 240 : SCENE(x, y));
    });
    const frames = planes(scenes);
    const { stillShare, ratio } = flickerOf(frames, Array(12).fill(frames[0]));
    expect(stillShare).toBeGreaterThan(0.4);
    expect(stillShare).toBeLessThan(0.85);
    expect(ratio).toBe(0);
  });

  test('blocks are of the source: they grow with the enlargement', () => {
    const scenes = Array.from(
      { length: 8 },
      (_, frame): Scene =>
        (x, y) =>
          x < 8 + frame && y < 8 ? 240 : SCENE(x, y),
    );
    const frames = planes(scenes);
    expect(flickerOf(frames, frames, 4).stillShare).toBeLessThan(flickerOf(frames, frames).stillShare);
  });
});

describe('grain that a codec holds, and changes bit by bit,', () => {
  /** Each frame keeps 0.6 of the grain before. @param sigma of each frame's own */
  const withGrain = (sigma: number, scenes: readonly Scene[]): Uint8Array[] => {
    const random = seededRandom(3);
    const grain = new Float32Array(SIZE.width * SIZE.height);
    const grained = scenes.map((scene): Scene => {
      for (let at = 0; at < grain.length; at++) grain[at] = 0.6 * grain[at]! + sigma * Math.sqrt(3) * random();
      const own = grain.slice();
      return (x, y) => scene(x, y) + own[y * SIZE.width + x]!;
    });
    return planes(grained, { sigma: 0.3 });
  };
  const moving = (scene: (frame: number) => Scene) =>
    withGrain(
      3,
      Array.from({ length: 14 }, (_, at) => scene(at)),
    );

  test('is noise, and a result with half of it flickers half as much', () => {
    const [loud, calm] = [withGrain(3, repeated(14)), withGrain(1.5, repeated(14))];
    const { stillShare, ratio } = flickerOf(loud, calm);
    expect(stillShare).toBeGreaterThan(0.8);
    expect(ratio).toBeGreaterThan(0.45);
    expect(ratio).toBeLessThan(0.55);
  });

  test.each<[string, number, (frame: number) => Scene]>([
    ['a zoom', 0.1, (frame) => (x, y) => SCENE((x - 32) * (1 + frame / 8) + 32, (y - 24) * (1 + frame / 8) + 24)],
    ['halves that part', 0.1, (frame) => (x, y) => SCENE(x + (y < 24 ? frame : -frame), y)],
    // Where the slopes are flat it changes by less than the grain.
    ['halves that part slowly', 0.2, (frame) => (x, y) => SCENE(x + (y < 24 ? 0.25 : -0.25) * frame, y)],
    ['half of the picture fades', 0.1, (frame) => (x, y) => SCENE(x, y) - (x < 32 ? 4 : -4) * frame],
    ['a cut between any two frames', 0.1, (frame) => (x, y) => SCENE(x + 7 * (frame % 5), 11 * frame + y)],
  ])('does not hide what moves: %s', (_, most, scene) => {
    const frames = moving(scene);
    expect(flickerOf(frames, frames).stillShare).toBeLessThan(most);
  });

  test('does not hide an object that moves, nor is all else taken for one', () => {
    const bar = (frame: number): Scene => {
      return (x, y) => SCENE(x, y) + (x >= 2 * frame && x < 2 * frame + 8 && y < 16 ? 60 : 0);
    };
    const frames = moving(bar);
    // What the bar covers, or has just left, is frozen in the result: were it counted, the ratio would be more than 0.
    const result = frames.map((frame, at) => {
      return frame.map((_, pixel) => {
        const [x, y] = [pixel % SIZE.width, Math.floor(pixel / SIZE.width)];
        return y < 16 && x >= 2 * at - 2 && x < 2 * at + 10 ? 100 + 100 * (at % 2) : 100;
      });
    });
    const { stillShare, ratio } = flickerOf(frames, result);
    expect(stillShare).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(0.05);
  });
});

test('slow motion of halves of the picture does not hide in white noise', () => {
  const scenes = Array.from({ length: 14 }, (_, frame): Scene => {
    return (x, y) => SCENE(x + (y < 24 ? 0.4 : -0.4) * frame, y);
  });
  const frames = planes(scenes, { sigma: 4 });
  expect(flickerOf(frames, frames).stillShare).toBeLessThan(0.2);
});

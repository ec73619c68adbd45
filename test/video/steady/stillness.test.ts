import { describe, expect, test } from 'vitest';
import type { Raster } from '../../../src/core/pixels/raster.ts';
import { type LeanWeights, Stillness } from '../../../src/video/steady/stillness.ts';
import { seededRandom } from '../../core/model/writers/random-networks.ts';
import { noisyFrames, repeated, SCENE, type Scene } from '../../support/noisy-frames.ts';

const SIZE = { width: 64, height: 48 };
const COLUMNS = 16;

function weightsOf(frames: readonly Raster[], strength = 1): LeanWeights[] {
  const stillness = new Stillness(SIZE, strength);
  return frames.map((frame) => stillness.next(frame));
}

function meanOf(weights: LeanWeights | undefined): number {
  return weights!.reduce((sum, weight) => sum + weight, 0) / weights!.length;
}

describe('what only jitters', () => {
  test.each([
    [2, 1],
    [4, 1],
    [8, 1],
    [4, 2],
  ] as const)('leans by nearly all that it may: noise of %d levels, %d bytes a sample', (sigma, bytesPerSample) => {
    const weights = weightsOf(noisyFrames(repeated(16), { sigma, bytesPerSample }));
    // Nothing comes before the first, and the noise is known from the third on.
    for (const early of weights.slice(0, 2)) expect(meanOf(early)).toBe(0);
    for (const late of weights.slice(12)) expect(meanOf(late)).toBeGreaterThan(0.9 * 256 * (7 / 8));
    for (const late of weights) expect(Math.max(...late!)).toBeLessThanOrEqual(256 * (7 / 8));
  });

  test('leans by the part that is asked for, and the same each time', () => {
    const frames = noisyFrames(repeated(14));
    const [whole, half] = [weightsOf(frames), weightsOf(frames, 0.5)];
    expect(meanOf(half.at(-1)) / meanOf(whole.at(-1))).toBeCloseTo(0.5, 1);
    expect(weightsOf(frames)).toEqual(whole);
  });

  test('holds what is repeated', () => {
    const [first, second] = noisyFrames(repeated(2));
    const weights = weightsOf([first!, second!, second!, second!, first!]);
    expect(weights.map((one) => one === null)).toEqual([false, false, true, true, false]);
  });
});

describe('what changes does not lean at all', () => {
  const after = (change: (frame: number) => Scene): Scene[] =>
    Array.from({ length: 24 }, (_, frame) => (frame < 12 ? SCENE : change(frame)));

  test.each<[string, number, (frame: number) => Scene]>([
    ['the first frame after a cut', 1, () => (x, y) => SCENE(63 - x, y + 20)],
    ['a fade of two levels a frame', 12, (frame) => (x, y) => SCENE(x, y) - 2 * (frame - 11)],
    ['a pan of one pixel a frame', 12, (frame) => (x, y) => SCENE(x + frame - 11, y)],
  ])('%s', (_, frames, change) => {
    const weights = weightsOf(noisyFrames(after(change)));
    const means = weights.slice(12, 12 + frames).map((one) => meanOf(one) / 256);
    expect(Math.max(...means)).toBeLessThan(0.04);
  });

  test.each([3, 5, 12])(
    'a pan of %d pixels a frame over fine texture, which is never alike for two frames',
    (speed) => {
      const random = seededRandom(6);
      const texture = Float32Array.from({ length: 512 * 48 }, () => 12 * random());
      const pan = Array.from({ length: 12 }, (_, frame): Scene => {
        return (x, y) => 110 + texture[y * 512 + x + speed * frame]! + texture[y * 512 + x + speed * frame + 1]!;
      });
      for (const weights of weightsOf(noisyFrames(pan, { sigma: 1 }))) expect(meanOf(weights)).toBe(0);
    },
  );

  test('a flash: neither the bright frame nor the one after it', () => {
    const flash = Array.from(
      { length: 20 },
      (_, frame): Scene =>
        (x, y) =>
          SCENE(x, y) + (frame === 12 ? 30 : 0),
    );
    const weights = weightsOf(noisyFrames(flash));
    expect(weights.slice(11, 16).map((one) => meanOf(one) > 0)).toEqual([true, false, false, true, true]);
  });

  test.each([
    ['bright', 60],
    ['faint', 16],
  ])('a %s bar that moves over noise, while the rest leans', (_, contrast) => {
    const place = (frame: number) => 3 * frame - 20;
    const bar = (frame: number): Scene => {
      const left = place(frame);
      return (x, y) => SCENE(x, y) + (x >= left && x < left + 8 ? contrast : 0);
    };
    const weights = weightsOf(noisyFrames(Array.from({ length: 24 }, (__, frame) => bar(frame))));
    for (let frame = 14; frame < 24; frame++) {
      const touched = [place(frame - 1), place(frame - 1) + 7, place(frame), place(frame) + 7];
      const columns = new Set(touched.filter((x) => x >= 0 && x < 64).map((x) => Math.floor(x / 4)));
      for (const column of columns) {
        const inside = weights[frame]!.filter((__, cell) => cell % COLUMNS === column);
        expect([frame, column, Math.max(...inside)]).toEqual([frame, column, 0]);
      }
      expect(meanOf(weights[frame])).toBeGreaterThan(0.25 * 256);
    }
  });
});

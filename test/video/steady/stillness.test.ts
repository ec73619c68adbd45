import { describe, expect, test } from 'vitest';
import type { Raster } from '../../../src/core/pixels/raster.ts';
import { type Lean, Stillness } from '../../../src/video/steady/stillness.ts';
import { seededRandom } from '../../core/model/writers/random-networks.ts';
import { noisyFrames, repeated, SCENE, type Scene } from '../../support/noisy-frames.ts';

const SIZE = { width: 64, height: 48 };
const COLUMNS = 16;

const SCALE = 4;

function leansOf(frames: readonly Raster[], strength = 1): Lean[] {
  const stillness = new Stillness(SIZE, SCALE, strength);
  return frames.map((frame) => stillness.next(frame));
}

function weightsOf(frames: readonly Raster[], strength = 1): (Uint8Array | null)[] {
  return leansOf(frames, strength).map((lean) => lean?.weights ?? null);
}

function meanOf(weights: Uint8Array | null | undefined): number {
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
    ['halves that part', 12, (frame) => (x, y) => SCENE(x + (y < 24 ? 1 : -1) * (frame - 11), y)],
    ['half of the picture begins to fade', 2, (frame) => (x, y) => SCENE(x, y) + (x < 32 ? 3 : -3) * (frame - 11)],
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

describe('what moves or changes its light as a whole', () => {
  const size = { width: 192, height: 144 };
  const frames = (scene: (frame: number) => Scene, count = 20) =>
    noisyFrames(
      Array.from({ length: count }, (_, frame) => scene(frame)),
      { ...size, sigma: 3 },
    );
  const leans = (scene: (frame: number) => Scene) => {
    const stillness = new Stillness(size, SCALE, 1);
    return frames(scene).map((frame) => stillness.next(frame)!);
  };
  /** Of the frame that lies so. */
  const where = (lean: NonNullable<Lean>, anchor = { x: 0, y: 0 }) => {
    anchor.x += 4 * lean.position.moved.right;
    anchor.y += 4 * lean.position.moved.down;
    return { x: anchor.x + lean.position.x, y: anchor.y + lean.position.y };
  };
  // Soft, as what passed a lens: a hard edge would lie between pixels.
  const SOFT: Scene = (x, y) => 110 + 30 * Math.sin(x / 5) + 25 * Math.cos(y / 7) + 20 * Math.sin((x + y) / 11);

  test.each<[string, (frame: number) => { x: number; y: number }]>([
    ['weaves', (frame) => ({ x: 0.6 * Math.sin(2 * frame), y: 0.6 * Math.cos(3 * frame) })],
    ['is held by hand', (frame) => ({ x: 3 * Math.sin(frame), y: 2 * Math.sin(1.3 * frame) })],
    ['pans', (frame) => ({ x: 1.25 * frame, y: -0.5 * frame })],
  ])('leans on what it has shown, at its place, to a pixel of the result: a film that %s', (_, path) => {
    const first = path(0);
    const anchor = { x: 0, y: 0 };
    for (const [frame, lean] of leans((at) => (x, y) => SOFT(x - path(at).x, y - path(at).y)).entries()) {
      const found = where(lean, anchor);
      expect(Math.abs(found.x - (path(frame).x - first.x)), `x of ${frame}`).toBeLessThan(1 / SCALE + 0.05);
      expect(Math.abs(found.y - (path(frame).y - first.y)), `y of ${frame}`).toBeLessThan(1 / SCALE + 0.05);
      // Whole pixels of the result.
      expect(lean.position.x * SCALE).toBe(Math.round(lean.position.x * SCALE));
      if (frame >= 8) expect(meanOf(lean.weights)).toBeGreaterThan(0.5 * 256);
    }
  });

  test('a fade and a flicker are followed', () => {
    for (const light of [(frame: number) => -2 * frame, (frame: number) => 4 * Math.sin(2 * frame)]) {
      for (const [frame, { weights, position }] of leans((at) => (x, y) => SOFT(x, y) + light(at)).entries()) {
        if (frame < 8) continue;
        expect(meanOf(weights)).toBeGreaterThan(0.6 * 256);
        const change = (position.gain - 1) * 110 + position.offset;
        expect(Math.abs(change - (light(frame) - light(frame - 1)))).toBeLessThan(0.6);
      }
    }
  });

  test('what goes its own way before it does not lean', () => {
    const bar = (frame: number) => ({ left: 3 * frame + 60, shift: 0.5 * Math.sin(2 * frame) });
    const all = leans((frame) => (x, y) => {
      const { left, shift } = bar(frame);
      return SOFT(x - shift, y) + (x >= left && x < left + 12 && y >= 40 && y < 80 ? 50 : 0);
    });
    for (let frame = 10; frame < 20; frame++) {
      const { left } = bar(frame);
      const columns = new Set(
        [left - 3, left, left + 8, left + 11].map((x) => Math.floor((x - all[frame]!.position.x) / 4)),
      );
      for (const column of columns) {
        for (let row = 11; row < 19; row++) expect(all[frame]!.weights[row * 48 + column]).toBe(0);
      }
      expect(meanOf(all[frame]!.weights)).toBeGreaterThan(0.4 * 256);
    }
  });
});

test('noise in lumps, as of film that was scanned and coded, leans as well', () => {
  const size = { width: 192, height: 144 };
  const random = seededRandom(9);
  const lumpy = Array.from({ length: 24 }, (): Scene => {
    const coarse = Float32Array.from({ length: 26 * 20 }, () => 2.5 * (random() + random()));
    return (x, y) => {
      const [u, v] = [x / 8, y / 8];
      const [column, row] = [Math.floor(u), Math.floor(v)];
      const at = (right: number, down: number) => coarse[(row + down) * 26 + column + right]!;
      const [right, down] = [u - column, v - row];
      const grain =
        (at(0, 0) * (1 - right) + at(1, 0) * right) * (1 - down) + (at(0, 1) * (1 - right) + at(1, 1) * right) * down;
      return SCENE(x, y) + grain;
    };
  });
  const stillness = new Stillness(size, SCALE, 1);
  const leans = noisyFrames(lumpy, { ...size, sigma: 0.7 }).map((frame) => meanOf(stillness.next(frame)!.weights));
  for (const mean of leans.slice(16)) expect(mean).toBeGreaterThan(0.3 * 256);
});
